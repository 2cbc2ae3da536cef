/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include "legacy.h"
#include "mvctl.h"
#include "nodetext.h"
#include "plot.h"
#include "scale.h"
#include "support.h"
#include "view.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A node with two domains, sampled at 100 s and 102 s of its clock. */

static struct mvmp_record *add_domain(struct mvmp_sample *sample, uint8_t id, const char *name,
	enum mvmp_domain_state state, uint64_t cpu_ns)
{
	struct mvmp_record *r = mvmp_sample_add(sample, MVMP_DOMAIN);

	r->key.domain[0] = id;
	mvmp_set(r, MVMP_D_ID, id);
	mvmp_set(r, MVMP_D_STATE, state);
	mvmp_set(r, MVMP_D_VCPUS, 4);
	mvmp_set(r, MVMP_D_CPU, cpu_ns);
	mvmp_set(r, MVMP_D_MEM_CURRENT, 8ull << 30);
	r->unsupported |= 1ull << MVMP_D_WAIT;
	mvmp_set_text(r, MVMP_DT_NAME, name);
	mvmp_set_text(r, MVMP_DT_PIN, "4-7");
	return r;
}

static void add_vif(struct mvmp_sample *sample, uint8_t id, uint64_t rx, uint64_t tx)
{
	struct mvmp_record *r = mvmp_sample_add(sample, MVMP_VIF);

	r->key.domain[0] = id;
	mvmp_set(r, MVMP_I_RX_BYTES, rx);
	mvmp_set(r, MVMP_I_TX_BYTES, tx);
}

static void fill(struct mvctl_source *source)
{
	*source = (struct mvctl_source){.node = "r1-n01", .interval_ns = 2 * MVMP_NS_PER_S};
	source->before.mono_ns = 100 * MVMP_NS_PER_S;
	source->after.mono_ns = 102 * MVMP_NS_PER_S;
	source->after.wall_ns = 1795168800ull * MVMP_NS_PER_S;
	source->after.kinds = 1u << MVMP_DOMAIN | 1u << MVMP_VIF;
	add_domain(&source->before, 3, "web-07", MVMP_STATE_RUNNING, 0);
	add_domain(&source->before, 17, "win-03", MVMP_STATE_RUNNING, 0);
	add_domain(&source->after, 3, "web-07", MVMP_STATE_RUNNING, 4248000000ull);
	add_domain(&source->after, 17, "win-03", MVMP_STATE_PAUSED, 0);
	add_vif(&source->before, 3, 1000, 2000);
	add_vif(&source->after, 3, 1000 + 10300000, 2000 + 47100000);
}

/* The second domain's monitor hangs: its values are 38 s old. */
static void hang_second(struct mvctl_source *source)
{
	struct mvmp_record *r = &source->after.kind[MVMP_DOMAIN].at[1];

	r->age_ns = 38 * MVMP_NS_PER_S;
	r->quality = MVMP_LAST_GOOD;
	r->reason = MVMP_REASON_HUNG;
}

static char *printed(const struct mvctl_source *source, struct mvctl_style style)
{
	struct mvctl_table table;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	mvctl_table_init(&table);
	mvctl_view_begin(&mvctl_view_domains, &table, false);
	mvctl_view_fill(&mvctl_view_domains, &table, source);
	mvctl_table_print(out, &table, &style);
	mvctl_table_clear(&table);
	fclose(out);
	return text;
}

/* Rates come from two samples: 4.248 s of CPU in 2 s are 212.4 %, 10.3 MB in 2 s are 41.2 Mb/s;
 * a zero is a zero, no device is "-", a metric the node cannot tell is "unsup". */
static void test_domains(void **state)
{
	struct mvctl_source source;
	char *text;

	fill(&source);
	text = printed(&source, (struct mvctl_style){0});
	assert_string_equal(text,
		"DOM  NAME    STATE    VCPU   CPU%  WAIT%  MEM_MiB  RX_Mb/s  TX_Mb/s  PIN   AGE\n"
		"  3  web-07  running     4  212.4  unsup     8192     41.2    188.4  4-7  0.0s\n"
		" 17  win-03  paused      4    0.0  unsup     8192        -        -  4-7  0.0s\n");
	free(text);
	mvctl_source_clear(&source);
}

