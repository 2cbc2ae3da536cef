/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mvmp/sample.h>
#include <stdio.h>
#include <string.h>

/* Every metric's name is a legal RRD data source name and stands once in its kind. */
static void metric_names_are_data_source_names(void **state)
{
	for (int kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		const struct mvmp_entity_info *info = &mvmp_entities[kind];

		assert_in_range(info->metrics, 1, MVMP_METRICS_MAX);
		for (unsigned i = 0; i < info->metrics; i++) {
			const char *name = info->metric[i].name;

			assert_in_range(strlen(name), 1, 19);
			assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				strlen(name));
			assert_int_equal(mvmp_metric_find(kind, name), i);
		}
	}
}

/* A suffix of a metric's name that looks like a unit is the metric's unit. */
static void metric_suffixes_tell_the_unit(void **state)
{
	static const struct {
		const char *suffix;
		enum mvmp_unit unit;
	} table[] = {{"_bytes", MVMP_UNIT_BYTES}, {"_ns", MVMP_UNIT_NS}, {"_khz", MVMP_UNIT_KHZ},
		{"_ppm", MVMP_UNIT_PPM}, {"_uj", MVMP_UNIT_UJ}, {"_mc", MVMP_UNIT_MILLIDEG},
		{"_milli", MVMP_UNIT_MILLI}, {"_sectors", MVMP_UNIT_SECTORS}};

	for (int kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		for (unsigned i = 0; i < mvmp_entities[kind].metrics; i++) {
			const struct mvmp_metric *m = &mvmp_entities[kind].metric[i];

			for (unsigned s = 0; s < sizeof table / sizeof *table; s++) {
				size_t n = strlen(m->name), k = strlen(table[s].suffix);

				if (n > k && !strcmp(m->name + n - k, table[s].suffix))
					assert_int_equal(m->unit, table[s].unit);
			}
		}
	}
}

/* Column numbers are part of the wire: these never move. */
static void columns_do_not_move(void **state)
{
	assert_int_equal(mvmp_metric_find(MVMP_NODE, "pcpus"), 0);
	assert_int_equal(mvmp_metric_find(MVMP_NODE, "swap_out_pages"), 38);
	assert_int_equal(mvmp_metric_find(MVMP_VIF, "tx_drops"), 7);
	assert_int_equal(mvmp_metric_find(MVMP_VBD, "physical_bytes"), 14);
	assert_int_equal(mvmp_metric_find(MVMP_VBD, "nonsense"), -1);
}

/* Kinds are found by singular and by plural name. */
static void kinds_are_found_by_both_names(void **state)
{
	assert_int_equal(mvmp_entity_find("pcpu"), MVMP_PCPU);
	assert_int_equal(mvmp_entity_find("cpus"), MVMP_PCPU);
	assert_int_equal(mvmp_entity_find("vbds"), MVMP_VBD);
	assert_int_equal(mvmp_entity_find("disk"), -1);
	assert_string_equal(mvmp_domain_state_name(MVMP_STATE_PAUSED), "paused");
	assert_string_equal(mvmp_domain_state_name(99), "unknown");
}

/* Records are zeroed, found by key, and their memory is kept over a reset. */
static void records_are_added_and_reused(void **state)
{
	struct mvmp_sample sample = {0};
	struct mvmp_record *record;
	const struct mvmp_record *at;
	struct mvmp_key key = {.domain = {1, 2}, .index = 77};

	for (uint32_t i = 0; i < 200; i++) {
		record = mvmp_sample_add(&sample, MVMP_VIF);
		assert_non_null(record);
		record->key = (struct mvmp_key){.domain = {1, 2}, .index = i};
		mvmp_set(record, MVMP_I_RX_BYTES, 1000 + i);
	}
	at = mvmp_sample_find(&sample, MVMP_VIF, &key);
	assert_non_null(at);
	assert_int_equal(at->value[MVMP_I_RX_BYTES], 1077);
	assert_false(mvmp_has(at, MVMP_I_TX_BYTES));
	key.domain[15] = 9;
	assert_null(mvmp_sample_find(&sample, MVMP_VIF, &key));

	at = sample.kind[MVMP_VIF].at;
	mvmp_sample_reset(&sample);
	assert_int_equal(sample.kind[MVMP_VIF].count, 0);
	record = mvmp_sample_add(&sample, MVMP_VIF);
	assert_ptr_equal(record, at);
	assert_int_equal(record->present, 0);
	mvmp_sample_free(&sample);
}

