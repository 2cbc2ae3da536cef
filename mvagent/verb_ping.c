/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_private.h"

void mva_verb_ping(struct mva_agent *agent, const struct mvmp_request *request, uint64_t now)
{
	agent->env.answer(
		agent->env.ctx, request->call, NULL, request->body, request->body_len, now);
}
