/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "disk_memory.h"
#include "wish.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mva_wish wish_of(uint32_t vcpu, unsigned cpu)
{
	struct mva_wish wish = {
		.uuid = {1, 2, 3}, .vcpu = vcpu, .name = "web-07", .who = "ada", .serial = 204};

	mva_cpuset_add(&wish.cpus, cpu);
	return wish;
}

static uint64_t keep(struct mva_wishes *wishes, uint32_t vcpu, unsigned cpu)
{
	struct mva_wish wish = wish_of(vcpu, cpu);

	return mva_wishes_keep(wishes, &wish);
}

static void forget(struct mva_wishes *wishes, uint32_t vcpu)
{
	struct mva_wish wish = wish_of(vcpu, 0);

	mva_wishes_forget(wishes, wish.uuid, vcpu, false);
}

/* Bytes that were written, or -errno. */
static long save(struct mva_wishes *wishes, struct mva_disk *disk)
{
	struct mva_batch batch = {0};
	long written;
	int rc;

	mva_wishes_save(wishes, &batch);
	written = (long)batch.used;
	rc = mva_batch_run(&batch, disk);
	mva_wishes_saved(wishes, rc);
	mva_batch_free(&batch);
	return rc ? rc : written;
}

static void load(struct mva_wishes *wishes, struct mva_disk *disk)
{
	struct mvmp_error err = {0};

	mva_wishes_clear(wishes);
	assert_int_equal(mva_wishes_load(wishes, disk, &err), 0);
}

/* The pCPU a vCPU is wished on; -1: none. */
static int wished(const struct mva_wishes *wishes, uint32_t vcpu)
{
	char text[64];

	for (unsigned i = 0; i < wishes->count; i++) {
		if (wishes->at[i].vcpu == vcpu)
			return atoi(mva_cpuset_text(text, sizeof text, &wishes->at[i].cpus));
	}
	return -1;
}

static void what_was_saved_is_there_after_a_power_cut(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wishes wishes = {0};

	assert_int_equal(keep(&wishes, 0, 4), 1);
	keep(&wishes, 1, 5);
	save(&wishes, disk);
	keep(&wishes, 0, 6);
	forget(&wishes, 1);
	save(&wishes, disk);
	keep(&wishes, 2, 7);					   /* not saved */
	disk->ops->append(disk, "wishes.log", "{\"number\":", 10); /* torn off */
	disk->ops->sync(disk, "wishes.log");
	mva_disk_memory_power_cut(disk, 0);
	load(&wishes, disk);
	assert_int_equal(wishes.count, 1);
	assert_int_equal(wished(&wishes, 0), 6);
	assert_string_equal(wishes.at[0].who, "ada");
	assert_null(mva_wishes_damage(&wishes));
	assert_int_equal(keep(&wishes, 3, 8), 4); /* numbers go on */
	save(&wishes, disk);
	load(&wishes, disk);
	assert_int_equal(wished(&wishes, 3), 8);
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
}

static void a_change_costs_its_line_however_many_wishes_there_are(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wishes wishes = {0};
	long most = 0;

	for (uint32_t n = 0; n < 4000; n++)
		keep(&wishes, n, 1);
	save(&wishes, disk);
	for (uint32_t n = 0; n < 50; n++) {
		long written;

		keep(&wishes, n, 2);
		written = save(&wishes, disk);
		most = written > most ? written : most;
	}
	assert_in_range(most, 50, 1000);
	load(&wishes, disk);
	assert_int_equal(wishes.count, 4000);
	assert_int_equal(wished(&wishes, 49), 2);
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
}

static void the_log_is_folded_in_and_stays_small(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wishes wishes = {0};
	static char text[1 << 20];

	for (uint32_t n = 0; n < 5000; n++) {
		keep(&wishes, n % 10, n % 64);
		assert_true(save(&wishes, disk) > 0);
	}
	assert_true(disk->ops->read(disk, "wishes.log", 0, text, sizeof text) <= 256 * 1024);
	load(&wishes, disk);
	assert_int_equal(wishes.count, 10);
	assert_int_equal(wished(&wishes, 9), 4999 % 64);
	assert_int_equal(wishes.next, 5000);
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
}

static void a_disk_that_fails_at_any_step_loses_no_wish(void **state)
{
	for (int at = 0; at < 12; at++) {
		struct mva_disk *disk = mva_disk_memory();
		struct mva_wishes wishes = {0};

		keep(&wishes, 0, 1);
		save(&wishes, disk);
		keep(&wishes, 1, 2);
		forget(&wishes, 0);
		wishes.rewrite = at >= 4; /* as if the log were full */
		mva_disk_memory_fail(disk, at >= 4 ? at - 4 : at, EIO, false);
		save(&wishes, disk);
		mva_disk_memory_fail(disk, -1, 0, false);
		keep(&wishes, 2, 3);
		assert_true(save(&wishes, disk) > 0);
		mva_disk_memory_power_cut(disk, 0);
		load(&wishes, disk);
		assert_int_equal(wishes.count, 2);
		assert_int_equal(wished(&wishes, 1), 2);
		assert_int_equal(wished(&wishes, 2), 3);
		assert_null(mva_wishes_damage(&wishes));
		mva_wishes_clear(&wishes);
		disk->ops->close(disk);
	}
}

static void a_damaged_file_is_kept_aside_and_the_rest_serves(void **state)
{
	static const char broken[] = "{\"next\": 12, \"wishes\": [";
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wishes wishes = {0};
	char kept[64] = "";

	disk->ops->append(disk, "wishes.json", broken, strlen(broken));
	keep(&wishes, 3, 4);
	save(&wishes, disk); /* a line of the log */
	load(&wishes, disk);
	assert_non_null(strstr(mva_wishes_damage(&wishes), "wishes.json is damaged"));
	assert_int_equal(wished(&wishes, 3), 4);
	assert_true(mva_wishes_dirty(&wishes)); /* saved without being asked */
	assert_true(save(&wishes, disk) > 0);
	mva_disk_memory_power_cut(disk, 0);
	disk->ops->read(disk, "wishes.json.damaged", 0, kept, sizeof kept - 1);
	assert_string_equal(kept, broken);
	load(&wishes, disk);
	assert_null(mva_wishes_damage(&wishes));
	assert_int_equal(wished(&wishes, 3), 4);
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
}

static void a_damaged_line_costs_its_wish_only(void **state)
{
	static const char line[] = "{\"number\":1,\"dom\x01in\":7}\n";
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wishes wishes = {0};

	keep(&wishes, 1, 4);
	save(&wishes, disk);
	disk->ops->append(disk, "wishes.log", line, strlen(line));
	mva_wishes_clear(&wishes);
	load(&wishes, disk);
	keep(&wishes, 2, 5);
	assert_non_null(strstr(mva_wishes_damage(&wishes), "wishes.log is damaged"));
	assert_true(save(&wishes, disk) > 0);
	load(&wishes, disk);
	assert_null(mva_wishes_damage(&wishes));
	assert_int_equal(wished(&wishes, 1), 4);
	assert_int_equal(wished(&wishes, 2), 5);
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_saved_is_there_after_a_power_cut),
		cmocka_unit_test(a_change_costs_its_line_however_many_wishes_there_are),
		cmocka_unit_test(the_log_is_folded_in_and_stays_small),
		cmocka_unit_test(a_disk_that_fails_at_any_step_loses_no_wish),
		cmocka_unit_test(a_damaged_file_is_kept_aside_and_the_rest_serves),
		cmocka_unit_test(a_damaged_line_costs_its_wish_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
