/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "backend.h"
#include "cpuset.h"
#include <stdlib.h>
#include <string.h>

static uint64_t clock_ns;

static uint64_t now(void *ctx)
{
	return clock_ns;
}

static struct mva_backend *open_sim(const char *options)
{
	struct mva_backend_env env = {
		.mono_ns = now, .wall_ns = now, .node = "sim-01", .options = options};
	struct mva_backend *backend = NULL;
	struct mvmp_error err;

	clock_ns = 1000 * MVMP_NS_PER_S;
	assert_int_equal(mva_backend_sim.open(&env, &backend, &err), 0);
	return backend;
}

static void take(struct mva_backend *backend, struct mvmp_sample *sample)
{
	mvmp_sample_reset(sample);
	assert_int_equal(backend->ops->sample(backend, (1u << MVMP_ENTITY_COUNT) - 1, sample), 0);
}

static void busy_and_idle_time_add_up_to_the_time_that_passed(void **state)
{
	struct mva_backend *backend = open_sim("cpus=4,numa=2,domains=10");
	struct mvmp_sample s = {0};

	for (unsigned step = 1; step <= 50; step++) {
		clock_ns += 137 * MVMP_NS_PER_MS;
		take(backend, &s);
		assert_int_equal(s.kind[MVMP_PCPU].count, 4);
		for (unsigned cpu = 0; cpu < 4; cpu++) {
			const uint64_t *v = s.kind[MVMP_PCPU].at[cpu].value;

			assert_int_equal(v[MVMP_P_BUSY] + v[MVMP_P_IDLE] + v[MVMP_P_IOWAIT],
				step * 137 * MVMP_NS_PER_MS);
			assert_int_equal(
				v[MVMP_P_USER] + v[MVMP_P_SYSTEM] + v[MVMP_P_IRQ], v[MVMP_P_BUSY]);
		}
	}
	mvmp_sample_free(&s);
	mva_backend_sim.close(backend);
}

static void guests_run_no_longer_than_the_cpus_have_time(void **state)
{
	struct mva_backend *backend = open_sim("cpus=2,numa=1,domains=20,vcpus=4");
	struct mvmp_sample s = {0};
	uint64_t ran = 0;

	clock_ns += 60 * MVMP_NS_PER_S;
	take(backend, &s);
	assert_int_equal(s.kind[MVMP_VCPU].count, 80);
	for (unsigned i = 0; i < 80; i++) {
		const struct mvmp_record *r = &s.kind[MVMP_VCPU].at[i];

		assert_true(r->value[MVMP_V_TIME] <= 60 * MVMP_NS_PER_S);
		ran += r->value[MVMP_V_TIME];
	}
	assert_true(ran > 60 * MVMP_NS_PER_S); /* eighty vCPUs do keep two pCPUs busy */
	assert_true(ran <= 2 * 60 * MVMP_NS_PER_S);
	mvmp_sample_free(&s);
	mva_backend_sim.close(backend);
}

static void counters_never_go_back(void **state)
{
	struct mva_backend *backend = open_sim("cpus=4,domains=12,vifs=2,vbds=2");
	struct mvmp_sample a = {0}, b = {0};

	take(backend, &a);
	for (unsigned step = 0; step < 100; step++) {
		clock_ns += (step * 71 + 1) * MVMP_NS_PER_MS;
		take(backend, &b);
		for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
			for (unsigned i = 0; i < a.kind[kind].count; i++) {
				for (unsigned m = 0; m < mvmp_entities[kind].metrics; m++) {
					if (mvmp_entities[kind].metric[m].type != MVMP_COUNTER)
						continue;
					assert_true(b.kind[kind].at[i].value[m] >=
						    a.kind[kind].at[i].value[m]);
				}
			}
		}
		assert_int_equal(mvmp_sample_copy(&a, &b), 0);
	}
	mvmp_sample_free(&a);
	mvmp_sample_free(&b);
	mva_backend_sim.close(backend);
}

static void looking_more_often_changes_nothing(void **state)
{
	struct mva_backend *backend = open_sim("seed=7");
	struct mvmp_sample often = {0}, once = {0};

	for (unsigned i = 0; i < 100; i++) {
		clock_ns += 33 * MVMP_NS_PER_MS;
		take(backend, &often);
	}
	mva_backend_sim.close(backend);
	backend = open_sim("seed=7");
	clock_ns += 3300 * MVMP_NS_PER_MS;
	take(backend, &once);
	assert_int_equal(once.kind[MVMP_VIF].count, 8);
	assert_memory_equal(
		once.kind[MVMP_VIF].at, often.kind[MVMP_VIF].at, 8 * sizeof(struct mvmp_record));
	assert_memory_equal(
		once.kind[MVMP_VCPU].at, often.kind[MVMP_VCPU].at, 16 * sizeof(struct mvmp_record));
	mvmp_sample_free(&often);
	mvmp_sample_free(&once);
	mva_backend_sim.close(backend);
}

static struct mvmp_error pin_error;
static struct mva_pin_result pin_result;

static void pinned(void *ctx, const struct mvmp_error *err, const struct mva_pin_result *result)
{
	pin_error = *err;
	pin_result = *result;
}

static void pin(struct mva_backend *backend, const char *domain, unsigned vcpu, const char *cpus)
{
	struct mva_pin how = {.vcpu = vcpu, .any = !cpus};

	strcpy(how.domain, domain);
	if (cpus)
		assert_int_equal(mva_cpuset_parse(&how.cpus, cpus, NULL), 0);
	pin_error.status = MVMP_STATUS_COUNT;
	backend->ops->pin(backend, &how, pinned, NULL);
}

