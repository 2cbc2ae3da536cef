/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "mvmp.pb-c.h"
#include "stats_fixture.h"
#include <mvmp/stats.h>
#include <mvmp/status.h>
#include <mvmp/verb.h>
#include <stdio.h>
#include <string.h>

/* Messages of tests/vectors/frames.txt, made by another program from the specification. */
struct line {
	uint8_t bytes[1024];
	size_t len;
};

static void find(struct line *line, const char *wanted)
{
	FILE *file = fopen(VECTORS "/frames.txt", "r");
	char text[3200], name[32], hex[2100];

	assert_non_null(file);
	line->len = 0;
	while (!line->len && fgets(text, sizeof(text), file)) {
		if (sscanf(text, "%31s %2099s", name, hex) == 2 && !strcmp(name, wanted))
			line->len = strlen(hex) / 2;
	}
	fclose(file);
	assert_int_not_equal(line->len, 0);
	assert_int_equal(mvmp_unhex(line->bytes, line->len, hex), 0);
}

static struct mvmp_record *add(
	struct mvmp_sample *sample, enum mvmp_entity kind, uint8_t domain, uint32_t index)
{
	struct mvmp_record *r = mvmp_sample_add(sample, kind);

	memset(r->key.domain, domain, MVMP_ID_LEN);
	r->key.index = index;
	return r;
}

static void add_vcpu(struct mvmp_sample *sample, uint8_t domain, uint32_t index, uint64_t time)
{
	struct mvmp_record *r = add(sample, MVMP_VCPU, domain, index);

	mvmp_set(r, MVMP_V_TIME, time);
	mvmp_set(r, MVMP_V_PCPU, 2);
	mvmp_set_text(r, MVMP_VT_AFFINITY, "any");
}

/* What the comments in make-frames.py say. */
static void fill(struct mvmp_sample *sample)
{
	struct mvmp_record *r = add(sample, MVMP_NODE, 0, 0);

	sample->number = 9;
	sample->wall_ns = 1500 * MVMP_NS_PER_S;
	sample->mono_ns = 7 * MVMP_NS_PER_S;
	sample->kinds = 1u << MVMP_NODE | 1u << MVMP_VCPU;
	memset(sample->instance, 0x52, MVMP_ID_LEN);
	memset(sample->host_boot, 0x55, MVMP_ID_LEN);
	mvmp_set(r, MVMP_N_PCPUS, 4);
	mvmp_set(r, MVMP_N_MEM_TOTAL, 8ull << 30);
	mvmp_set(r, MVMP_N_TEMP, 45000);
	r->unsupported = 1ull << MVMP_N_ENERGY;
	add_vcpu(sample, 0xd1, 0, 1000);
	add_vcpu(sample, 0xd1, 1, 2000);
	add_vcpu(sample, 0xd2, 0, 3000);
	r = sample->kind[MVMP_VCPU].at;
	mvmp_set(&r[0], MVMP_V_WAIT, 7);
	mvmp_set(&r[2], MVMP_V_WAIT, 9);
	mvmp_set(&r[0], MVMP_V_SWITCHES, 5);
	mvmp_set(&r[1], MVMP_V_SWITCHES, 6);
	r[2].unsupported = 1ull << MVMP_V_SWITCHES;
	r[2].age_ns = 1000000;
	r[2].quality = MVMP_LAST_GOOD;
	r[2].reason = MVMP_REASON_WAITING;
}

/* A stats frame made from the specification's text is unpacked to the sample it was made from, and
 * packing that sample gives the same bytes. */
static void stats(void **state)
{
	struct mvmp_stats_head head = {.subscription = 7, .sequence = 3, .interval_ms = 1000};
	struct mvmp_sample sample = {0}, found = {0};
	struct mvmp_stats_cursor cursor = {.sample = &sample, .kinds = ~0u, .texts = true};
	uint8_t packed[1500];
	struct line line;

	find(&line, "stats_frame");
	fill(&sample);
	assert_int_equal(mvmp_stats_pack(&cursor, &head, packed, sizeof(packed)), line.len);
	assert_memory_equal(packed, line.bytes, line.len);
	memset(&head, 0, sizeof(head));
	assert_int_equal(mvmp_stats_unpack(line.bytes, line.len, &head, &found), 0);
	assert_true(fixture_equal(&sample, &found));
	assert_int_equal(head.subscription, 7);
	assert_int_equal(head.sequence, 3);
	assert_true(head.last);
	mvmp_sample_free(&sample);
	mvmp_sample_free(&found);
}

/* A request made from the specification's text is understood. */
static void request(void **state)
{
	Mvmp__Envelope *envelope;
	Mvmp__Pin *pin;
	struct line line;

	find(&line, "message_request");
	envelope = mvmp__envelope__unpack(NULL, line.len, line.bytes);
	assert_non_null(envelope);
	assert_int_equal(envelope->is_case, MVMP__ENVELOPE__IS_REQUEST);
	assert_int_equal(envelope->request->id, 1);
	assert_int_equal(envelope->request->verb, MVMP_VERB_PIN);
	assert_int_equal(envelope->request->operation.len, MVMP_ID_LEN);
	assert_int_equal(envelope->request->operation.data[15], 0xaf);
	assert_int_equal(envelope->request->deadline_ms, 5000);
	pin = mvmp__pin__unpack(NULL, envelope->request->body.len, envelope->request->body.data);
	assert_non_null(pin);
	assert_string_equal(pin->domain, "web-07");
	assert_int_equal(pin->vcpu, 0);
	assert_string_equal(pin->cpus, "0-3");
	mvmp__pin__free_unpacked(pin, NULL);
	mvmp__envelope__free_unpacked(envelope, NULL);
}

/* An answer made from the specification's text is understood. */
static void answer(void **state)
{
	Mvmp__Envelope *envelope;
	struct line line;

	find(&line, "message_answer");
	envelope = mvmp__envelope__unpack(NULL, line.len, line.bytes);
	assert_non_null(envelope);
	assert_int_equal(envelope->is_case, MVMP__ENVELOPE__IS_ANSWER);
	assert_int_equal(envelope->answer->id, 1);
	assert_int_equal(envelope->answer->status, MVMP_BUSY);
	assert_string_equal(envelope->answer->text, "an operation on web-07 runs");
	mvmp__envelope__free_unpacked(envelope, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stats),
		cmocka_unit_test(request),
		cmocka_unit_test(answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
