/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_WISH_H
#define MVA_WISH_H

/*
 * Wishes: what was pinned and is to stay so; applied again to a domain that appears anew. Kept in
 * "wishes.json" and, what changed since, in "wishes.log", one JSON object a line. The log is folded
 * into the file when it has grown; the file is replaced only when the new one is on the disk.
 */

#include "cpuset.h"
#include "disk.h"

enum { MVA_WISHES_MAX = 4096 };

struct mva_wish {
	uint64_t number; /* never given twice */
	uint8_t uuid[MVMP_ID_LEN];
	char name[MVMP_TEXT_LEN]; /* of the domain, when it was wished */
	uint32_t vcpu;
	bool emulator;
	struct mva_cpuset cpus;
	char who[MVMP_NAME_MAX + 1];
	uint64_t serial, wall_ns;
	/* not kept: */
	uint32_t incarnation; /* of the domain it was applied to last */
	bool applied, present;
	bool seen; /* in a sample, so that the incarnation is known */
};

struct mva_wishes {
	struct mva_wish *at;
	unsigned count, capacity;
	uint64_t next; /* number */
	/* of the files: */
	char *pending; /* lines for the log */
	size_t used, size, in_flight;
	size_t log_bytes, file_bytes, whole_bytes;
	bool saving, whole;   /* a save is under way, of the whole file */
	bool rewrite, unsure; /* the next save writes the file; cuts the log's end first */
	struct {
		char *bytes;
		size_t len;
	} evidence[2]; /* of damage */
	char damage[160];
};

/* Reads the files; missing ones are no error, and of damaged ones what is right is taken.
 * MVMP_IO, MVMP_NO_MEMORY. */
int mva_wishes_load(struct mva_wishes *wishes, struct mva_disk *disk, struct mvmp_error *err);
/* One sentence about damage found by loading, or NULL. */
const char *mva_wishes_damage(const struct mva_wishes *wishes);
void mva_wishes_clear(struct mva_wishes *wishes);

/* Keeps or replaces the wish for this vCPU (or the emulator); its number, 0 when there is no
 * room. */
uint64_t mva_wishes_keep(struct mva_wishes *wishes, const struct mva_wish *wish);
/* Makes room for so many more wishes. 0 or -ENOMEM. */
int mva_wishes_reserve(struct mva_wishes *wishes, unsigned more);
/* Forgets it, if there is one. */
void mva_wishes_forget(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN],
	uint32_t vcpu, bool emulator);

bool mva_wishes_dirty(const struct mva_wishes *wishes);
void mva_wishes_save(struct mva_wishes *wishes, struct mva_batch *batch);
void mva_wishes_saved(struct mva_wishes *wishes, int rc);

/* "web-07 vCPU 0 pin"; returns `to`. */
char *mva_wish_object(char *to, size_t size, const struct mva_wish *wish);

#endif
