/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include "request.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Serials to revoke, found so far. */
struct choice {
	const struct mvctl_ca *ca;
	uint64_t now;
	uint64_t *serial;
	unsigned count;
};

static bool chosen(const struct choice *choice, uint64_t serial)
{
	for (unsigned i = 0; i < choice->count; i++) {
		if (choice->serial[i] == serial)
			return true;
	}
	return false;
}

static bool matches(const struct mvmp_cert *cert, const char *word)
{
	char serial[24];

	snprintf(serial, sizeof serial, "%llu", (unsigned long long)cert->serial);
	return !strcmp(serial, word) || !strcmp(cert->name, word);
}

/* Adds what a word names. A certificate that is not valid any more needs nothing. */
static int choose(struct choice *choice, const char *word, struct mvmp_error *err)
{
	const struct mvctl_ca *ca = choice->ca;
	bool found = false;

	for (unsigned i = 0; i < ca->count; i++) {
		const struct mvmp_cert *cert = &ca->issued[i];
		const char *state = mvctl_ca_state(&ca->cluster, cert, choice->now);

		if (!matches(cert, word))
			continue;
		found = true;
		if (strcmp(state, "revoked") != 0 && strcmp(state, "expired") != 0 &&
			!chosen(choice, cert->serial))
			choice->serial[choice->count++] = cert->serial;
	}
	if (found)
		return 0;
	mvmp_fail(err, MVMP_NOT_FOUND,
		"no certificate in %s has serial or name %s; nothing was "
		"changed",
		ca->directory, word);
	return mvmp_hint(err, "%u are issued, see: mvctl ca show %s", ca->count, ca->directory);
}

static const struct mvmp_cert *find(const struct mvctl_ca *ca, uint64_t serial)
{
	const struct mvmp_cert *cert = ca->issued;

	while (cert->serial != serial)
		cert++;
	return cert;
}

static void print_revoked(struct mvctl *ctl, const struct choice *choice, uint64_t before)
{
	const struct mvctl_ca *ca = choice->ca;
	char text[256];

	for (unsigned i = 0; i < choice->count; i++) {
		const struct mvmp_cert *cert = find(ca, choice->serial[i]);

		if (mvctl_wants_json(ctl))
			mvctl_add_item(
				ctl, json_pack("{s:I, s:s, s:I}", "serial",
					     (json_int_t)cert->serial, "name", cert->name,
					     "state_number", (json_int_t)ca->cluster.number));
		else
			fprintf(ctl->out, "revoked certificate %llu: %s, %s\n",
				(unsigned long long)cert->serial, cert->name,
				mvctl_member_text(text, cert));
	}
	mvctl_note(ctl, "cluster state %llu -> %llu; to make it known: mvctl cluster publish %s",
		(unsigned long long)before, (unsigned long long)ca->cluster.number, ca->directory);
}

static int revoke(struct mvctl *ctl, struct mvctl_ca *ca, char **words, struct mvmp_error *err)
{
	struct choice choice = {.ca = ca, .now = (uint64_t)time(NULL)};
	uint64_t before = ca->cluster.number;
	int ret = 0;

	choice.serial = mvctl_alloc(ca->count, sizeof *choice.serial);
	for (; *words && !ret; words++)
		ret = choose(&choice, *words, err);
	if (!ret && !choice.count)
		mvctl_note(ctl, "nothing to do: expired or revoked already, cluster state %llu",
			(unsigned long long)before);
	if (!ret && choice.count)
		ret = mvctl_ca_revoke(ca, choice.serial, choice.count, choice.now, err);
	if (!ret && choice.count)
		print_revoked(ctl, &choice, before);
	free(choice.serial);
	return ret;
}

int mvctl_ca_revoke_command(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{0}};
	struct mvmp_error err;
	struct mvctl_ca ca;
	int ret;

	if (mvctl_getopt(ctl, argc, argv, "", options) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind < 2)
		return mvctl_usage(ctl, "usage: mvctl ca revoke DIR SERIAL|NAME...");
	ret = mvctl_ca_open(&ca, argv[optind], &err);
	if (!ret)
		ret = revoke(ctl, &ca, argv + optind + 1, &err);
	mvctl_ca_close(&ca);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}
