/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MEMFILE_H
#define MEMFILE_H

#include <stddef.h>
#include <stdint.h>

/* Makes the input a file in memory, always the same one, and returns its path. */
const char *memfile(const uint8_t *bytes, size_t len);

#endif
