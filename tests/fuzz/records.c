/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <inbox.h>
#include <outbox.h>
#include <stdlib.h>

static void pop_all(struct mvmp_inbox *in)
{
	uint8_t *bytes;

	while (mvmp_inbox_pop(in, &bytes))
		free(bytes);
}

/* Authentic records of a hostile member against both halves of a channel that has sent
 * something: never more memory than the bound. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t text[20000];
	struct mvmp_endpoint_counters counters = {0};
	struct mvmp_pool pool = {0};
	struct mvmp_rtt rtt = {0};
	size_t held = 0;
	struct mvmp_inbox in = {.held_all = &held};
	struct mvmp_outbox out;
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mvmp_frame_record record;
	uint8_t frame[1400];

	mvmp_outbox_init(&out, &pool, &rtt, &counters);
	mvmp_outbox_push(&out, text, sizeof(text));
	for (uint64_t now = 1000000; mvmp_record_next(&r, &record); now += 1000000) {
		struct mvmp_writer w = mvmp_writer(frame, sizeof(frame));
		struct mvmp_fragment fragment;
		struct mvmp_ack ack;
		bool direct;

		mvmp_inbox_put_ack(&in, &w, now);
		mvmp_outbox_fill(&out, &w, now);
		mvmp_outbox_expire(&out, now);
		if (mvmp_record_fragment(record.body, &fragment))
			mvmp_inbox_take(&in, &fragment, now, &direct);
		if (mvmp_record_ack(record.body, &ack))
			mvmp_outbox_ack(&out, &ack, now);
		pop_all(&in);
		if (held > MVMP_ASSEMBLY_SESSION + MVMP_MESSAGE_MAX)
			abort();
	}
	mvmp_inbox_clear(&in);
	mvmp_outbox_clear(&out);
	mvmp_pool_clear(&pool);
	if (held)
		abort();
	return 0;
}
