/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "bench.h"

/* The operator waits 10 s for each answer, as mvctl does. */
static void run_seed(uint64_t seed, uint32_t ppm, unsigned revoked)
{
	struct mvmp_impairment bad = {.loss_ppm = ppm,
		.duplicate_ppm = ppm,
		.reorder_ppm = ppm,
		.corrupt_ppm = ppm / 4,
		.delay_ns = 20000,
		.jitter_ns = 50000,
		.pad = true};
	struct bench bench;
	struct bench_operator *op = &bench.op[0];

	bench_init(&bench, seed);
	mvmp_memswitch_impair(bench.sw, &bad);
	bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, revoked);
	op->give = &bench.delivery;
	bench_ask(&bench, 0, bench.secret, 10);
	bench_run(&bench, op, 300);
	if (op->conclusions != 1 || op->outcome.status)
		fail_msg("seed %llu: %u conclusions, %s", (unsigned long long)seed, op->conclusions,
			op->outcome.text);
	assert_int_equal(bench.deliveries, 1);
	assert_int_equal(bench.check.status, MVMP_OK);
	assert_memory_equal(bench.got_cert, bench.cert, bench.got_cert_len);
	assert_int_equal(bench.got_state_len, bench.delivery.state_len);
	bench_clear(&bench);
}

/* With 10 % of all frames lost, doubled, out of order and some corrupted, a node is enrolled
 * once, and its operator hears so. */
static void ten_percent(void **state)
{
	for (uint64_t seed = 1; seed <= 150; seed++)
		run_seed(seed, 100000, (unsigned)seed * 7);
}

/* The same at 40 %. */
static void forty_percent(void **state)
{
	for (uint64_t seed = 1; seed <= 150; seed++)
		run_seed(1000 + seed, 400000, (unsigned)seed * 3);
}

/* The longest state at 40 %. */
static void long_state(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_seed(2000 + seed, 400000, MVMP_REVOKED_MAX);
}

/* When the segment is cut at any moment, the operator never hears that a node is enrolled which is
 * not, nor that it is not when it is. */
static void cut(void **state)
{
	unsigned told[MVMP_STATUS_COUNT] = {0};

	for (uint64_t seed = 0; seed < 120; seed++) {
		struct bench bench;
		struct bench_operator *op = &bench.op[0];

		bench_init(&bench, 3000 + seed);
		mvmp_memswitch_impair(bench.sw, &(struct mvmp_impairment){.delay_ns = 50000});
		bench_make_delivery(&bench, &(struct mvmp_cert){.serial = 0}, 100);
		op->give = &bench.delivery;
		bench_ask(&bench, 0, bench.secret, 10);
		bench_run(&bench, NULL, (double)seed * 5e-6);
		mvmp_memswitch_partition(bench.link, 1);
		bench_run(&bench, op, 30);
		assert_int_equal(op->conclusions, 1);
		if (op->outcome.status == MVMP_NO_ANSWER)
			assert_int_equal(bench.deliveries, 0);
		if (op->outcome.status == MVMP_OK)
			assert_int_equal(bench.deliveries, 1);
		told[op->outcome.status]++;
		bench_clear(&bench);
	}
	/* 100 µs for the request and for each of three pieces, frames under way when the cut comes
	 * arrive. */
	assert_int_equal(told[MVMP_OK] + told[MVMP_NO_ANSWER] + told[MVMP_OUTCOME_UNKNOWN], 120);
	assert_true(told[MVMP_OK] && told[MVMP_NO_ANSWER] && told[MVMP_OUTCOME_UNKNOWN]);
}

/* Keys that are scheduled need memory; this much of it is there. */
static unsigned left;

static struct mvmp_aead *scarce(const uint8_t key[static MVMP_KEY_LEN])
{
	if (left && !--left)
		return NULL;
	return mvmp_crypto_openssl.aead_new(key);
}

/* Whatever allocation fails, the enrolment goes on by a repetition, or its operator hears that
 * there is no memory; nothing is lost. */
static void no_memory(void **state)
{
	struct mvmp_crypto_ops crypto = mvmp_crypto_openssl;
	unsigned told[MVMP_STATUS_COUNT] = {0};

	crypto.aead_new = scarce;
	for (unsigned n = 1; n <= 12; n++) {
		struct bench bench;
		struct bench_operator *op = &bench.op[0];

		bench_init_with(&bench, n, &crypto);
		op->give = &bench.delivery;
		left = n;
		bench_ask(&bench, 0, bench.secret, 10);
		bench_run(&bench, op, 30);
		assert_int_equal(op->conclusions, 1);
		assert_int_equal(bench.deliveries, op->outcome.status == MVMP_OK);
		told[op->outcome.status]++;
		left = 0;
		bench_clear(&bench);
	}
	/* The first is the operator's first message; all others are made up for. */
	assert_int_equal(told[MVMP_NO_MEMORY], 1);
	assert_int_equal(told[MVMP_OK], 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_percent),
		cmocka_unit_test(forty_percent),
		cmocka_unit_test(long_state),
		cmocka_unit_test(cut),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
