/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_COST_H
#define SIM_COST_H

/* Prints what the protocol costs for each node when there are as many as the arguments say (10,
 * 100, 1000 without any). Returns the program's exit status. */
int sim_cost_table(int counts, char **count);

#endif
