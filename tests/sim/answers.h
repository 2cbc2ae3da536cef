/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ANSWERS_H
#define SIM_ANSWERS_H

/* Lets so many nodes (1000 without an argument) answer one PROBE, prints how they did. Returns the
 * program's exit status: 0 where all were found within a second, each by one BEACON. */
int sim_answers(int counts, char **count);

#endif
