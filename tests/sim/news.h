/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_NEWS_H
#define SIM_NEWS_H

/* Cluster states and keys that come while a program runs, and the timers around them: what the
 * programs have in proto/run/news.c, where libev runs them. */

#include "member.h"

/* A mvmp_cluster_newer; ctx is the member. */
void sim_news_take(void *ctx, const struct mvmp_cluster_news *news);

void sim_news_start(struct sim_member *member);
uint64_t sim_news_deadline(const struct sim_member *member);
void sim_news_advance(struct sim_member *member);

/* The CA makes a newer state, perhaps with another cluster key, and gives it to an aggregator. */
void sim_news_make(struct sim_stage *stage);

#endif
