/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

void mvs_query_store(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__StoreAnswer answer = MVMP__STORE_ANSWER__INIT;
	const struct mvs_store_config *config;
	struct mvs_store_counters counters;
	struct mvmp_error err;

	if (!core->config.store) {
		mvmp_fail(&err, MVMP_UNSUPPORTED, "this aggregator keeps no history");
		mvs_answer_error(core, request->call, &err, now);
		return;
	}
	mvs_store_counters(core->config.store, &counters);
	config = mvs_store_config(core->config.store);
	answer.directory = (char *)config->directory;
	answer.files = counters.files;
	answer.bytes = counters.bytes;
	answer.updates = counters.updates;
	answer.failures = counters.failures;
	answer.lost_updates = counters.lost;
	answer.degraded = counters.degraded;
	answer.schema = MVS_SCHEMA_VERSION;
	answer.queue = counters.queue;
	answer.step_s = config->step_s;
	if (core->timeline.ahead_ns > 0)
		answer.ahead_ms = (uint64_t)core->timeline.ahead_ns / MVMP_NS_PER_MS;
	answer.moved_aside = counters.aside + counters.damaged;
	mvs_answer(core, request->call, &answer.base, now);
}