static void a_pinned_vcpu_runs_nowhere_else(void **state)
{
	struct mva_backend *backend = open_sim("cpus=8");
	struct mvmp_sample s = {0};
	char text[32];

	pin(backend, "web-01", 1, "4-5");
	assert_int_equal(pin_error.status, MVMP_OK);
	assert_string_equal(mva_cpuset_text(text, sizeof text, &pin_result.before), "0-7");
	assert_string_equal(mva_cpuset_text(text, sizeof text, &pin_result.after), "4-5");
	for (unsigned step = 0; step < 200; step++) {
		uint64_t at;

		take(backend, &s);
		at = s.kind[MVMP_VCPU].at[1].value[MVMP_V_PCPU];
		assert_true(at == 4 || at == 5);
		assert_string_equal(s.kind[MVMP_VCPU].at[1].text[MVMP_VT_AFFINITY], "4-5");
		clock_ns += 250 * MVMP_NS_PER_MS;
	}
	pin(backend, "1", 1, NULL);
	take(backend, &s);
	assert_string_equal(s.kind[MVMP_VCPU].at[1].text[MVMP_VT_AFFINITY], "any");
	mvmp_sample_free(&s);
	mva_backend_sim.close(backend);
}

static void vcpus_on_one_cpu_share_it_and_wait(void **state)
{
	struct mva_backend *backend = open_sim("cpus=4,domains=6,vcpus=2");
	uint64_t ran = 0, waited = 0, busy;
	struct mvmp_sample s = {0};
	char id[4] = "0";

	for (unsigned d = 1; d <= 6; d++) {
		id[0] = (char)('0' + d);
		pin(backend, id, 0, "2");
		pin(backend, id, 1, "2");
	}
	clock_ns += 20 * MVMP_NS_PER_S;
	take(backend, &s);
	for (unsigned i = 0; i < 12; i++) {
		ran += s.kind[MVMP_VCPU].at[i].value[MVMP_V_TIME];
		waited += s.kind[MVMP_VCPU].at[i].value[MVMP_V_WAIT];
	}
	busy = s.kind[MVMP_PCPU].at[2].value[MVMP_P_BUSY];
	assert_true(ran <= busy && busy <= 20 * MVMP_NS_PER_S);
	assert_true(waited > MVMP_NS_PER_S);
	mvmp_sample_free(&s);
	mva_backend_sim.close(backend);
}

static void impossible_pins_are_refused_by_name(void **state)
{
	struct mva_backend *backend = open_sim("cpus=8");

	pin(backend, "web-99", 0, "1");
	assert_int_equal(pin_error.status, MVMP_NOT_FOUND);
	assert_non_null(strstr(pin_error.text, "web-99"));
	pin(backend, "web-01", 9, "1");
	assert_int_equal(pin_error.status, MVMP_INVALID);
	pin(backend, "web-01", 0, "97");
	assert_int_equal(pin_error.status, MVMP_INVALID);
	assert_non_null(strstr(pin_error.text, "97"));
	mva_backend_sim.close(backend);
}

static void perf_arrays_sum_to_the_same_totals(void **state)
{
	struct mva_backend *backend = open_sim("cpus=4");
	uint64_t total[200] = {0};
	struct mva_perf perf;
	unsigned moved = 0;

	clock_ns += 100 * MVMP_NS_PER_S;
	assert_int_equal(backend->ops->perf(backend, NULL, false, &perf, NULL), 0);
	assert_int_equal(perf.counters, 154); /* Xen 4.13 has 154 */
	assert_int_equal(perf.now_ns, 100 * MVMP_NS_PER_S);
	for (unsigned i = 0; i < perf.counters; i++)
		total[i] = perf.counter[i].total;
	assert_int_equal(backend->ops->perf(backend, NULL, true, &perf, NULL), 0);
	for (unsigned i = 0; i < perf.counters; i++) {
		assert_int_equal(perf.counter[i].total, total[i]);
		moved += total[i] > 0;
	}
	assert_string_equal(perf.counter[0].name, "exceptions");
	assert_int_equal(perf.counter[0].values, 32);
	assert_true(moved > 20);
	mva_backend_sim.close(backend);
}

static void everything_says_that_it_is_simulated(void **state)
{
	struct mva_backend *backend = open_sim(NULL);
	struct mvmp_sample s = {0};

	take(backend, &s);
	assert_true(s.simulated);
	assert_true(backend->ops->simulated);
	mvmp_sample_free(&s);
	mva_backend_sim.close(backend);
}

static void wrong_options_are_named(void **state)
{
	static const char *const bad[] = {"cpus=0", "cpus=9999", "domains=x", "colour=red", "cpus",
		"cpus=2,numa=4", "seed=", "vcpus=-1"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct mva_backend_env env = {.mono_ns = now, .wall_ns = now, .options = bad[i]};
		struct mva_backend *backend = NULL;
		struct mvmp_error err;

		assert_int_equal(mva_backend_sim.open(&env, &backend, &err), -MVMP_INVALID);
		assert_null(backend);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_and_idle_time_add_up_to_the_time_that_passed),
		cmocka_unit_test(guests_run_no_longer_than_the_cpus_have_time),
		cmocka_unit_test(counters_never_go_back),
		cmocka_unit_test(looking_more_often_changes_nothing),
		cmocka_unit_test(a_pinned_vcpu_runs_nowhere_else),
		cmocka_unit_test(vcpus_on_one_cpu_share_it_and_wait),
		cmocka_unit_test(impossible_pins_are_refused_by_name),
		cmocka_unit_test(perf_arrays_sum_to_the_same_totals),
		cmocka_unit_test(everything_says_that_it_is_simulated),
		cmocka_unit_test(wrong_options_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