/* Old values stay, marked, with their age; the state word too, the number not. */
static void test_hung_domain(void **state)
{
	struct mvctl_source source;
	char *text;

	fill(&source);
	hang_second(&source);
	text = printed(
		&source, (struct mvctl_style){.columns = "DOM,NAME,STATE,MEM_MiB,AGE,REASON"});
	assert_string_equal(text, "DOM  NAME    STATE    MEM_MiB   AGE  REASON\n"
				  "  3  web-07  running     8192  0.0s  -\n"
				  " 17  win-03  paused~    8192~   38s  hung\n");
	free(text);
	mvctl_source_clear(&source);
}

/* Before the second sample rates have no value, and it is not 0. */
static void test_first_sample(void **state)
{
	struct mvctl_source source;
	char *text;

	fill(&source);
	mvmp_sample_reset(&source.before);
	text = printed(&source, (struct mvctl_style){.columns = "NAME,CPU%,RX_Mb/s"});
	assert_string_equal(text, "NAME    CPU%  RX_Mb/s\n"
				  "web-07     -        -\n"
				  "win-03     -        -\n");
	free(text);
	mvctl_source_clear(&source);
}

/* A domain that started anew in between has no rate rather than a wrong one. */
static void test_restarted_domain(void **state)
{
	struct mvctl_source source;
	char *text;

	fill(&source);
	source.after.kind[MVMP_DOMAIN].at[0].incarnation = 2;
	text = printed(&source, (struct mvctl_style){.columns = "CPU%", .no_header = true});
	assert_string_equal(text, "   -\n 0.0\n");
	free(text);
	mvctl_source_clear(&source);
}

static json_t *row_json(const struct mvctl_source *source, unsigned row)
{
	struct mvctl_table table;
	json_t *object;

	mvctl_table_init(&table);
	mvctl_view_begin(&mvctl_view_domains, &table, false);
	mvctl_view_fill(&mvctl_view_domains, &table, source);
	object = mvctl_row_json(&table, &table.row[row]);
	mvctl_table_clear(&table);
	return object;
}

/* A pCPU is never more than wholly busy, however its ticks fell; a pool as its pCPUs. */
static void test_shares_have_a_limit(void **state)
{
	static const uint64_t busy_ns[] = {1500000000, 2010000000};
	static const double shown[] = {75, 100};
	struct mvctl_source source;
	struct mvctl_table table;

	fill(&source);
	for (unsigned i = 0; i < 2; i++) {
		struct mvmp_record *before = mvmp_sample_add(&source.before, MVMP_PCPU);
		struct mvmp_record *after = mvmp_sample_add(&source.after, MVMP_PCPU);

		before->key.index = after->key.index = i;
		mvmp_set(before, MVMP_P_BUSY, 0);
		mvmp_set(after, MVMP_P_BUSY, busy_ns[i]);
	}
	source.after.kinds |= 1u << MVMP_PCPU;
	mvctl_table_init(&table);
	mvctl_view_begin(&mvctl_view_cpus, &table, false);
	mvctl_view_fill(&mvctl_view_cpus, &table, &source);
	for (unsigned i = 0; i < 2; i++) {
		json_t *row = mvctl_row_json(&table, &table.row[i]);

		assert_true(json_real_value(json_object_get(row, "busy_percent")) == shown[i]);
		json_decref(row);
	}
	mvctl_table_clear(&table);
	mvctl_source_clear(&source);
}

/* What has an interval of its own is fresh between two answers, last good when one is missing,
 * and has neither age nor time before the first. */
static void test_waiting(void **state)
{
	struct mvctl_source source;
	struct mvmp_record *r;
	struct mvctl_measured m;

	fill(&source);
	r = &source.after.kind[MVMP_VIF].at[0];
	r->quality = MVMP_LAST_GOOD;
	r->reason = MVMP_REASON_WAITING;
	r->age_ns = 9 * MVMP_NS_PER_S;
	mvctl_measure(&m, &source, r);
	assert_string_equal(m.quality, "fresh");
	assert_null(m.reason);
	assert_false(m.stale || m.never);
	r->age_ns = 31 * MVMP_NS_PER_S;
	mvctl_measure(&m, &source, r);
	assert_string_equal(m.quality, "last_good");
	assert_string_equal(m.reason, "waiting");
	assert_true(m.stale);
	r->age_ns = 0;
	r->present = 0;
	mvctl_measure(&m, &source, r);
	assert_string_equal(m.quality, "last_good");
	assert_string_equal(m.reason, "waiting");
	assert_true(m.never);
	mvctl_source_clear(&source);
}

