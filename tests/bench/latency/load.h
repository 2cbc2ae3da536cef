/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

/* A process on each core that does nothing but compute, at usual priority. */

struct load;

struct load *load_start(void);	   /* NULL when none could be started */
void load_stop(struct load *load); /* NULL is allowed */

#endif
