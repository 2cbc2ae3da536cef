/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

/*
 * Who holds how much. The linker sends the allocations of the programs' code through here
 * (--wrap); what is allocated belongs to the owner whose turn it is, until it is freed. What
 * libcrypto allocates (key schedules) is not seen.
 */

#include <stddef.h>

enum { SIM_OWNERS_MAX = 1 << 16 };

/* Whose turn it is; 0 is nobody's: the test's own memory. Returns whose it was. */
unsigned sim_memory_enter(unsigned owner);

/* Bytes held now, and at most since the last sim_memory_reset(). */
size_t sim_memory_held(unsigned owner);
size_t sim_memory_peak(unsigned owner);
void sim_memory_reset(void);

#endif
