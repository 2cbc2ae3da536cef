/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"
#include "mvctl.h"
#include <stdlib.h>
#include <string.h>

static struct mvctl_change *find_change(
	struct mvctl_changes *changes, const char *object, const char *now)
{
	struct mvctl_change *change;

	for (unsigned i = 0; i < changes->count; i++) {
		change = &changes->change[i];
		if (!strcmp(change->object, object) && !strcmp(change->now, now))
			return change;
	}
	changes->change =
		mvctl_grow(changes->change, changes->count + 1, sizeof changes->change[0]);
	change = &changes->change[changes->count++];
	*change = (struct mvctl_change){.object = mvctl_text(object), .now = mvctl_text(now)};
	return change;
}

static void count_was(struct mvctl_change *change, const char *was)
{
	for (unsigned i = 0; i < change->kinds; i++) {
		if (!strcmp(change->was[i].value, was)) {
			change->was[i].nodes++;
			return;
		}
	}
	change->was = mvctl_grow(change->was, change->kinds + 1, sizeof change->was[0]);
	change->was[change->kinds++] = (struct mvctl_was){mvctl_text(was), 1};
}

void mvctl_changes_add(struct mvctl_changes *changes, const char *node, const char *object,
	const char *was, const char *now)
{
	struct mvctl_change *change = find_change(changes, object, now);

	mvctl_names_add(&change->nodes, node);
	count_was(change, was);
}

void mvctl_changes_print(FILE *out, const struct mvctl_changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct mvctl_change *change = &changes->change[i];
		char *nodes = mvctl_nodeset_fold(&change->nodes);

		fprintf(out, "%s  %s  %s   %u node%s   was", nodes, change->object, change->now,
			change->nodes.count, change->nodes.count == 1 ? "" : "s");
		for (unsigned w = 0; w < change->kinds; w++)
			fprintf(out, "%s %s %u", w ? "," : "", change->was[w].value,
				change->was[w].nodes);
		fputc('\n', out);
		free(nodes);
	}
}

void mvctl_changes_clear(struct mvctl_changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		struct mvctl_change *change = &changes->change[i];

		for (unsigned w = 0; w < change->kinds; w++)
			free(change->was[w].value);
		free(change->was);
		free(change->object);
		free(change->now);
		mvctl_names_clear(&change->nodes);
	}
	free(changes->change);
	*changes = (struct mvctl_changes){0};
}
