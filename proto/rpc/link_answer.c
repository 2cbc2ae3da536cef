/* SPDX-License-Identifier: Apache-2.0 */
#include "mvmp.pb-c.h"
#include <errno.h>
#include <mvmp/link_answer.h>
#include <stdlib.h>

enum { COUNTERS = 20 };

struct parts {
	Mvmp__LinkAnswer message;
	Mvmp__LinkAnswer__Counter counter[COUNTERS], *counters[COUNTERS];
	Mvmp__LinkAnswer__Counter drop[MVMP_VERDICT_COUNT], *drops[MVMP_VERDICT_COUNT];
	Mvmp__LinkAnswer__Link link[MVMP_LINKS_MAX], *links[MVMP_LINKS_MAX];
};

static void add(Mvmp__LinkAnswer__Counter *items, Mvmp__LinkAnswer__Counter **list, size_t *count,
	const char *name, uint64_t value)
{
	Mvmp__LinkAnswer__Counter *to = &items[*count];

	mvmp__link_answer__counter__init(to);
	to->name = (char *)name;
	to->value = value;
	list[(*count)++] = to;
}

static void add_counters(struct parts *p, const struct mvmp_endpoint_counters *c)
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
		{"handshakes_by_ticket", c->handshakes_by_ticket},
		{"cookies_sent", c->cookies_sent},
		{"rekeys", c->rekeys},
		{"fragments_sent", c->fragments_sent},
		{"retransmissions", c->retransmissions},
		{"spurious_retransmissions", c->spurious_retransmissions},
		{"beacons_sent", c->beacons_sent},
		{"probes_answered", c->probes_answered},
		{"probes_ignored", c->probes_ignored},
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		add(p->counter, p->counters, &p->message.n_counters, row[i].name, row[i].value);
	for (unsigned v = MVMP_ACCEPTED + 1; v < MVMP_VERDICT_COUNT; v++) {
		if (c->drops.count[v])
			add(p->drop, p->drops, &p->message.n_drops, mvmp_verdict_name(v),
				c->drops.count[v]);
	}
}

static void add_link(struct parts *p, const struct mvmp_link *link)
{
	Mvmp__LinkAnswer__Link *to = &p->link[p->message.n_links];

	mvmp__link_answer__link__init(to);
	to->name = (char *)link->name;
	to->mac = (ProtobufCBinaryData){MVMP_MAC_LEN, (uint8_t *)link->mac};
	to->mtu = link->mtu;
	to->sent = link->sent;
	to->received = link->received;
	to->send_errors = link->send_errors;
	to->receive_drops = link->receive_drops;
	to->session_drops = link->ring_drops.session;
	to->stranger_drops = link->ring_drops.stranger;
	to->stats_drops = link->ring_drops.stats;
	p->links[p->message.n_links++] = to;
}

int mvmp_link_answer(const struct mvmp_link_report *report, uint8_t **ret)
{
	struct parts p;
	size_t len;

	mvmp__link_answer__init(&p.message);
	p.message.counters = p.counters;
	p.message.drops = p.drops;
	p.message.links = p.links;
	for (unsigned i = 0; report->link_at && i < MVMP_LINKS_MAX; i++) {
		const struct mvmp_link *link = report->link_at(report->ctx, i);

		if (link)
			add_link(&p, link);
	}
	add_counters(&p, mvmp_endpoint_counters(report->endpoint));
	p.message.sessions = report->sessions;
	p.message.uptime_ns = report->uptime_ns;
	p.message.stats_received = report->stats_received;
	p.message.stats_lost = report->stats_lost;
	p.message.version = (char *)MVMP_VERSION_TEXT;
	len = mvmp__link_answer__get_packed_size(&p.message);
	*ret = malloc(len + 1);
	if (!*ret)
		return -ENOMEM;
	return (int)mvmp__link_answer__pack(&p.message, *ret);
}