/* A record that was never measured is null and "-", not 0 ms old. */
static void test_never_measured(void **state)
{
	struct mvctl_source source;
	struct mvmp_record *r;
	json_t *row;
	char *text;

	fill(&source);
	r = &source.after.kind[MVMP_DOMAIN].at[1];
	r->quality = MVMP_LAST_GOOD;
	r->reason = MVMP_REASON_WAITING;
	r->present = 0;
	row = row_json(&source, 1);
	assert_true(json_is_null(json_object_get(row, "age_ms")));
	assert_true(json_is_null(json_object_get(row, "sampled_at")));
	json_decref(row);
	text = printed(&source, (struct mvctl_style){.columns = "NAME,AGE"});
	assert_string_equal(text, "NAME     AGE\nweb-07  0.0s\nwin-03     -\n");
	free(text);
	mvctl_source_clear(&source);
}

/* JSON carries every metric of the kind under its raw name, null where there is none, with the
 * reason where the node cannot tell. */
static void test_json_has_all_metrics(void **state)
{
	const struct mvmp_entity_info *info = &mvmp_entities[MVMP_DOMAIN];
	struct mvctl_source source;
	json_t *row;

	fill(&source);
	hang_second(&source);
	mvctl_source_add_capability(&source, "pcpu.wait", "of pCPUs");
	mvctl_source_add_capability(&source, "domain.wait", "no /proc/schedstat");
	row = row_json(&source, 1);
	for (unsigned m = 0; m < info->metrics; m++)
		assert_non_null(json_object_get(row, info->metric[m].name));
	assert_int_equal(json_integer_value(json_object_get(row, "cpu_ns")), 0);
	assert_string_equal(json_string_value(json_object_get(row, "state")), "paused");
	assert_string_equal(json_string_value(json_object_get(row, "quality")), "last_good");
	assert_string_equal(json_string_value(json_object_get(row, "reason")), "hung");
	assert_int_equal(json_integer_value(json_object_get(row, "age_ms")), 38000);
	assert_true(json_is_null(json_object_get(row, "major_faults")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(row, "unsupported"), "wait_ns")),
		"no /proc/schedstat");
	assert_string_equal(json_string_value(json_object_get(row, "uuid")),
		"11000000-0000-0000-0000-000000000000");
	json_decref(row);
	mvctl_source_clear(&source);
}

/* Columns of all views have different JSON names, or one would hide another. */
static void test_keys_are_unique(void **state)
{
	for (unsigned v = 0; mvctl_views[v]; v++) {
		struct mvctl_table table;

		mvctl_table_init(&table);
		mvctl_view_begin(mvctl_views[v], &table, true);
		for (unsigned a = 0; a < table.columns; a++) {
			for (unsigned b = a + 1; b < table.columns; b++)
				assert_string_not_equal(table.column[a].key, table.column[b].key);
		}
		mvctl_table_clear(&table);
	}
}

/* Standard tables fit a terminal of 80 columns by their headers. */
static void test_headers_fit(void **state)
{
	for (unsigned v = 0; mvctl_views[v]; v++) {
		struct mvctl_table table;
		size_t width = 0;

		mvctl_table_init(&table);
		mvctl_view_begin(mvctl_views[v], &table, false);
		for (unsigned c = 0; c < table.columns; c++) {
			if (table.column[c].header && !(table.column[c].flags & MVCTL_WIDE))
				width += strlen(table.column[c].header) + 2;
		}
		assert_true(width <= 82);
		mvctl_table_clear(&table);
	}
}

static void add_vcpu(struct mvmp_sample *sample, unsigned index, const char *affinity)
{
	struct mvmp_record *r = mvmp_sample_add(sample, MVMP_VCPU);

	r->key.index = index;
	mvmp_set_text(r, MVMP_VT_AFFINITY, affinity);
}

/* The client that exists splits the whole answer at single blanks and takes the third word as a
 * number, unless "all" is somewhere in it. */
