/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "null/null.h"

static struct fixture f;

enum { ALL = (1 << MVMP_ENTITY_COUNT) - 1 };

static mvmp_call read_sample(const Mvmp__SampleRead *body)
{
	return fixture_ask(&f, 1, 1, MVMP_VERB_SAMPLE_READ, &body->base, NULL);
}

static Mvmp__SampleAnswer *sample_of(mvmp_call call)
{
	const struct answered *a = fixture_answer(&f, call);

	assert_non_null(a);
	assert_int_equal(a->err.status, MVMP_OK);
	return mvmp__sample_answer__unpack(NULL, a->len, a->body);
}

static void unpack(struct mvmp_sample *to, size_t n, const ProtobufCBinaryData *frame)
{
	struct mvmp_stats_head head;

	mvmp_sample_reset(to);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(mvmp_stats_unpack(frame[i].data, frame[i].len, &head, to), 0);
}

static void a_reading_brings_what_was_asked_and_nothing_else(void **state)
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample s = {0};
	Mvmp__SampleAnswer *answer;

	fixture_start(&f, &mva_backend_sim, "domains=5,vcpus=3,cpus=16");
	body.kinds = 1 << MVMP_DOMAIN | 1 << MVMP_VCPU;
	body.texts = true;
	answer = sample_of(read_sample(&body));
	unpack(&s, answer->n_frame, answer->frame);
	assert_int_equal(s.kinds, body.kinds);
	assert_int_equal(s.kind[MVMP_DOMAIN].count, 5);
	assert_int_equal(s.kind[MVMP_VCPU].count, 15);
	assert_int_equal(s.kind[MVMP_PCPU].count, 0);
	assert_string_equal(s.kind[MVMP_DOMAIN].at[1].text[MVMP_DT_NAME], "db-02");
	assert_true(s.simulated);
	assert_string_equal(answer->node, "r1-n01");
	assert_true(answer->n_capability > 0);
	mvmp__sample_answer__free_unpacked(answer, NULL);
	mvmp_sample_free(&s);
	fixture_end(&f);
}

static void one_domain_is_found_by_name_or_number(void **state)
{
	static const char *const names[] = {"db-02", "2"};
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample s = {0};

	fixture_start(&f, &mva_backend_sim, "domains=5,vcpus=3");
	body.kinds = 1 << MVMP_VCPU;
	for (unsigned i = 0; i < 2; i++) {
		Mvmp__SampleAnswer *answer;

		body.domain_name = (char *)names[i];
		answer = sample_of(read_sample(&body));
		unpack(&s, answer->n_frame, answer->frame);
		assert_int_equal(s.kind[MVMP_VCPU].count, 3);
		mvmp__sample_answer__free_unpacked(answer, NULL);
	}
	body.domain_name = (char *)"db-99";
	assert_int_equal(fixture_status(&f, read_sample(&body)), MVMP_NOT_FOUND);
	mvmp_sample_free(&s);
	fixture_end(&f);
}

static void the_first_reading_for_rates_waits_for_a_second_sample(void **state)
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample now = {0}, before = {0};
	Mvmp__SampleAnswer *answer;
	mvmp_call call;
	double rate;

	fixture_start(&f, &mva_backend_sim, "cpus=2");
	body.kinds = 1 << MVMP_PCPU;
	body.previous = true;
	call = read_sample(&body);
	assert_null(fixture_answer(&f, call));
	fixture_run(&f, 200);
	answer = sample_of(call);
	unpack(&now, answer->n_frame, answer->frame);
	unpack(&before, answer->n_previous, answer->previous);
	assert_int_equal(now.mono_ns - before.mono_ns, 200 * MVMP_NS_PER_MS);
	assert_true(mvmp_rate(&rate, &before, &before.kind[MVMP_PCPU].at[0], &now,
		&now.kind[MVMP_PCPU].at[0], MVMP_P_IDLE));
	mvmp__sample_answer__free_unpacked(answer, NULL);
	fixture_run(&f, 500);
	call = read_sample(&body);
	assert_non_null(fixture_answer(&f, call)); /* now there are two */
	mvmp_sample_free(&now);
	mvmp_sample_free(&before);
	fixture_end(&f);
}

static void readers_in_a_row_share_a_sample_of_the_age_they_allow(void **state)
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct null_script *script;

	fixture_start(&f, &mva_backend_null, NULL);
	script = null_backend_script(mva_agent_backend(f.agent));
	body.kinds = 1 << MVMP_NODE;
	for (unsigned i = 0; i < 10; i++)
		read_sample(&body);
	assert_int_equal(script->samples, 1);
	f.now += 2 * MVMP_NS_PER_S;
	read_sample(&body);
	assert_int_equal(script->samples, 2);
	f.now += 2 * MVMP_NS_PER_S;
	body.max_age_ms = 5000;
	read_sample(&body);
	assert_int_equal(script->samples, 2);
	script->fail_sample = true;
	body.max_age_ms = 100;
	assert_int_equal(fixture_status(&f, read_sample(&body)), MVMP_FAILED);
	fixture_end(&f);
}

