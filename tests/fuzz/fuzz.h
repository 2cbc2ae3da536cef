/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls; returns 0, aborts when a property does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
