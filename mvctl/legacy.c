/* SPDX-License-Identifier: Apache-2.0 */
#include "legacy.h"
#include "options.h"
#include "sampling.h"
#include <mvmp.pb-c.h>
#include <stdlib.h>
#include <string.h>

/*
 * The calls of the clients that exist:
 *   mvctl --mvmac MAC --vcpu-pin -d DOMAIN -v VCPU -c PCPU
 *   mvctl --mvmac MAC --vcpuinfo DOMAIN
 * Their output is read by programs that look for the word "failed", for "all", and for the
 * third word between single blanks. It never changes, and goes to stdout in any case.
 */

bool mvctl_is_legacy(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--vcpu-pin") || !strcmp(argv[i], "--vcpuinfo") ||
			!strncmp(argv[i], "--vcpuinfo=", 11))
			return true;
	}
	return false;
}

struct legacy_words {
	bool pin;
	const char *domain, *vcpu, *cpus, *info;
};

static int failed(struct mvctl *ctl, const char *what, const struct mvmp_error *error)
{
	fprintf(ctl->out, "%s failed: %s\n", what, error->text);
	return mvctl_keep_error(ctl, error, NULL, NULL);
}

static int pin(struct mvctl *ctl, const struct mvctl_node *node, const struct legacy_words *words,
	unsigned long vcpu)
{
	Mvmp__Pin request = MVMP__PIN__INIT;
	char *domain = mvctl_text(words->domain), *cpus = mvctl_text(words->cpus);
	struct mvctl_reply reply = {0};
	uint8_t *body;
	int rc;

	request.domain = domain;
	request.cpus = cpus;
	request.vcpu = (uint32_t)vcpu;
	body = mvctl_alloc(mvmp__pin__get_packed_size(&request), 1);
	rc = mvctl_ask_one(ctl, node, MVMP_ROLE_NODE, MVMP_VERB_PIN, body,
		mvmp__pin__pack(&request, body), &reply);
	if (!rc && reply.error.status != MVMP_OK)
		rc = failed(ctl, "vcpu-pin", &reply.error);
	else if (!rc)
		fprintf(ctl->out, "vcpu %lu %s\n", vcpu, words->cpus);
	mvctl_replies_clear(&reply, 1);
	free(body);
	free(domain);
	free(cpus);
	return rc;
}

void mvctl_print_vcpuinfo(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_records *vcpus = &source->after.kind[MVMP_VCPU];

	for (uint32_t i = 0; i < vcpus->count; i++) {
		const char *list = vcpus->at[i].text[MVMP_VT_AFFINITY];

		if (!strcmp(list, "any") || !*list)
			fprintf(out, "vcpu %u all\n", vcpus->at[i].key.index);
		else
			fprintf(out, "vcpu %u %lu %s\n", vcpus->at[i].key.index,
				strtoul(list, NULL, 10), list);
	}
}

static int info(struct mvctl *ctl, const struct mvctl_nodes *nodes, const char *domain)
{
	struct mvctl_source source = {0};
	struct mvctl_reply reply = {0};
	int rc = mvctl_read_samples(
		ctl, nodes, 1u << MVMP_DOMAIN | 1u << MVMP_VCPU, domain, &source, &reply);

	if (!rc && reply.error.status == MVMP_OK && !source.after.kind[MVMP_VCPU].count)
		mvmp_fail(&reply.error, MVMP_NOT_FOUND, "no domain is called %s on %s", domain,
			reply.name);
	if (!rc && reply.error.status != MVMP_OK)
		rc = failed(ctl, "vcpuinfo", &reply.error);
	else if (!rc)
		mvctl_print_vcpuinfo(ctl->out, &source);
	mvctl_source_clear(&source);
	mvctl_replies_clear(&reply, 1);
	return rc;
}

static int read_words(struct mvctl *ctl, int argc, char **argv, struct legacy_words *words)
{
	static const struct option options[] = {{"vcpu-pin", no_argument, NULL, 'p'},
		{"vcpuinfo", required_argument, NULL, 'I'},
		{"domain", required_argument, NULL, 'd'}, {"vcpu", required_argument, NULL, 'v'},
		{"cpu", required_argument, NULL, 'c'}, {0}};
	int c;

	while ((c = mvctl_getopt(ctl, argc, argv, "d:v:c:", options)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		if (c == 'p')
			words->pin = true;
		else if (c == 'I')
			words->info = optarg;
		else
			*(c == 'd'	   ? &words->domain
				: c == 'v' ? &words->vcpu
					   : &words->cpus) = optarg;
	}
	if (words->pin && (!words->domain || !words->vcpu || !words->cpus))
		return mvctl_usage(ctl, "--vcpu-pin needs -d DOMAIN -v VCPU -c PCPU");
	return 0;
}

int mvctl_run_legacy(struct mvctl *ctl, int argc, char **argv)
{
	struct legacy_words words = {0};
	struct mvctl_nodes nodes;
	unsigned long vcpu = 0;
	int rc = read_words(ctl, argc, argv, &words);

	if (!rc && words.pin && !mvctl_read_number(ctl, "-v", words.vcpu, 0, 4095, &vcpu))
		rc = MVCTL_EXIT_USAGE;
	if (!rc)
		rc = mvctl_select_nodes(ctl, &nodes);
	if (rc) {
		fprintf(ctl->out, "%s failed\n", words.pin ? "vcpu-pin" : "vcpuinfo");
		return rc;
	}
	if (nodes.count > 1)
		rc = mvctl_usage(ctl, "--mvmac names one node");
	else
		rc = words.pin ? pin(ctl, &nodes.node[0], &words, vcpu)
			       : info(ctl, &nodes, words.info);
	mvctl_nodes_clear(&nodes);
	return rc;
}