/* A disk is measured every 2 s, samples are taken every 500 ms: the rate is that of the last two
 * measurements, 1000 per second as the null backend counts. */
static void rates_of_what_is_measured_rarely_are_those_of_its_last_two_measurements(void **state)
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample now = {0}, before = {0};
	double rate;

	fixture_start(&f, &mva_backend_null, NULL);
	null_backend_script(mva_agent_backend(f.agent))->vbd_every_ms = 2000;
	body.kinds = 1 << MVMP_VBD;
	body.previous = true;
	body.max_age_ms = 100;
	for (unsigned i = 0; i < 20; i++) {
		mvmp_call call = read_sample(&body);
		Mvmp__SampleAnswer *answer;

		fixture_run(&f, 500);
		answer = sample_of(call);
		unpack(&now, answer->n_frame, answer->frame);
		unpack(&before, answer->n_previous, answer->previous);
		mvmp__sample_answer__free_unpacked(answer, NULL);
		if (i < 6) /* two measurements must have been */
			continue;
		assert_true(mvmp_rate(&rate, &before, &before.kind[MVMP_VBD].at[0], &now,
			&now.kind[MVMP_VBD].at[0], MVMP_B_RD_REQS));
		assert_float_equal(rate, 1000, 0.01);
	}
	mvmp_sample_free(&now);
	mvmp_sample_free(&before);
	fixture_end(&f);
}

static void a_sample_too_large_for_one_answer_is_refused_with_advice(void **state)
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	const struct answered *a;

	fixture_start(&f, &mva_backend_sim, "domains=4096,vcpus=8,vifs=8,vbds=8");
	body.kinds = ALL;
	body.texts = true;
	a = fixture_answer(&f, read_sample(&body));
	assert_int_equal(a->err.status, MVMP_TOO_LARGE);
	assert_non_null(strstr(a->err.hint, "domain"));
	fixture_end(&f);
}

static Mvmp__PerfAnswer *read_perf(uint64_t serial, const char *name)
{
	Mvmp__PerfRead body = MVMP__PERF_READ__INIT;
	const struct answered *a;

	body.name = (char *)name;
	a = fixture_answer(&f, fixture_ask(&f, 1, serial, MVMP_VERB_PERF_READ, &body.base, NULL));
	assert_non_null(a);
	return a->err.status ? NULL : mvmp__perf_answer__unpack(NULL, a->len, a->body);
}

static void a_reset_changes_the_view_of_who_asked_only(void **state)
{
	Mvmp__PerfReset reset = MVMP__PERF_RESET__INIT;
	Mvmp__PerfAnswer *mine, *others;
	const struct answered *a;

	/* "ticks" grows by 10 and 20 with each look at it; the reset looks twice. */
	fixture_start(&f, &mva_backend_null, NULL);
	mvmp__perf_answer__free_unpacked(read_perf(5, ""), NULL);
	a = fixture_answer(&f, fixture_ask(&f, 1, 5, MVMP_VERB_PERF_RESET, &reset.base, NULL));
	assert_int_equal(a->err.status, MVMP_OK);
	mine = read_perf(5, "");
	others = read_perf(6, "");
	assert_int_equal(mine->n_counter, 2);
	assert_int_equal(mine->counter[0]->total, 30); /* 4 looks - 3 */
	assert_int_equal(mine->counter[0]->value[0], 10);
	assert_int_equal(mine->counter[0]->value[1], 20);
	assert_int_equal(mine->counter[1]->total, 7); /* a level stays */
	assert_int_equal(mine->reset_ns, f.now);
	assert_int_equal(others->counter[0]->total, 150);
	assert_int_equal(others->reset_ns, 0);
	assert_int_equal(mine->n_cpu, 2);
	mvmp__perf_answer__free_unpacked(mine, NULL);
	mvmp__perf_answer__free_unpacked(others, NULL);
	fixture_end(&f);
}

static void one_counter_is_read_by_name_and_unknown_ones_are_named(void **state)
{
	Mvmp__PerfAnswer *answer;

	fixture_start(&f, &mva_backend_null, NULL);
	answer = read_perf(1, "things in use");
	assert_int_equal(answer->n_counter, 1);
	assert_int_equal(answer->counter[0]->total, 7);
	assert_true(answer->counter[0]->level);
	mvmp__perf_answer__free_unpacked(answer, NULL);
	assert_null(read_perf(1, "tocks"));
	assert_int_equal(f.answer[f.answers - 1].err.status, MVMP_NOT_FOUND);
	assert_non_null(strstr(f.answer[f.answers - 1].err.text, "tocks"));
	fixture_end(&f);
}

