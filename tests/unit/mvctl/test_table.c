/* SPDX-License-Identifier: Apache-2.0 */
#include "mvctl.h"
#include "support.h"
#include "table.h"
#include <stdlib.h>
#include <string.h>

static const struct mvctl_column columns[] = {
	{"node", "NODE", 0, NULL},
	{"state", "STATE", MVCTL_STATE, NULL},
	{"cpu_percent", "CPU%", MVCTL_RIGHT, mvctl_human_1},
	{"mem_bytes", "MEM_MiB", MVCTL_RIGHT, mvctl_human_bytes_mib},
	{"temp_mc", "TEMP_C", MVCTL_RIGHT | MVCTL_WIDE, mvctl_human_millideg},
	{"cpu_ns", NULL, 0, NULL},
};

static void add(struct mvctl_table *table, const char *node, const char *state, double cpu,
	uint64_t mem, bool old)
{
	struct mvctl_row *row = mvctl_table_row(table);

	mvctl_put_text(&row->cell[0], node);
	mvctl_put_text(&row->cell[1], state);
	if (cpu >= 0)
		mvctl_put_real(&row->cell[2], cpu);
	mvctl_put_uint(&row->cell[3], mem);
	row->cell[3].old = old;
	mvctl_put_unsupported(&row->cell[4], "no sensor");
	mvctl_put_uint(&row->cell[5], 9007199254740993ULL);
	row->measured = (struct mvctl_measured){.has = true,
		.age_ns = 600000000,
		.sampled_wall_ns = 1795168800123000000ULL,
		.quality = old ? "stale" : "fresh"};
}

static void fill(struct mvctl_table *table)
{
	mvctl_table_init(table);
	mvctl_table_add_all(table, columns, sizeof columns / sizeof columns[0]);
	add(table, "r1-n10", "up", 212.44, 8ULL << 30, false);
	add(table, "r1-n2", "down", -1, 0, true);
}

static char *printed(struct mvctl_table *table, struct mvctl_style style)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	mvctl_table_print(out, table, &style);
	fclose(out);
	return text;
}

static void assert_prints(struct mvctl_style style, const char *expected)
{
	struct mvctl_table table;
	char *text;

	fill(&table);
	text = printed(&table, style);
	assert_string_equal(text, expected);
	free(text);
	mvctl_table_clear(&table);
}

/* Text left, numbers right, two blanks between, no blanks at the end; "-" is no value, "~" an
 * old one, a zero is a zero. */
static void test_table(void **state)
{
	assert_prints((struct mvctl_style){0}, "NODE    STATE   CPU%  MEM_MiB\n"
					       "r1-n10  up     212.4     8192\n"
					       "r1-n2   down       -       0~\n");
}

/* --wide adds columns at the end; what a node cannot tell has its own mark. */
static void test_wide(void **state)
{
	assert_prints((struct mvctl_style){.wide = true},
		"NODE    STATE   CPU%  MEM_MiB  TEMP_C\n"
		"r1-n10  up     212.4     8192   unsup\n"
		"r1-n2   down       -       0~   unsup\n");
}

/* Names sort naturally, and rows without a value stay last in either direction. */
static void test_sort(void **state)
{
	assert_prints(
		(struct mvctl_style){.columns = "node", .sort = "NODE"}, "NODE\nr1-n2\nr1-n10\n");
	assert_prints((struct mvctl_style){.columns = "NODE", .sort = "CPU%", .no_header = true},
		"r1-n10\nr1-n2\n");
	assert_prints(
		(struct mvctl_style){
			.columns = "NODE", .sort = "CPU%", .no_header = true, .reverse = true},
		"r1-n10\nr1-n2\n");
}

/* TSV has raw units under full names, no marks, and a quality column. */
static void test_tsv(void **state)
{
	assert_prints((struct mvctl_style){.tsv = true},
		"node\tstate\tcpu_percent\tmem_bytes\ttemp_mc\tquality\n"
		"r1-n10\tup\t212.44\t8589934592\t\tfresh\n"
		"r1-n2\tdown\t\t0\t\tstale\n");
}

