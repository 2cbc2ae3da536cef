/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_JOURNAL_PRIVATE_H
#define MVA_JOURNAL_PRIVATE_H

#include "journal.h"
#include <mvmp/bytes.h>

/*
 * A record: u32 length of the payload, 8 bytes of SHA-256 over it, payload. Payloads begin with
 * u8 type and u64 serial, then
 *   FLOOR   u64 ms: ids of this serial with a time up to this one are expired
 *   INTENT  id, digest, u8 verb, u64 wall ns, u8 length and summary
 *   RESULT  id, u8 status, u16 length and text, u16 length and hint, u32 length and body
 */
enum journal_type { JOURNAL_FLOOR = 1, JOURNAL_INTENT = 2, JOURNAL_RESULT = 3 };

enum {
	JOURNAL_HEAD = 12,
	JOURNAL_PAYLOAD_MIN = 17, /* FLOOR */
	JOURNAL_BODY_MAX = 64 * 1024,
	JOURNAL_RECORD_MAX = JOURNAL_HEAD + JOURNAL_BODY_MAX + 1024,
	JOURNAL_FLOORS_MAX = 1024,
};

/* A decoded record; texts and body are views of the bytes it was decoded from. */
struct journal_record {
	enum journal_type type;
	uint64_t serial;
	const uint8_t *operation;
	uint64_t floor_ms;
	struct mva_intent intent; /* INTENT: all of it */
	enum mvmp_status status;
	const uint8_t *text, *hint, *body;
	size_t text_len, hint_len, body_len;
};

/* Appends a record to a writer. */
void journal_put_intent(struct mvmp_writer *w, const struct mva_intent *intent);
void journal_put_result(struct mvmp_writer *w, uint64_t serial, const uint8_t *operation,
	const struct mva_result *result);
void journal_put_floor(struct mvmp_writer *w, uint64_t serial, uint64_t floor_ms);

/* Decodes the record at `bytes`. Its whole length, or 0 when it is torn or not a record. */
size_t journal_get(struct journal_record *record, const uint8_t *bytes, size_t len);

/* Where a record lies; segment 0: not on disk. */
struct journal_place {
	uint32_t segment, offset;
};

struct journal_entry {
	uint8_t operation[MVMP_ID_LEN], digest[MVMP_ID_LEN];
	uint64_t serial;
	struct journal_place intent, result;
	uint64_t wall_ns;
	uint8_t state; /* 0: free slot; else enum mva_journal_state + 1 */
};

/* Open addressing; about half full at most, so that it never grows while the agent serves. */
struct journal_table {
	struct journal_entry *slot;
	uint32_t slots, used;
	uint64_t key[2]; /* of the hash */
};

/* Room for so many entries; -1 without memory. */
int journal_table_init(struct journal_table *table, uint32_t entries);

struct journal_entry *journal_table_find(
	const struct journal_table *table, uint64_t serial, const uint8_t *operation);
/* A new zeroed entry with its key set; NULL without memory. Moves entries. */
struct journal_entry *journal_table_add(
	struct journal_table *table, uint64_t serial, const uint8_t *operation);
/* Removes one, if it is there. Moves entries. */
void journal_table_remove(struct journal_table *table, uint64_t serial, const uint8_t *operation);
/* Removes those for which `drop` says so. */
void journal_table_filter(struct journal_table *table,
	bool (*drop)(void *ctx, const struct journal_entry *entry), void *ctx);

struct journal_floor {
	uint64_t serial, ms;
};

struct journal_pending {
	uint8_t *bytes;
	size_t used, size;
};

struct mva_journal {
	struct mva_disk *disk;
	struct mva_journal_limits limits;
	struct journal_table table;
	struct journal_floor floor[JOURNAL_FLOORS_MAX];
	unsigned floors;
	uint64_t floor_all;	      /* of serials that found no room in the table */
	uint32_t first, last;	      /* segments; last is appended to; first > last: none yet */
	size_t good;		      /* bytes of the last segment that are known to be right */
	bool tail_bad;		      /* what follows them must be cut off */
	bool begin_segment;	      /* the next save begins a new one */
	bool saving, fresh, dropping; /* of the save under way: new segment, oldest one goes */
	size_t header_bytes;
	struct journal_pending pending, in_flight;
	uint8_t *scratch;	   /* JOURNAL_RECORD_MAX */
	char text[256], hint[256]; /* of the result read last */
	uint64_t now_ms;	   /* when it was opened */
	char damage[256];	   /* what mva_journal_damage() tells */
};

char *journal_segment_name(char to[static MVA_FILE_NAME_MAX], uint32_t segment);
uint64_t journal_floor_of(const struct mva_journal *journal, uint64_t serial);
void journal_raise_floor(struct mva_journal *journal, uint64_t serial, uint64_t ms);

/* The caller's clock in an operation id, ms since 1970. */
uint64_t journal_operation_ms(const uint8_t operation[static MVMP_ID_LEN]);

/* Ids whose first bytes are no plausible time cannot raise a floor, or one of them would shut
 * its owner out for good. */
bool journal_plausible(const struct journal_entry *entry);

/* What a segment holds: where the last right record ends; bytes that are none; how many of them
 * follow the last right record, and whether they look like a write that was cut off. */
struct journal_scan {
	size_t good, lost, tail;
	bool torn;
};

/* Takes the right records of a segment, wherever they are. 0 or -ENOMEM. */
int journal_replay_bytes(struct mva_journal *journal, uint32_t segment, const uint8_t *bytes,
	size_t len, struct journal_scan *scan);
/* The caller frees it; NULL: `err` says why. */
uint8_t *journal_read_segment(struct mva_journal *journal, uint32_t segment, size_t size,
	size_t *len, struct mvmp_error *err);

/* Reads all segments; the tail of the last one is cut off where it is torn. */
int journal_replay(struct mva_journal *journal, struct mvmp_error *err);

/* Raises the floor over what a damaged segment may have swallowed, keeps a copy of it as
 * "journal.NNNNNNNN.damaged" and leaves the right records in its place. Where the disk does not
 * let it, the segment stays as it is and is not appended to. */
int journal_repair(struct mva_journal *journal, uint32_t segment, size_t size, bool last,
	struct mvmp_error *err);

#endif
