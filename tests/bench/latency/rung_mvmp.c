/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A warm command as the programs send it: client library, session, reliable channel, libpcap
 * and libev at both ends, answered by a handler that echoes (the verb `ping`).
 */
#include "../../support/authority.h"
#include "rung.h"
#include <mvmp.pb-c.h>
#include <mvmp/run.h>
#include <stdio.h>

/* What is left of RUNG_BYTES for the payload does not matter to the path; this makes request
 * and answer frames of about that size. */
enum { PAYLOAD = 120 };

struct echoer {
	struct mvmp_run *run;
	struct rung_channel *told;
};

struct asker {
	struct ev_loop *loop;
	struct mvmp_run *run;
	struct mvmp_addr node;
	struct rung_times *times;
	size_t done;
	uint64_t started;
	uint8_t body[PAYLOAD + 8];
	size_t body_len;
	bool warm, failed;
};

static void member(struct mvmp_identity *identity, const char *interface, bool node)
{
	struct test_authority authority;
	struct test_member as = {.name = node ? "far" : "near",
		.roles = node ? MVMP_ROLE_NODE : MVMP_ROLE_OPERATOR,
		.macs = 1,
		.not_before = 1,
		.not_after = UINT32_MAX,
		.serial = node ? 1 : 2};
	struct mvmp_pcap_options options = {.interface = interface};
	struct mvmp_link *link;

	if (!mvmp_pcap_open(&options, &link, NULL)) {
		memcpy(as.mac[0], link->mac, MVMP_MAC_LEN);
		mvmp_link_close(link);
	}
	test_authority_init(&authority, 1);
	test_authority_member(&authority, identity, &as);
}

struct mvmp_run *rung_member(struct mvmp_identity *identity, const char *interface, bool node)
{
	struct mvmp_run_config config = {
		.loop = ev_default_loop(0), .identity = identity, .answer_probes = node};
	struct mvmp_pcap_options options = {.interface = interface, .listen_strangers = node};
	struct mvmp_link *link;
	struct mvmp_run *run;
	struct mvmp_error err;

	member(identity, interface, node);
	if (mvmp_run_new(&config, &run, &err) || mvmp_pcap_open(&options, &link, &err) ||
		mvmp_run_add_link(run, link, NULL, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return NULL;
	}
	return run;
}

void rung_note(struct mvmp_run *run, struct rung_channel *told)
{
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(mvmp_run_endpoint(run));

	*told = (struct rung_channel){
		c->fragments_sent, c->retransmissions, c->spurious_retransmissions};
}

static void echo(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct echoer *echoer = ctx;

	mvmp_server_answer(mvmp_run_server(echoer->run), request->call, NULL, request->body,
		request->body_len, now);
	rung_note(echoer->run, echoer->told);
}

static void answer(struct rung_channel *told)
{
	static struct mvmp_identity identity;
	struct echoer echoer = {.run = rung_member(&identity, RUNG_FAR, true), .told = told};

	if (!echoer.run || mvmp_run_serve(echoer.run, MVMP_ROLE_NODE, echo, &echoer))
		return;
	ev_run(ev_default_loop(0), 0);
}

static void next(struct asker *asker);

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct asker *asker = ctx;

	if (answer->error.status != MVMP_OK) {
		fprintf(stderr, "%s\n", answer->error.text);
		asker->failed = true;
		ev_break(asker->loop, EVBREAK_ALL);
		return;
	}
	if (asker->warm)
		asker->times->ns[asker->done++] = rung_now() - asker->started;
	if (!asker->warm) /* the first call found the node and shook hands */
		rung_begin(asker->times);
	asker->warm = true;
	if (asker->done == asker->times->count)
		ev_break(asker->loop, EVBREAK_ALL);
	else
		next(asker);
}

static void next(struct asker *asker)
{
	struct mvmp_target target = {.text = "far", .role = MVMP_ROLE_NODE};
	uint64_t now = mvmp_now();

	asker->started = rung_now();
	mvmp_client_call(mvmp_run_client(asker->run), &target, MVMP_VERB_PING, asker->body,
		asker->body_len, NULL, now + 5 * MVMP_NS_PER_S, on_answer, asker, now, NULL);
}

int rung_ask_member(struct rung_times *times)
{
	static struct mvmp_identity identity;
	uint8_t payload[PAYLOAD] = {0};
	Mvmp__Ping ping = MVMP__PING__INIT;
	struct asker asker = {.loop = ev_default_loop(0), .times = times};

	ping.payload.data = payload;
	ping.payload.len = sizeof payload;
	asker.body_len = mvmp__ping__pack(&ping, asker.body);
	asker.run = rung_member(&identity, RUNG_NEAR, false);
	if (!asker.run)
		return -1;
	next(&asker);
	ev_run(asker.loop, 0);
	rung_note(asker.run, &times->near);
	mvmp_run_free(asker.run);
	mvmp_identity_clear(&identity);
	ev_loop_destroy(asker.loop); /* a far end that is forked later must not share it */
	return asker.failed ? -1 : 0;
}

const struct rung rung_mvmp = {"mvmp", "MVMP warm command", answer, rung_ask_member};
