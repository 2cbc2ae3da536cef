/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "null/null.h"
#include "subscription.h"

static struct fixture f;

enum { NODE = 1 << MVMP_NODE, DOMAIN = 1 << MVMP_DOMAIN, VCPU = 1 << MVMP_VCPU };

static mvmp_call subscribe(mvmp_session session, uint32_t number, uint32_t interval_ms,
	uint32_t kinds, uint32_t lifetime_s)
{
	Mvmp__Subscribe body = MVMP__SUBSCRIBE__INIT;

	body.subscription = number;
	body.interval_ms = interval_ms;
	body.kinds = kinds;
	body.lifetime_s = lifetime_s;
	return fixture_ask(&f, session, 1, MVMP_VERB_SUBSCRIBE, &body.base, NULL);
}

static unsigned frames_of(mvmp_session session, uint32_t number)
{
	unsigned count = 0;

	for (unsigned i = 0; i < f.frames; i++)
		count += f.frame[i].session == session && f.frame[i].head.subscription == number;
	return count;
}

static void each_subscriber_gets_its_own_interval_and_selection(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	assert_int_equal(fixture_status(&f, subscribe(1, 7, 1000, NODE, 60)), MVMP_OK);
	assert_int_equal(fixture_status(&f, subscribe(2, 7, 250, VCPU, 60)), MVMP_OK);
	fixture_run(&f, 10100);
	assert_in_range(frames_of(1, 7), 10, 11);
	assert_in_range(frames_of(2, 7), 40, 41);
	for (unsigned i = 0; i < f.frames; i++) {
		assert_int_equal(f.frame[i].kinds, f.frame[i].session == 1 ? NODE : VCPU);
		assert_int_equal(f.frame[i].nodes, f.frame[i].session == 1);
		assert_int_equal(f.frame[i].vcpus, f.frame[i].session == 2);
	}
	fixture_end(&f);
}

static void sequences_have_no_gap_and_times_no_drift(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	subscribe(1, 1, 100, NODE, 60);
	fixture_run(&f, 5050);
	assert_true(f.frames >= 50);
	for (unsigned i = 1; i < f.frames; i++) {
		assert_int_equal(f.frame[i].head.sequence, f.frame[i - 1].head.sequence + 1);
		assert_int_equal(f.frame[i].at % (100 * MVMP_NS_PER_MS), 0);
	}
	fixture_end(&f);
}

static void equal_subscriptions_share_one_sample(void **state)
{
	unsigned before;

	fixture_start(&f, &mva_backend_sim, "domains=3");
	subscribe(1, 1, 1000, NODE | VCPU, 60);
	subscribe(2, 5, 1000, NODE | VCPU, 60);
	subscribe(3, 9, 1000, NODE, 60);
	fixture_run(&f, 1000);
	before = f.frames;
	fixture_run(&f, 1000);
	assert_int_equal(f.frames - before, 3);
	assert_int_equal(f.frame[before].number, f.frame[before + 1].number);
	assert_int_equal(f.frame[before].number, f.frame[before + 2].number);
	fixture_end(&f);
}

static void a_pause_of_the_node_is_skipped_not_made_up(void **state)
{
	unsigned before;

	fixture_start(&f, &mva_backend_null, NULL);
	subscribe(1, 1, 100, NODE, 600);
	fixture_run(&f, 1000);
	before = f.frames;
	f.now += 60 * MVMP_NS_PER_S;
	fixture_run(&f, 10);
	assert_int_equal(f.frames, before + 1);
	fixture_end(&f);
}

static void subscriptions_lapse_unless_refreshed(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	subscribe(1, 1, 1000, NODE, 10);
	subscribe(2, 1, 1000, NODE, 10);
	fixture_run(&f, 8000);
	subscribe(2, 1, 1000, NODE, 10);
	fixture_run(&f, 8000);
	assert_in_range(frames_of(1, 1), 9, 11);
	assert_in_range(frames_of(2, 1), 15, 17);
	for (unsigned i = 0, last = 0; i < f.frames; i++) {
		if (f.frame[i].session != 2)
			continue;
		assert_int_equal(
			f.frame[i].head.sequence, ++last); /* the refresh changed nothing */
	}
	fixture_end(&f);
}

