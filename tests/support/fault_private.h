/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_PRIVATE_H
#define TESTS_FAULT_PRIVATE_H

#include "fault.h"

/* Whether writes write half before they fail. */
bool fault_halfway(void);

/* "function file:line" of an address; valid until the next call. */
const char *fault_symbol(void *pc);

/* As malloc() of that caller. */
void *fault_malloc_for(size_t size, void *caller);

/* Declares both names of a call that the linker sends here. */
#define WRAPPED(type, name, ...)                                                                   \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

#endif