/* A kind holds MVMP_RECORDS_MAX records and not one more. */
static void records_are_bounded(void **state)
{
	struct mvmp_sample sample = {0};

	for (uint32_t i = 0; i < MVMP_RECORDS_MAX; i++)
		assert_non_null(mvmp_sample_add(&sample, MVMP_POOL));
	assert_null(mvmp_sample_add(&sample, MVMP_POOL));
	assert_non_null(mvmp_sample_add(&sample, MVMP_NODE));
	mvmp_sample_free(&sample);
}

/* A copy holds the same and shares nothing. */
static void copies_are_deep(void **state)
{
	struct mvmp_sample from = {.number = 5, .mono_ns = 6, .kinds = 3}, to = {0};
	struct mvmp_record *record = mvmp_sample_add(&from, MVMP_NODE);

	mvmp_set(record, MVMP_N_PCPUS, 4);
	mvmp_set_text(record, MVMP_NT_NAME, "r1-n05");
	assert_non_null(mvmp_sample_add(&to, MVMP_VBD));
	assert_int_equal(mvmp_sample_copy(&to, &from), 0);
	mvmp_set(record, MVMP_N_PCPUS, 5);
	assert_int_equal(to.number, 5);
	assert_int_equal(to.kind[MVMP_VBD].count, 0);
	assert_int_equal(to.kind[MVMP_NODE].count, 1);
	assert_int_equal(to.kind[MVMP_NODE].at[0].value[MVMP_N_PCPUS], 4);
	assert_string_equal(to.kind[MVMP_NODE].at[0].text[MVMP_NT_NAME], "r1-n05");
	mvmp_sample_free(&to);
	mvmp_sample_free(&from);
}

/* A text that does not fit is cut before the character that would be split. */
static void texts_are_cut_between_characters(void **state)
{
	struct mvmp_record record = {0};
	char text[80];

	memset(text, 'a', sizeof text);
	memcpy(text + 62, "\xc3\xa4", 3); /* an a with dots in bytes 62 and 63 */
	mvmp_set_text(&record, 0, text);
	assert_int_equal(strlen(record.text[0]), 62);
	memcpy(text + 61, "\xc3\xa4", 3);
	mvmp_set_text(&record, 0, text);
	assert_int_equal(strlen(record.text[0]), 63);
	mvmp_set_text(&record, 0, "short");
	assert_string_equal(record.text[0], "short");
}

struct pair {
	struct mvmp_sample before, after;
	struct mvmp_record a, b;
};

/* 5000 bytes in 10 s, measured 1 s and 3 s before their samples: over 8 s. */
static struct pair a_pair(void)
{
	struct pair p = {
		.before = {.mono_ns = 100000000000ull}, .after = {.mono_ns = 110000000000ull}};

	p.a.age_ns = 1000000000ull;
	p.b.age_ns = 3000000000ull;
	mvmp_set(&p.a, MVMP_I_RX_BYTES, 1000);
	mvmp_set(&p.b, MVMP_I_RX_BYTES, 6000);
	return p;
}

static bool rate_of(const struct pair *p, double *ret)
{
	return mvmp_rate(ret, &p->before, &p->a, &p->after, &p->b, MVMP_I_RX_BYTES);
}

/* The rate is taken between the times of measuring, not of the samples. */
static void rates_use_the_ages(void **state)
{
	struct pair p = a_pair();
	double rate = -1;

	assert_true(rate_of(&p, &rate));
	assert_true(rate > 624.999 && rate < 625.001);
}

/* No rate where a counter may have begun anew, went back, is missing, or no time passed. */
static void dishonest_rates_are_refused(void **state)
{
	struct pair broken[8];
	double rate = -1;

	for (unsigned i = 0; i < 8; i++)
		broken[i] = a_pair();
	broken[0].b.incarnation = 1;
	broken[1].after.host_boot[3] = 1;
	broken[2].after.instance[0] = 1;
	broken[3].b.value[MVMP_I_RX_BYTES] = 999;
	broken[4].b.present = 0;
	broken[5].b.age_ns = 11000000000ull; /* the same measurement, carried again */
	broken[6].a.age_ns = UINT64_MAX;
	broken[7].b.key.index = 1;
	for (unsigned i = 0; i < 8; i++)
		assert_false(rate_of(&broken[i], &rate));
	assert_true(rate < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metric_names_are_data_source_names),
		cmocka_unit_test(metric_suffixes_tell_the_unit),
		cmocka_unit_test(columns_do_not_move),
		cmocka_unit_test(kinds_are_found_by_both_names),
		cmocka_unit_test(records_are_added_and_reused),
		cmocka_unit_test(records_are_bounded),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(texts_are_cut_between_characters),
		cmocka_unit_test(rates_use_the_ages),
		cmocka_unit_test(dishonest_rates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