static void unsubscribing_and_a_lost_session_end_it(void **state)
{
	Mvmp__Unsubscribe body = MVMP__UNSUBSCRIBE__INIT;

	fixture_start(&f, &mva_backend_null, NULL);
	subscribe(1, 1, 100, NODE, 60);
	subscribe(2, 1, 100, NODE, 60);
	body.subscription = 1;
	fixture_ask(&f, 1, 1, MVMP_VERB_UNSUBSCRIBE, &body.base, NULL);
	mva_agent_session_down(f.agent, 2);
	f.frames = 0;
	fixture_run(&f, 2000);
	assert_int_equal(f.frames, 0);
	fixture_end(&f);
}

static void names_travel_with_the_first_and_then_with_every_sixth_sample(void **state)
{
	unsigned names = 0;

	fixture_start(&f, &mva_backend_null, NULL);
	subscribe(1, 1, 1000, DOMAIN, 60);
	fixture_run(&f, 13000);
	assert_true(f.frame[0].names);
	assert_false(f.frame[1].names);
	assert_true(f.frame[6].names);
	for (unsigned i = 0; i < 12; i++)
		names += f.frame[i].names;
	assert_int_equal(names, 2);
	fixture_end(&f);
}

static void a_large_sample_is_cut_and_paced(void **state)
{
	uint32_t vcpus = 0;
	uint64_t first;

	fixture_start(&f, &mva_backend_sim, "domains=2000,vcpus=2,cpus=64");
	subscribe(1, 1, 10000, VCPU, 60);
	fixture_run(&f, 5000);
	f.frames = 0;
	fixture_run(&f, 9000);
	assert_true(f.frames > 32); /* more than one turn sends */
	first = f.frame[0].at;
	for (unsigned i = 0; i < f.frames; i++) {
		unsigned together = 0;

		vcpus += f.frame[i].vcpus;
		for (unsigned k = 0; k < f.frames; k++)
			together += f.frame[k].at == f.frame[i].at;
		assert_true(together <= 32);
		assert_int_equal(f.frame[i].head.last, i == f.frames - 1);
		assert_true(f.frame[i].at - first < 100 * MVMP_NS_PER_MS);
	}
	assert_int_equal(vcpus, 4000);
	fixture_end(&f);
}

static void limits_are_kept_and_named(void **state)
{
	const struct answered *a;
	mvmp_call call = 0;

	fixture_start(&f, &mva_backend_null, NULL);
	assert_int_equal(fixture_status(&f, subscribe(1, 1, 99, NODE, 60)), MVMP_INVALID);
	assert_int_equal(fixture_status(&f, subscribe(1, 1, 3600001, NODE, 60)), MVMP_INVALID);
	assert_int_equal(fixture_status(&f, subscribe(1, 1, 1000, 0, 60)), MVMP_INVALID);
	for (uint32_t n = 0; n < 17; n++)
		call = subscribe(1, n, 1000, NODE, 60);
	a = fixture_answer(&f, call);
	assert_int_equal(a->err.status, MVMP_BUSY);
	assert_non_null(strstr(a->err.text, "16"));
	fixture_end(&f);
}

static void one_certificate_cannot_take_all_subscriptions_by_many_sessions(void **state)
{
	const struct answered *a;

	fixture_start(&f, &mva_backend_null, NULL);
	for (uint32_t n = 0; n < 64; n++) {
		f.answers = 0;
		assert_int_equal(
			fixture_status(&f, subscribe(1 + n / 16, n, 1000, NODE, 60)), MVMP_OK);
	}
	a = fixture_answer(&f, subscribe(9, 1, 1000, NODE, 60));
	assert_int_equal(a->err.status, MVMP_BUSY);
	assert_string_equal(a->err.text, "certificate 1 has its 64 subscriptions already");
	fixture_end(&f);
}

/* 16 followers at 101 to 116 ms ask for 593 samples in four seconds; 25 ms apart there are 160. */
static void different_intervals_share_samples_that_are_near(void **state)
{
	struct null_script *script;

	fixture_start(&f, &mva_backend_null, NULL);
	script = null_backend_script(mva_agent_backend(f.agent));
	for (uint32_t n = 0; n < 16; n++)
		subscribe(1, n, 101 + n, NODE, 60);
	fixture_run(&f, 4000);
	assert_in_range(f.frames, 550, 620);
	assert_in_range(script->samples, 100, 165);
	for (uint32_t n = 0; n < 16; n++) {
		uint64_t last = 0;

		for (unsigned i = 0; i < f.frames; i++) {
			if (f.frame[i].head.subscription != n)
				continue;
			assert_true(f.frame[i].number > last); /* none twice */
			last = f.frame[i].number;
		}
	}
	fixture_end(&f);
}

