/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_HISTORY_H
#define MVCTL_HISTORY_H

#include "mvctl.h"
#include <mvmp.pb-c.h>

/* ENTITY METRIC [--from T] [--to T] and what else graph and history have in common. */
struct mvctl_history_words {
	char *entity, *metric; /* of argv */
	const char *file;
	int64_t from_s, to_s;
	unsigned long step_s, width, height;
};

/* Parses the words of `graph` or `history` (argv[0]). 0 or an exit code (reported). */
int mvctl_history_options(
	struct mvctl *ctl, int argc, char **argv, struct mvctl_history_words *ret);

/* What they ask an aggregator for; it borrows the words. */
Mvmp__HistoryRead mvctl_history_request(const struct mvctl_history_words *words);

/* Asks the aggregator. 0 and *ret (the caller frees it with
 * mvmp__history_answer__free_unpacked), or an exit code (reported). */
int mvctl_history_read(
	struct mvctl *ctl, const struct mvctl_history_words *words, Mvmp__HistoryAnswer **ret);

/* "  now 41.2   min 0.1   avg 22.7   max 188.4 Mbit/s at 09:40:20" */
void mvctl_print_summary(FILE *out, double now, double min, double avg, double max,
	const char *unit, uint64_t max_at_s);

/* "09:12:10" today, "2026-11-19T09:12:10" else; local time. Returns `to`. */
char *mvctl_clock_text(char *to, size_t size, uint64_t at_s, uint64_t now_s);

#endif
