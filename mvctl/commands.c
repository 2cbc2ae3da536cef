/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include <string.h>

const struct mvctl_command *const mvctl_commands[] = {
	&mvctl_nodes,
	&mvctl_show,
	&mvctl_ping,
	&mvctl_stats,
	&mvctl_pin,
	&mvctl_unpin,
	&mvctl_op,
	&mvctl_graph,
	&mvctl_history,
	&mvctl_ca,
	&mvctl_key,
	&mvctl_explain,
	&mvctl_help,
	&mvctl_version,
	NULL,
};

unsigned mvctl_distance(const char *a, const char *b)
{
	unsigned row[33];
	size_t m = strlen(a), n = strlen(b);

	if (m > 32 || n > 32)
		return 32;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= m; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const struct mvctl_command *mvctl_find_command(const char *name, const char **closest)
{
	unsigned best = 3;

	*closest = NULL;
	for (unsigned i = 0; mvctl_commands[i]; i++) {
		unsigned distance = mvctl_distance(name, mvctl_commands[i]->name);

		if (!distance)
			return mvctl_commands[i];
		if (distance < best) {
			best = distance;
			*closest = mvctl_commands[i]->name;
		}
	}
	return NULL;
}