/* Colour is on the state word only, and only where a hand is needed. */
static void test_color(void **state)
{
	assert_prints((struct mvctl_style){.color = true, .columns = "NODE,STATE"},
		"NODE    STATE\n"
		"r1-n10  up\n"
		"r1-n2   \033[31mdown\033[0m\n");
}

/* A column that does not exist is refused with the list of those that do. */
static void test_unknown_column(void **state)
{
	struct mvctl_table table;
	struct mvctl_style style = {.columns = "NODE,CPUS"};
	struct mvmp_error err;

	fill(&table);
	assert_int_equal(mvctl_table_check(&table, &style, &err), -MVMP_INVALID);
	assert_non_null(strstr(err.text, "CPUS"));
	assert_non_null(strstr(err.hint, "CPU%"));
	style = (struct mvctl_style){.columns = "node,CPU%", .sort = "cpu_ns"};
	assert_int_equal(mvctl_table_check(&table, &style, &err), 0);
	mvctl_table_clear(&table);
}

/* Escape sequences in a node's texts do not reach the terminal. */
static void test_hostile_text(void **state)
{
	struct mvctl_table table;
	char *text;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, columns, 1);
	mvctl_put_text(&mvctl_table_row(&table)->cell[0], "a\033[2Jb\tc\n");
	text = printed(&table, (struct mvctl_style){.no_header = true});
	assert_string_equal(text, "a?[2Jb?c?\n");
	free(text);
	mvctl_table_clear(&table);
}

/* JSON has raw units and exact integers, null with the reason for what is not supported, and
 * age, time and quality of the record. */
static void test_json(void **state)
{
	struct mvctl_table table;
	json_t *row;

	fill(&table);
	row = mvctl_row_json(&table, &table.row[0]);
	assert_string_equal(json_string_value(json_object_get(row, "node")), "r1-n10");
	assert_true(json_integer_value(json_object_get(row, "cpu_ns")) == 9007199254740993LL);
	assert_true(json_is_null(json_object_get(row, "temp_mc")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(row, "unsupported"), "temp_mc")),
		"no sensor");
	assert_int_equal(json_integer_value(json_object_get(row, "age_ms")), 600);
	assert_string_equal(
		json_string_value(json_object_get(row, "sampled_at")), "2026-11-20T10:00:00.123Z");
	assert_string_equal(json_string_value(json_object_get(row, "quality")), "fresh");
	assert_true(json_is_false(json_object_get(row, "simulated")));
	json_decref(row);
	row = mvctl_row_json(&table, &table.row[1]);
	assert_true(json_is_null(json_object_get(row, "cpu_percent")));
	assert_int_equal(json_object_size(json_object_get(row, "unsupported")), 1);
	json_decref(row);
	mvctl_table_clear(&table);
}

static json_t *document_of(struct mvctl *ctl)
{
	char *text = NULL;
	size_t size;
	json_t *document;

	ctl->opt.format = MVCTL_JSON;
	ctl->out = open_memstream(&text, &size);
	ctl->err = fopen("/dev/null", "w");
	mvctl_usage(ctl, "core %d: the node has cores 0-63, \"quoted\" \xff", 97);
	mvctl_print_document(ctl);
	fclose(ctl->out);
	fclose(ctl->err);
	document = json_loads(text, 0, NULL);
	free(text);
	return document;
}

/* A failure prints a valid document too: schema, no items, the error with code and name. */
static void test_json_of_failure(void **state)
{
	struct mvctl ctl;
	json_t *document, *error;

	mvctl_init(&ctl, "mvctl");
	mvctl_set_schema(&ctl, "pin");
	document = document_of(&ctl);
	assert_non_null(document);
	assert_string_equal(json_string_value(json_object_get(document, "schema")), "mvctl.pin/1");
	assert_int_equal(json_array_size(json_object_get(document, "items")), 0);
	error = json_array_get(json_object_get(document, "errors"), 0);
	assert_int_equal(json_integer_value(json_object_get(error, "code")), 2);
	assert_string_equal(json_string_value(json_object_get(error, "name")), "invalid");
	assert_non_null(strstr(json_string_value(json_object_get(error, "message")), "core 97"));
	json_decref(document);
	mvctl_clear(&ctl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_tsv),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_unknown_column),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_of_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
