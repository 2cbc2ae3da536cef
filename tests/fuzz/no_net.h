/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NO_NET_H
#define NO_NET_H

/* In place of mvctl's net.c, ask.c and discover.c: one node and one aggregator are there, and what
 * they answer is taken from the input. */

#include <net.h>

/* Answers to come, one after the other: 16 bits of length, a status, the body. When they are used
 * up nobody answers. */
void no_net_answers(const uint8_t *bytes, size_t len);

#endif
