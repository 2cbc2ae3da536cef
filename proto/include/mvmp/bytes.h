/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_BYTES_H
#define MVMP_BYTES_H

/*
 * Cursors over byte buffers. Every byte that comes from outside is read through
 * struct mvmp_reader, which cannot run past its end: the first short read marks the
 * reader bad, and every read after it yields zeros. Callers check once, at the end.
 *
 * Integers are little-endian on the wire (SPECIFICATION.md, "Conventions").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrows the bytes; they must outlive the reader. */
struct mvmp_reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* Borrows the buffer; `used` never exceeds `size`. */
struct mvmp_writer {
	uint8_t *buf;
	size_t size;
	size_t used;
	bool bad;
};

struct mvmp_reader mvmp_reader(const void *bytes, size_t len);
uint8_t mvmp_get_u8(struct mvmp_reader *r);
uint16_t mvmp_get_u16(struct mvmp_reader *r);
uint32_t mvmp_get_u32(struct mvmp_reader *r);
uint64_t mvmp_get_u64(struct mvmp_reader *r);

/* Base-128 varint as protobuf has it: at most 10 bytes, the tenth at most 1. */
uint64_t mvmp_get_varint(struct mvmp_reader *r);

/* A view of the next `len` bytes, or NULL (and the reader bad) when there are fewer. */
const uint8_t *mvmp_get_view(struct mvmp_reader *r, size_t len);

/* Copies `len` bytes; zeros and a bad reader when there are fewer. */
void mvmp_get_bytes(struct mvmp_reader *r, void *to, size_t len);

struct mvmp_writer mvmp_writer(void *buf, size_t size);
void mvmp_put_u8(struct mvmp_writer *w, uint8_t v);
void mvmp_put_u16(struct mvmp_writer *w, uint16_t v);
void mvmp_put_u32(struct mvmp_writer *w, uint32_t v);
void mvmp_put_u64(struct mvmp_writer *w, uint64_t v);
void mvmp_put_varint(struct mvmp_writer *w, uint64_t v);
void mvmp_put_bytes(struct mvmp_writer *w, const void *from, size_t len);

/* Signed values travel as zigzag varints (protobuf sint64). */
uint64_t mvmp_zigzag(int64_t v);
int64_t mvmp_unzigzag(uint64_t v);

/* Lower-case hex of `len` bytes and a NUL; `to` holds 2 * len + 1 bytes. Returns `to`. */
char *mvmp_hex(char *to, const void *bytes, size_t len);

/* Reads exactly 2 * len hex digits; -EINVAL when the text is anything else. */
int mvmp_unhex(void *to, size_t len, const char *text);

/* "0c:c4:7a:77:f9:af", 18 bytes with the NUL. Returns `to`. */
char *mvmp_mac_text(char to[static 18], const uint8_t mac[static 6]);

/* Accepts 0cc47a77f9af, 0c:c4:7a:77:f9:af and 0c-c4-7a-77-f9-af; else -EINVAL. */
int mvmp_mac_parse(uint8_t mac[static 6], const char *text);

/* 8-4-4-4-12 lower-case text of a UUID, 37 bytes with the NUL. Returns `to`. */
char *mvmp_uuid_text(char to[static 37], const uint8_t uuid[static 16]);

/* Reads the 8-4-4-4-12 form in either case; else -EINVAL. */
int mvmp_uuid_parse(uint8_t uuid[static 16], const char *text);

#endif