static void the_ring_gives_what_was_missed_and_nothing_else(void **state)
{
	Mvmp__RingRead body = MVMP__RING_READ__INIT;
	uint64_t from;
	unsigned backfilled = 0;

	fixture_start(&f, &mva_backend_sim, "domains=3");
	fixture_run(&f, 120000); /* the agent's own samples, every 10 s */
	from = f.now + 1000000 * MVMP_NS_PER_S - 65 * MVMP_NS_PER_S;
	subscribe(1, 4, 60000, VCPU, 600);
	body.subscription = 4;
	body.from_wall_ns = from;
	body.to_wall_ns = from + 60 * MVMP_NS_PER_S;
	assert_int_equal(
		fixture_status(&f, fixture_ask(&f, 1, 1, MVMP_VERB_RING_READ, &body.base, NULL)),
		MVMP_OK);
	fixture_run(&f, 1000);
	for (unsigned i = 0; i < f.frames; i++) {
		if (!f.frame[i].head.backfill)
			continue;
		assert_int_equal(f.frame[i].head.subscription, 4);
		assert_int_equal(f.frame[i].kinds, VCPU);
		assert_int_equal(f.frame[i].head.sequence, backfilled + 1); /* by themselves */
		assert_int_equal(f.frame[i].vcpus, 6);
		assert_in_range(f.frame[i].wall_ns, from, from + 60 * MVMP_NS_PER_S);
		backfilled++;
	}
	assert_int_equal(backfilled, 6); /* 60 s of 10 s */
	body.subscription = 5;
	assert_int_equal(
		fixture_status(&f, fixture_ask(&f, 1, 1, MVMP_VERB_RING_READ, &body.base, NULL)),
		MVMP_NOT_FOUND);
	fixture_end(&f);
}

static void one_domain_can_be_subscribed_alone(void **state)
{
	static const uint8_t uuid[16] = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1};
	ProtobufCBinaryData one = {16, (uint8_t *)uuid};
	Mvmp__Subscribe body = MVMP__SUBSCRIBE__INIT;

	fixture_start(&f, &mva_backend_null, NULL);
	body.subscription = 1;
	body.interval_ms = 1000;
	body.kinds = VCPU;
	body.lifetime_s = 60;
	body.n_domain = 1;
	body.domain = &one;
	fixture_ask(&f, 1, 1, MVMP_VERB_SUBSCRIBE, &body.base, NULL);
	body.subscription = 2;
	one.data = (uint8_t *)"another-domain--";
	fixture_ask(&f, 1, 1, MVMP_VERB_SUBSCRIBE, &body.base, NULL);
	one.len = 15;
	assert_int_equal(
		fixture_status(&f, fixture_ask(&f, 1, 1, MVMP_VERB_SUBSCRIBE, &body.base, NULL)),
		MVMP_INVALID);
	fixture_run(&f, 3000);
	assert_true(f.frames >= 6);
	for (unsigned i = 0; i < f.frames; i++)
		assert_int_equal(f.frame[i].vcpus, f.frame[i].head.subscription == 1);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_subscriber_gets_its_own_interval_and_selection),
		cmocka_unit_test(sequences_have_no_gap_and_times_no_drift),
		cmocka_unit_test(equal_subscriptions_share_one_sample),
		cmocka_unit_test(a_pause_of_the_node_is_skipped_not_made_up),
		cmocka_unit_test(subscriptions_lapse_unless_refreshed),
		cmocka_unit_test(unsubscribing_and_a_lost_session_end_it),
		cmocka_unit_test(names_travel_with_the_first_and_then_with_every_sixth_sample),
		cmocka_unit_test(a_large_sample_is_cut_and_paced),
		cmocka_unit_test(limits_are_kept_and_named),
		cmocka_unit_test(one_certificate_cannot_take_all_subscriptions_by_many_sessions),
		cmocka_unit_test(different_intervals_share_samples_that_are_near),
		cmocka_unit_test(the_ring_gives_what_was_missed_and_nothing_else),
		cmocka_unit_test(one_domain_can_be_subscribed_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
