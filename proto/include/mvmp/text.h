/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_TEXT_H
#define MVMP_TEXT_H

/* Bytes, MACs and UUIDs as people write them. */

#include <stddef.h>
#include <stdint.h>

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
