/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include <paths.h>
#include <string.h>

/* The standard profile takes 94,128 bytes for each data source: 360 rows of 10 s, and twice
 * 1440 + 1008 + 2160 + 1095 rows, of 8 bytes. The small one takes 13,248. */
static void profiles_keep_their_byte_budget(void **state)
{
	const struct mvs_profile *standard, *small;

	assert_int_equal(mvs_profile_find(&standard, "standard", NULL), 0);
	assert_int_equal(mvs_profile_find(&small, "small", NULL), 0);
	assert_int_equal(mvs_profile_bytes(standard, 10), 94128);
	assert_int_equal(mvs_profile_bytes(small, 10), 13248);
}

/* An unknown profile is refused with the names of those there are. */
static void unknown_profile_names_the_known(void **state)
{
	const struct mvs_profile *profile = NULL;
	struct mvmp_error err;

	assert_int_equal(mvs_profile_find(&profile, "huge", &err), -MVMP_INVALID);
	assert_string_equal(err.text, "no profile is called huge; there are small, standard");
}

/* The heartbeat lets one sample be lost, and is never below two steps. */
static void heartbeat_survives_one_lost_sample(void **state)
{
	assert_int_equal(mvs_heartbeat_s(10, 10000), 25);
	assert_int_equal(mvs_heartbeat_s(10, 1000), 20);
	assert_int_equal(mvs_heartbeat_s(10, 60000), 150);
}

/* Counters become DERIVE from 0 up, gauges GAUGE, archives of one step have no MAX. */
static void schema_follows_the_metric_table(void **state)
{
	const struct mvs_profile *profile;
	static struct mvs_schema schema;

	assert_int_equal(mvs_profile_find(&profile, "small", NULL), 0);
	mvs_schema_make(&schema, MVMP_VBD, profile, 10, 10000);
	assert_string_equal(schema.argv[MVMP_B_RD_REQS], "DS:rd_reqs:DERIVE:25:0:U");
	assert_string_equal(schema.argv[MVMP_B_OUTSTANDING], "DS:outstanding:GAUGE:25:U:U");
	assert_int_equal(schema.args, MVMP_VBD_METRIC_COUNT + 5);
	assert_string_equal(schema.argv[MVMP_VBD_METRIC_COUNT], "RRA:AVERAGE:0.5:1:360");
	assert_string_equal(schema.argv[MVMP_VBD_METRIC_COUNT + 2], "RRA:MAX:0.5:30:288");
}

/* However often nodes are asked, their disks' figures are 10 s apart: that must not be a gap. */
static void disks_may_be_measured_seldom(void **state)
{
	const struct mvs_profile *profile;
	static struct mvs_schema schema;

	assert_int_equal(mvs_profile_find(&profile, "small", NULL), 0);
	mvs_schema_make(&schema, MVMP_VBD, profile, 1, 1000);
	assert_string_equal(schema.argv[MVMP_B_RD_BYTES], "DS:rd_bytes:DERIVE:25:0:U");
	mvs_schema_make(&schema, MVMP_VBD, profile, 10, 60000);
	assert_string_equal(schema.argv[MVMP_B_RD_BYTES], "DS:rd_bytes:DERIVE:150:0:U");
	mvs_schema_make(&schema, MVMP_VIF, profile, 1, 1000);
	assert_string_equal(schema.argv[MVMP_I_RX_BYTES], "DS:rx_bytes:DERIVE:3:0:U");
}

/* With a step of 5 min the finer archives are left out, not doubled. */
static void long_step_leaves_finer_archives_out(void **state)
{
	const struct mvs_profile *profile;
	static struct mvs_schema schema;

	assert_int_equal(mvs_profile_find(&profile, "small", NULL), 0);
	mvs_schema_make(&schema, MVMP_NUMA, profile, 300, 300000);
	assert_int_equal(schema.args, MVMP_NUMA_METRIC_COUNT + 3);
	assert_string_equal(schema.argv[MVMP_NUMA_METRIC_COUNT], "RRA:AVERAGE:0.5:1:288");
}

/* Names that would leave the store, hide files or confuse a shell are no path parts. */
static void unsafe_names_are_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", "../etc", "a/b", ".hidden", "-rf", "A",
		"a b", "a\n", "n\xc3\xa4me", "a\\b",
		"0123456789012345678901234567890123456789012345678901234567890123"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(mvs_name_is_safe(bad[i]));
	assert_true(mvs_name_is_safe("r1-n01.example"));
	assert_true(mvs_name_is_safe("7a77f9af"));
}

/* Every kind has its own file name, made of numbers and the UUID only. */
static void files_are_named_by_numbers(void **state)
{
	struct mvmp_key key = {{0xde, 0xad, 0xbe, 0xef}, 3};
	char file[MVS_FILE_MAX];

	assert_string_equal(mvs_entity_file(file, MVMP_NODE, &key), "node.rrd");
	assert_string_equal(mvs_entity_file(file, MVMP_PCPU, &key), "cpu0003.rrd");
	assert_string_equal(mvs_entity_file(file, MVMP_POOL, &key), "pool3.rrd");
	assert_string_equal(mvs_entity_file(file, MVMP_DOMAIN, &key),
		"dom-deadbeef-0000-0000-0000-000000000000/domain.rrd");
	key.index = UINT32_MAX;
	assert_string_equal(mvs_entity_file(file, MVMP_VBD, &key),
		"dom-deadbeef-0000-0000-0000-000000000000/vbd-4294967295.rrd");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles_keep_their_byte_budget),
		cmocka_unit_test(unknown_profile_names_the_known),
		cmocka_unit_test(heartbeat_survives_one_lost_sample),
		cmocka_unit_test(disks_may_be_measured_seldom),
		cmocka_unit_test(schema_follows_the_metric_table),
		cmocka_unit_test(long_step_leaves_finer_archives_out),
		cmocka_unit_test(unsafe_names_are_refused),
		cmocka_unit_test(files_are_named_by_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
