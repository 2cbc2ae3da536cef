/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include <string.h>

/* PING and LINK_READ: what every member answers. */

enum { COUNTERS = 16 };

void mvs_query_ping(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	mvmp_server_answer(
		core->config.server, request->call, NULL, request->body, request->body_len, now);
}

static void add_counter(Mvmp__LinkAnswer__Counter *item, Mvmp__LinkAnswer__Counter **list,
	size_t *n, const char *name, uint64_t value)
{
	mvmp__link_answer__counter__init(&item[*n]);
	item[*n].name = (char *)name;
	item[*n].value = value;
	list[*n] = &item[*n];
	(*n)++;
}

static void add_endpoint(Mvmp__LinkAnswer *answer, Mvmp__LinkAnswer__Counter *item,
	const struct mvmp_endpoint_counters *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} row[] = {
		{"control_in", c->frames_in[MVMP_CONTROL]},
		{"control_out", c->frames_out[MVMP_CONTROL]},
		{"stats_in", c->frames_in[MVMP_STATS]},
		{"stats_out", c->frames_out[MVMP_STATS]},
		{"send_failures", c->send_failures},
		{"sessions_up", c->sessions_up},
		{"handshakes_started", c->handshakes_started},
		{"handshakes_answered", c->handshakes_answered},
		{"rekeys", c->rekeys},
		{"retransmissions", c->retransmissions},
		{"spurious_retransmissions", c->spurious_retransmissions},
		{"beacons_sent", c->beacons_sent},
		{"probes_answered", c->probes_answered},
		{"probes_ignored", c->probes_ignored},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		add_counter(item, answer->counters, &answer->n_counters, row[i].name, row[i].value);
}

static void add_drops(
	Mvmp__LinkAnswer *answer, Mvmp__LinkAnswer__Counter *item, const struct mvmp_drops *drops)
{
	for (unsigned v = 1; v < MVMP_VERDICT_COUNT; v++) {
		if (drops->count[v])
			add_counter(item, answer->drops, &answer->n_drops, mvmp_verdict_name(v),
				drops->count[v]);
	}
}

static void fill_link(Mvmp__LinkAnswer__Link *to, const struct mvmp_link *link)
{
	mvmp__link_answer__link__init(to);
	to->name = (char *)link->name;
	to->mac.data = (uint8_t *)link->mac;
	to->mac.len = MVMP_MAC_LEN;
	to->mtu = link->mtu;
	to->sent = link->sent;
	to->received = link->received;
	to->send_errors = link->send_errors;
	to->receive_drops = link->receive_drops;
}

void mvs_query_link(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__LinkAnswer__Counter counter[COUNTERS], *counters[COUNTERS];
	Mvmp__LinkAnswer__Counter drop[MVMP_VERDICT_COUNT], *drops[MVMP_VERDICT_COUNT];
	Mvmp__LinkAnswer__Link link[MVMP_LINKS_MAX], *links[MVMP_LINKS_MAX];
	Mvmp__LinkAnswer answer = MVMP__LINK_ANSWER__INIT;
	const struct mvmp_link *open;
	struct mvs_node *node;

	answer.counters = counters;
	answer.drops = drops;
	answer.links = links;
	for (unsigned i = 0; core->config.link_at && i < MVMP_LINKS_MAX; i++) {
		open = core->config.link_at(core->config.ctx, i);
		if (!open)
			continue;
		fill_link(&link[answer.n_links], open);
		links[answer.n_links] = &link[answer.n_links];
		answer.n_links++;
	}
	add_endpoint(&answer, counter, mvmp_endpoint_counters(core->config.endpoint));
	add_drops(&answer, drop, &mvmp_endpoint_counters(core->config.endpoint)->drops);
	LIST_FOREACH(node, &core->nodes, link)
	{
		answer.stats_lost += node->live.lost;
		answer.stats_received += node->live.received;
		answer.sessions += node->session != 0;
	}
	answer.uptime_ns = now - core->began_ns;
	answer.version = (char *)MVMP_VERSION_TEXT;
	mvs_answer(core, request->call, &answer.base, now);
}