static void test_vcpuinfo_of_older_clients(void **state)
{
	struct mvctl_source source = {.node = "n"};
	char *text = NULL, *words[4], *rest;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	add_vcpu(&source.after, 0, "4");
	add_vcpu(&source.after, 1, "6-7,9");
	mvctl_print_vcpuinfo(out, &source);
	fflush(out);
	assert_string_equal(text, "vcpu 0 4 4\nvcpu 1 6 6-7,9\n");
	assert_null(strstr(text, "all"));
	rest = text;
	for (unsigned i = 0; i < 4; i++)
		words[i] = strsep(&rest, " ");
	assert_string_equal(words[2], "4");
	fseek(out, 0, SEEK_SET);
	mvmp_sample_reset(&source.after);
	add_vcpu(&source.after, 0, "any");
	mvctl_print_vcpuinfo(out, &source);
	fclose(out);
	assert_string_equal(text, "vcpu 0 all\n");
	free(text);
	mvctl_source_clear(&source);
}

/* Control characters of texts that come from elsewhere do not reach the terminal. */
static void test_clean(void **state)
{
	char text[] = "a\033[2J\tb\177\nc";

	assert_string_equal(mvctl_clean(text), "a?[2J?b??c");
}

static void add_vbd(struct mvmp_sample *sample, uint64_t mono_s, uint64_t age_s, uint64_t bytes)
{
	struct mvmp_record *r = mvmp_sample_add(sample, MVMP_VBD);

	sample->mono_ns = mono_s * MVMP_NS_PER_S;
	r->age_ns = age_s * MVMP_NS_PER_S;
	mvmp_set(r, MVMP_B_RD_BYTES, bytes);
}

/* A disk that is measured every 10 s has its rate in the samples between as well: of the last two
 * measurements (at 100 s and 110 s), 5,000,000 bytes in 10 s. */
static void test_rate_between_measurements(void **state)
{
	struct mvctl_source source = {.node = "n"};
	struct mvmp_sample oldest = {0};
	struct mvctl_pair pair = {&source, MVMP_VBD, NULL, NULL};
	double rate = 0;

	add_vbd(&oldest, 109, 9, 1000000);
	add_vbd(&source.before, 111, 1, 6000000);
	add_vbd(&source.after, 112, 2, 6000000);
	pair.now = &source.after.kind[MVMP_VBD].at[0];
	pair.before = mvctl_earlier(&source, MVMP_VBD, pair.now);
	assert_false(mvctl_pair_rate(&rate, &pair, MVMP_B_RD_BYTES));
	mvctl_keep_older(&source, &oldest);
	assert_true(mvctl_pair_rate(&rate, &pair, MVMP_B_RD_BYTES));
	assert_true(fabs(rate - 500000) < 1e-6);
	mvmp_sample_free(&oldest);
	mvctl_source_clear(&source);
}

/* One digit per pCPU of a NUMA node: its tenth of a whole, 9 from 90 % on, "." without a rate. */
static void test_load_digits(void **state)
{
	static const uint64_t busy_ns[] = {0, 500000000, 1000000000, 2000000000, 1799000000};
	struct mvctl_source source = {.node = "n"};
	char digits[32];

	source.before.mono_ns = 10 * MVMP_NS_PER_S;
	source.after.mono_ns = 12 * MVMP_NS_PER_S;
	for (unsigned i = 0; i < 5; i++) {
		struct mvmp_record *before = mvmp_sample_add(&source.before, MVMP_PCPU);
		struct mvmp_record *after = mvmp_sample_add(&source.after, MVMP_PCPU);

		before->key.index = after->key.index = i;
		mvmp_set(before, MVMP_P_BUSY, 0);
		mvmp_set(after, MVMP_P_BUSY, busy_ns[i]);
		mvmp_set(after, MVMP_P_NUMA, i == 4);
	}
	assert_int_equal(mvctl_load_digits(digits, sizeof digits, &source, 0), 4);
	assert_string_equal(digits, "0259");
	assert_int_equal(mvctl_load_digits(digits, sizeof digits, &source, 1), 1);
	assert_string_equal(digits, "8");
	mvmp_sample_reset(&source.before);
	mvctl_load_digits(digits, sizeof digits, &source, 0);
	assert_string_equal(digits, "....");
	mvctl_source_clear(&source);
}