static void many_who_reset_do_not_grow_the_table(void **state)
{
	Mvmp__PerfReset reset = MVMP__PERF_RESET__INIT;
	Mvmp__PerfAnswer *answer;

	fixture_start(&f, &mva_backend_null, NULL);
	for (uint64_t serial = 1; serial <= 40; serial++) {
		f.now += MVMP_NS_PER_MS;
		f.answers = 0;
		fixture_ask(&f, 1, serial, MVMP_VERB_PERF_RESET, &reset.base, NULL);
	}
	answer = read_perf(8, ""); /* pushed out by the 40th */
	assert_int_equal(answer->reset_ns, 0);
	mvmp__perf_answer__free_unpacked(answer, NULL);
	answer = read_perf(9, "");
	assert_int_not_equal(answer->reset_ns, 0);
	mvmp__perf_answer__free_unpacked(answer, NULL);
	fixture_end(&f);
}

static void refusals_are_audited_at_a_bounded_rate(void **state)
{
	const struct mvmp_cert eve = {.serial = 9, .name = "eve"};
	Mvmp__AuditRead body = MVMP__AUDIT_READ__INIT;
	Mvmp__AuditAnswer *audit;
	const struct answered *a;
	struct mvmp_error why;

	fixture_start(&f, &mva_backend_null, NULL);
	mvmp_fail(&why, MVMP_NOT_ALLOWED, "certificate 9 (eve) has role observer");
	for (unsigned i = 0; i < 500; i++)
		mva_agent_refused(f.agent, &eve, mvmp_verb_info(MVMP_VERB_PIN), &why, f.now);
	mva_agent_refused(f.agent, &eve, mvmp_verb_info(MVMP_VERB_PING), &why, f.now);
	body.newest = 1000;
	a = fixture_answer(&f, fixture_ask(&f, 1, 1, MVMP_VERB_AUDIT_READ, &body.base, NULL));
	audit = mvmp__audit_answer__unpack(NULL, a->len, a->body);
	assert_int_equal(audit->n_entry, 20);
	assert_string_equal(audit->entry[0]->who, "eve");
	assert_string_equal(audit->entry[0]->result, "not-allowed");
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_end(&f);
}

static void malformed_bodies_are_refused_by_every_verb(void **state)
{
	static const enum mvmp_verb verbs[] = {MVMP_VERB_SAMPLE_READ, MVMP_VERB_SUBSCRIBE,
		MVMP_VERB_UNSUBSCRIBE, MVMP_VERB_RING_READ, MVMP_VERB_PERF_READ,
		MVMP_VERB_PERF_RESET, MVMP_VERB_AUDIT_READ, MVMP_VERB_OPERATION_READ,
		MVMP_VERB_PIN};
	static const uint8_t bad[] = {0x0a, 0xff, 0xff, 0xff, 0x7f, 0x41};
	static const uint8_t id[MVMP_ID_LEN] = {1};
	struct mvmp_cert caller = {.serial = 1, .name = "ada"};

	fixture_start(&f, &mva_backend_null, NULL);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		struct mvmp_request request = {.call = ++f.call,
			.session = 1,
			.verb = mvmp_verb_info(verbs[i]),
			.caller = &caller,
			.operation = id,
			.deadline_ms = 1000,
			.body = bad,
			.body_len = sizeof bad};

		mva_agent_request(f.agent, &request, f.now);
		assert_int_equal(fixture_status(&f, request.call), MVMP_INVALID);
	}
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_brings_what_was_asked_and_nothing_else),
		cmocka_unit_test(one_domain_is_found_by_name_or_number),
		cmocka_unit_test(the_first_reading_for_rates_waits_for_a_second_sample),
		cmocka_unit_test(readers_in_a_row_share_a_sample_of_the_age_they_allow),
		cmocka_unit_test(
			rates_of_what_is_measured_rarely_are_those_of_its_last_two_measurements),
		cmocka_unit_test(a_sample_too_large_for_one_answer_is_refused_with_advice),
		cmocka_unit_test(a_reset_changes_the_view_of_who_asked_only),
		cmocka_unit_test(one_counter_is_read_by_name_and_unknown_ones_are_named),
		cmocka_unit_test(many_who_reset_do_not_grow_the_table),
		cmocka_unit_test(refusals_are_audited_at_a_bounded_rate),
		cmocka_unit_test(malformed_bodies_are_refused_by_every_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
