/* SPDX-License-Identifier: Apache-2.0 */
#include "windows.h"
#include "internal.h" /* of proto/session */
#include "stage.h"

enum {
	TABLE_SMALL = 32, /* larger tables of sessions are looked at now and then */
	TABLE_EVERY = 64, /* turns */
};

static void check_session(struct sim_member *m, const struct session *s)
{
	const struct mvmp_outbox *out = &s->outbox;
	uint32_t under_way = out->top - out->base;

	if (under_way > m->stage->under_way)
		m->stage->under_way = under_way;
	if (under_way > MVMP_WINDOW)
		sim_fail(m->stage, "%s has %u fragments under way, the window is %d", m->name,
			under_way, MVMP_WINDOW);
	if ((int32_t)(out->top - out->limit) > 0)
		sim_fail(m->stage, "%s sent fragment %u, its credit ends before %u", m->name,
			out->top - 1, out->limit);
	if (out->end - out->first > MVMP_QUEUE_MESSAGES ||
		(out->bytes > MVMP_QUEUE_BYTES && out->end - out->first > 1))
		sim_fail(m->stage, "%s queues %u messages of %zu bytes", m->name,
			out->end - out->first, out->bytes);
	if (s->inbox.held > MVMP_ASSEMBLY_SESSION)
		sim_fail(m->stage, "%s holds %zu bytes of unfinished messages of a session",
			m->name, s->inbox.held);
}

void sim_check_windows(struct sim_member *m)
{
	const struct mvmp_endpoint *ep = m->node->ep;
	unsigned count = ep->config.sessions_max;

	if (count > TABLE_SMALL && m->turns % TABLE_EVERY)
		return;
	if (ep->held > MVMP_ASSEMBLY_ALL)
		sim_fail(m->stage, "%s holds %zu bytes of unfinished messages", m->name, ep->held);
	for (unsigned i = 0; i < count; i++) {
		if (ep->session[i].state == SESSION_UP)
			check_session(m, &ep->session[i]);
	}
}
