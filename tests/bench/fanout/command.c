/* SPDX-License-Identifier: Apache-2.0 */
/* A sample of the node, asked of real agents by the client library as mvctl uses it. */
#include "fanout.h"
#include "farm.h"
#include <mvmp.pb-c.h>
#include <mvmp/metric.h>
#include <mvmp/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WARM_ROUNDS = 21, COLD_ROUNDS = 7, PATIENCE_S = 10, AGE_MS = 60000 };

static struct mvmp_identity identity;
static struct mvmp_run *run;

struct round {
	unsigned waiting, failed;
};

/* The farm's keys never change. */
static void take_nothing(void *ctx, const struct mvmp_cluster_news *news)
{
}

static void answer(unsigned nodes, int ready)
{
	struct farm_config config = {.loop = ev_default_loop(0),
		.interface = FANOUT_FAR,
		.machine = "domains=4,cpus=8",
		.nodes = nodes};
	struct farm *farm;
	struct mvmp_error err;

	if (farm_new(&config, &farm, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return;
	}
	if (write(ready, "r", 1) == 1)
		ev_run(config.loop, 0);
}

static int start(unsigned nodes)
{
	struct mvmp_run_config config = {
		.loop = ev_default_loop(0), .identity = &identity, .sessions_max = nodes + 1};
	struct mvmp_pcap_options options = {.interface = FANOUT_NEAR, .sessions = nodes + 1};
	struct mvmp_link *link;
	struct mvmp_error err;

	farm_asker(&identity, "asker", MVMP_ROLE_OPERATOR, NULL);
	if (mvmp_run_new(&config, &run, &err) || mvmp_pcap_open(&options, &link, &err) ||
		mvmp_run_add_link(run, link, NULL, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	mvmp_client_set_cluster(mvmp_run_client(run), &identity, take_nothing, NULL);
	return 0;
}

static void end(void)
{
	if (!run)
		return;
	mvmp_run_free(run);
	mvmp_identity_clear(&identity);
	run = NULL;
}

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct round *round = ctx;

	if (answer->error.status != MVMP_OK && !round->failed++)
		fprintf(stderr, "%s\n", answer->error.text);
	if (!--round->waiting)
		ev_break(ev_default_loop(0), EVBREAK_ALL);
}

static unsigned ask_all(unsigned nodes, uint64_t *ns)
{
	Mvmp__SampleRead read = MVMP__SAMPLE_READ__INIT;
	struct round round = {.waiting = nodes};
	uint8_t body[32], mac[MVMP_MAC_LEN];
	struct mvmp_target target = {.mac = mac, .role = MVMP_ROLE_NODE};
	uint64_t begun = fanout_now(), now = mvmp_now();
	size_t len;

	read.kinds = 1u << MVMP_NODE;
	read.max_age_ms = AGE_MS; /* from the agent's memory */
	len = mvmp__sample_read__pack(&read, body);
	for (unsigned i = 0; i < nodes; i++) {
		farm_mac(mac, i);
		if (!mvmp_client_call(mvmp_run_client(run), &target, MVMP_VERB_SAMPLE_READ, body,
			    len, NULL, now + PATIENCE_S * MVMP_NS_PER_S, on_answer, &round, now,
			    NULL)) {
			round.waiting--;
			round.failed++;
		}
	}
	ev_run(ev_default_loop(0), 0);
	*ns = fanout_now() - begun;
	return round.failed;
}

static unsigned ask_warm(unsigned nodes, uint64_t *ns)
{
	if (!run && (start(nodes) || ask_all(nodes, ns)))
		return nodes;
	return ask_all(nodes, ns);
}

static unsigned ask_cold(unsigned nodes, uint64_t *ns)
{
	end();
	return start(nodes) ? nodes : ask_all(nodes, ns);
}

const struct fanout_way fanout_warm = {
	.name = "warm", .rounds = WARM_ROUNDS, .answer = answer, .ask = ask_warm, .end = end};
const struct fanout_way fanout_cold = {
	.name = "cold", .rounds = COLD_ROUNDS, .answer = answer, .ask = ask_cold, .end = end};