/* A series' figures leave gaps out, and the drawing leaves them blank. */
static void test_plot(void **state)
{
	const double value[] = {1, 2, NAN, 8}, thousands[] = {1000, 2000, NAN, 8000};
	struct mvctl_series series;
	char *text = NULL, *scaled = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	mvctl_series_of(&series, value, 4);
	assert_true(series.now == 8 && series.min == 1 && series.max == 8);
	assert_true(fabs(series.avg - 11.0 / 3) < 1e-9);
	assert_int_equal(series.missing, 1);
	assert_int_equal(series.first_gap, 2);
	mvctl_plot(out, value, 4, 4, 1);
	fclose(out);
	assert_string_equal(text, "         8 |   #\n"
				  "         7 |   #\n"
				  "         6 |   #\n"
				  "         5 |   #\n"
				  "         4 |   #\n"
				  "         3 |   #\n"
				  "         2 | # #\n"
				  "         1 |## #\n");
	out = open_memstream(&scaled, &size);
	mvctl_plot(out, thousands, 4, 4, 1e-3);
	fclose(out);
	assert_string_equal(scaled, text);
	free(scaled);
	free(text);
}

/* The axis has round figures in the unit shown: 123.4 Mbit/s is drawn up to 160 in steps of 20,
 * and a series of -3 to 4 by whole ones. */
static void test_plot_axis(void **state)
{
	static const struct {
		double value[2], factor;
		const char *top, *bottom;
	} shown[] = {{{123.4e6, 20e6}, 1e-6, "       160 |\n", "\n        20 |##"},
		{{-3, 4}, 1, "         5 |\n", "\n        -2 |"},
		{{0.07, 0.04}, 1, "      0.08 |\n", "\n      0.01 |##"}};

	for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		mvctl_plot(out, shown[i].value, 2, 2, shown[i].factor);
		fclose(out);
		assert_memory_equal(text, shown[i].top, strlen(shown[i].top));
		assert_non_null(strstr(text, shown[i].bottom));
		free(text);
	}
}

/* Nothing known is drawn as nothing, without dividing by zero. */
static void test_plot_of_nothing(void **state)
{
	const double value[] = {NAN, INFINITY};
	struct mvctl_series series;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	mvctl_series_of(&series, value, 1);
	assert_true(isnan(series.now) && isnan(series.avg));
	mvctl_plot(out, value, 2, 8, 1);
	mvctl_plot(out, value, 0, 8, 1);
	fclose(out);
	assert_null(strchr(text, '#'));
	free(text);
}

static void assert_scale(const char *unit, double largest, double factor, const char *shown)
{
	struct mvctl_scale scale = mvctl_scale_of(unit, largest);

	assert_true(fabs(scale.factor - factor) <= 1e-9 * factor);
	assert_string_equal(scale.unit, shown);
}

/* A series' figures are shown in the unit that fits its largest value. */
static void test_scale(void **state)
{
	assert_scale("bit/s", 188.4e6, 1e-6, "Mbit/s");
	assert_scale("B/s", 999, 1, "B/s");
	assert_scale("B", 9e9, 1e-9, "GB");
	assert_scale("kHz", 2100000, 1e-6, "GHz");
	assert_scale("%", 12000, 1, "%");
	assert_scale("bit/s", NAN, 1, "bit/s");
}

static bool config_has(const char *text, const char *expected)
{
	char value[32] = "";
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	bool found = mvctl_config_read(file, "interface", value, sizeof value);

	fclose(file);
	return found && !strcmp(value, expected);
}

/* The configuration is "key = value" with comments; the last one counts. */
static void test_config(void **state)
{
	assert_true(config_has("interface = eth1\n", "eth1"));
	assert_true(config_has("# a comment\n\n interface=eth1.20 # mine\n", "eth1.20"));
	assert_true(config_has("interface = eth1\ninterface = eth2", "eth2"));
	assert_false(config_has("interface\n", ""));
	assert_false(config_has("interfaces = eth1\n", "eth1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_hung_domain),
		cmocka_unit_test(test_first_sample),
		cmocka_unit_test(test_restarted_domain),
		cmocka_unit_test(test_shares_have_a_limit),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_never_measured),
		cmocka_unit_test(test_json_has_all_metrics),
		cmocka_unit_test(test_keys_are_unique),
		cmocka_unit_test(test_headers_fit),
		cmocka_unit_test(test_vcpuinfo_of_older_clients),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_rate_between_measurements),
		cmocka_unit_test(test_load_digits),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_plot_axis),
		cmocka_unit_test(test_plot_of_nothing),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
