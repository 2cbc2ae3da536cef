/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include <mvmp/link_answer.h>
#include <stdlib.h>

/* PING and LINK_READ: what every member answers. */

void mvs_query_ping(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	mvmp_server_answer(
		core->config.server, request->call, NULL, request->body, request->body_len, now);
}

void mvs_query_link(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	struct mvmp_link_report report = {
		.endpoint = core->config.endpoint,
		.link_at = core->config.link_at,
		.ctx = core->config.ctx,
		.uptime_ns = now - core->began_ns,
	};
	struct mvmp_error err;
	struct mvs_node *node;
	uint8_t *body;
	int len;

	LIST_FOREACH (node, &core->nodes, link) {
		report.stats_lost += node->live.lost;
		report.stats_received += node->live.received;
		report.sessions += node->session != 0;
	}
	len = mvmp_link_answer(&report, &body);
	if (len < 0) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "no memory for the answer");
		mvs_answer_error(core, request->call, &err, now);
		return;
	}
	mvmp_server_answer(core->config.server, request->call, NULL, body, (size_t)len, now);
	free(body);
}
