/* SPDX-License-Identifier: Apache-2.0 */
#include "perfcout.h"
#include "support.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static uint32_t cpus[] = {0, 1, 2, 3};
static char empty[] = "", exceptions[] = "exceptions", vmexits[] = "vmexits",
	    timer[] = "apic timer interrupts", total_only[] = "mem-stores",
	    reason[] = "no PMU here", cycles[] = "cycles";
static char label0[] = "divide error", label1[] = "debug";
static char *labels[] = {label0, label1};
static uint64_t exception_values[] = {316170, 92057, 0, 0};
static uint64_t timer_values[] = {143985, 2251, 2, 4};
static uint64_t array_values[] = {7, 408220};

static Mvmp__PerfAnswer__Counter counter(char *name, uint64_t total, uint64_t *values, size_t count)
{
	Mvmp__PerfAnswer__Counter c = MVMP__PERF_ANSWER__COUNTER__INIT;

	c.name = name;
	c.total = total;
	c.value = values;
	c.n_value = values ? count : 0;
	c.source = empty;
	return c;
}

static Mvmp__PerfAnswer answer_of(Mvmp__PerfAnswer__Counter **counters, size_t count)
{
	Mvmp__PerfAnswer answer = MVMP__PERF_ANSWER__INIT;

	answer.now_ns = 0x23BC84B9EEull;
	answer.cpu = cpus;
	answer.n_cpu = 4;
	answer.counter = counters;
	answer.n_counter = count;
	return answer;
}

/* Not inlined: GCC 12 takes the stream for dangling then. */
__attribute__((noinline)) static char *printed(const Mvmp__PerfAnswer *answer, bool arrays)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	mvctl_perfc_print(out, answer, arrays);
	fclose(out);
	return text;
}

static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text != ' ')
			*to++ = *text;
	}
	*to = '\0';
}

/* The lines of the published dump of a Xeon server, which was printed with its blanks removed:
 * time as two halves, name, TOTAL, and each CPU only where the total is not zero. */
static void test_published_lines(void **state)
{
	Mvmp__PerfAnswer__Counter a = counter(exceptions, 408227, exception_values, 4);
	Mvmp__PerfAnswer__Counter b = counter(vmexits, 0, exception_values + 2, 2);
	Mvmp__PerfAnswer__Counter c = counter(timer, 151139, timer_values, 4);
	Mvmp__PerfAnswer__Counter *all[] = {&a, &b, &c};
	Mvmp__PerfAnswer answer = answer_of(all, 3);
	char *text = printed(&answer, false);

	assert_memory_equal(text, "Performance counters SHOW (now = 0x00000023:BC84B9EE)\n", 54);
	squeeze(text);
	assert_string_equal(text,
		"PerformancecountersSHOW(now=0x00000023:BC84B9EE)\n"
		"exceptionsTOTAL[408227]CPU00[316170]CPU01[92057]CPU02[0]CPU03[0]\n"
		"vmexitsTOTAL[0]\n"
		"apictimerinterruptsTOTAL[151139]CPU00[143985]CPU01[2251]CPU02[2]CPU03[4]\n");
	free(text);
}

/* Widths are those of Xen's own console: 32 for the name, 12 for totals, 10 for CPUs. */
static void test_widths(void **state)
{
	Mvmp__PerfAnswer__Counter a = counter(exceptions, 408227, exception_values, 2);
	Mvmp__PerfAnswer__Counter *all[] = {&a};
	Mvmp__PerfAnswer answer = answer_of(all, 1);
	char *text = printed(&answer, false);

	assert_string_equal(strchr(text, '\n') + 1,
		"exceptions                        TOTAL[      408227]  CPU00[    316170]"
		"  CPU01[     92057]\n");
	free(text);
}

/* A counter without a source for each CPU has its total only; CPUs keep their own numbers. */
static void test_totals_and_cpu_numbers(void **state)
{
	uint32_t odd[] = {1, 3};
	Mvmp__PerfAnswer__Counter a = counter(total_only, 5, NULL, 0);
	Mvmp__PerfAnswer__Counter b = counter(timer, 2253, timer_values + 1, 2);
	Mvmp__PerfAnswer__Counter *all[] = {&a, &b};
	Mvmp__PerfAnswer answer = answer_of(all, 2);
	char *text;

	answer.cpu = odd;
	answer.n_cpu = 2;
	text = printed(&answer, false);
	squeeze(text);
	assert_string_equal(strchr(text, '\n') + 1,
		"mem-storesTOTAL[5]\n"
		"apictimerinterruptsTOTAL[2253]CPU01[2251]CPU03[2]\n");
	free(text);
}

/* What the node cannot read is not in the dump, is counted, and JSON says why. */
static void test_unsupported(void **state)
{
	Mvmp__PerfAnswer__Counter a = counter(cycles, 0, NULL, 0);
	Mvmp__PerfAnswer__Counter b = counter(vmexits, 0, NULL, 0);
	Mvmp__PerfAnswer__Counter *all[] = {&a, &b};
	Mvmp__PerfAnswer answer = answer_of(all, 2);
	json_t *object, *one;
	char *text;

	a.unsupported = reason;
	b.unsupported = empty;
	text = printed(&answer, false);
	assert_null(strstr(text, "cycles"));
	assert_non_null(strstr(text, "vmexits"));
	assert_int_equal(mvctl_perfc_unsupported(&answer), 1);
	free(text);
	object = mvctl_perfc_json("n1", &answer, false);
	one = json_array_get(json_object_get(object, "counters"), 0);
	assert_true(json_is_null(json_object_get(one, "total")));
	assert_string_equal(json_string_value(json_object_get(one, "unsupported")), reason);
	one = json_array_get(json_object_get(object, "counters"), 1);
	assert_int_equal(json_integer_value(json_object_get(one, "total")), 0);
	assert_true(json_is_null(json_object_get(one, "unsupported")));
	json_decref(object);
}

/* With --arrays the parts are the array's indexes. */
static void test_arrays(void **state)
{
	Mvmp__PerfAnswer__Counter a = counter(exceptions, 408227, array_values, 2);
	Mvmp__PerfAnswer__Counter *all[] = {&a};
	Mvmp__PerfAnswer answer = answer_of(all, 1);
	char *text;

	a.label = labels;
	a.n_label = 2;
	text = printed(&answer, true);
	squeeze(text);
	assert_string_equal(
		strchr(text, '\n') + 1, "exceptionsTOTAL[408227]ARR00[7]ARR01[408220]\n");
	free(text);
}

/* An unknown name leads to those that resemble it. */
static void test_close_names(void **state)
{
	Mvmp__PerfAnswer__Counter a = counter(exceptions, 0, NULL, 0);
	Mvmp__PerfAnswer__Counter b = counter(timer, 0, NULL, 0);
	Mvmp__PerfAnswer__Counter *all[] = {&a, &b};
	Mvmp__PerfAnswer answer = answer_of(all, 2);
	char text[128];

	assert_string_equal(
		mvctl_perfc_close_names(text, sizeof text, &answer, "excepton"), "exceptions");
	assert_string_equal(mvctl_perfc_close_names(text, sizeof text, &answer, "timer"),
		"apic timer interrupts");
	assert_string_equal(mvctl_perfc_close_names(text, sizeof text, &answer, "zzzzz"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_lines),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_totals_and_cpu_numbers),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_close_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
