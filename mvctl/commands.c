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
	&mvctl_cluster,
	&mvctl_key,
	&mvctl_enrol,
	&mvctl_explain,
	&mvctl_help,
	&mvctl_version,
	NULL,
};

enum { DISTANCE_MAX = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned mvctl_distance(const char *a, const char *b)
{
	unsigned row[3][DISTANCE_MAX + 1]; /* of i - 2, i - 1 and i */
	size_t m = strlen(a), n = strlen(b);

	if (m > DISTANCE_MAX || n > DISTANCE_MAX)
		return DISTANCE_MAX;
	for (unsigned j = 0; j <= n; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= m; i++) {
		unsigned *at = row[i % 3], *up = row[(i + 2) % 3], *above = row[(i + 1) % 3];

		at[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			at[j] = least(
				least(up[j], at[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				at[j] = least(at[j], above[j - 2] + 1);
		}
	}
	return row[m % 3][n];
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
