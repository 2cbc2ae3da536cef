/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CLEAN_TEXT_H
#define MVMP_CLEAN_TEXT_H

#include <stddef.h>

/* Copies text that came from another member into `size` bytes: cut to fit, padded with NULs,
 * control characters (NUL too) and broken UTF-8 replaced by '?'. `to` may be `from`. */
void mvmp_clean_text(char *to, size_t size, const void *from, size_t len);

#endif
