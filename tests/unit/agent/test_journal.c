/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "disk_memory.h"
#include "journal_private.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIAL = 204, OPENED_MS = 5000, OPERATIONS = 100 };

static const uint64_t opened_ns = OPENED_MS * MVMP_NS_PER_MS;

static struct mva_journal *open_journal(
	struct mva_disk *disk, const struct mva_journal_limits *limits)
{
	struct mva_journal *journal = NULL;
	struct mvmp_error err = {0};

	assert_int_equal(mva_journal_open(disk, limits, opened_ns, &journal, &err), 0);
	return journal;
}

/* Ids as clients make them: ms since 1970 in six bytes, then what differs. */
static void make_id(uint8_t to[static MVMP_ID_LEN], uint64_t ms, uint32_t n)
{
	memset(to, 0, MVMP_ID_LEN);
	for (unsigned i = 0; i < 6; i++)
		to[i] = (uint8_t)(ms >> (8 * (5 - i)));
	memcpy(to + 12, &n, sizeof n);
}

static struct mva_intent intent_of(uint32_t n)
{
	struct mva_intent intent = {
		.serial = SERIAL, .verb = 32, .wall_ns = (1000ull + n) * MVMP_NS_PER_MS};

	make_id(intent.operation, 1000 + n, n);
	memset(intent.digest, (int)n, sizeof intent.digest);
	snprintf(intent.summary, sizeof intent.summary, "pin web-%02u vCPU 0 to 4", n);
	return intent;
}

static int save(struct mva_journal *journal, struct mva_disk *disk)
{
	struct mva_batch batch = {0};
	int rc;

	mva_journal_save(journal, &batch);
	rc = mva_batch_run(&batch, disk);
	mva_journal_saved(journal, rc);
	mva_batch_free(&batch);
	return rc;
}

static void begin(struct mva_journal *journal, uint32_t n)
{
	struct mva_intent intent = intent_of(n);

	assert_int_equal(mva_journal_begin(journal, &intent), 0);
}

static void end(struct mva_journal *journal, uint32_t n)
{
	struct mva_intent intent = intent_of(n);
	struct mva_result result = {.status = MVMP_OK,
		.text = "read back",
		.hint = "",
		.body = (const uint8_t *)&n,
		.body_len = sizeof n};

	assert_int_equal(mva_journal_end(journal, SERIAL, intent.operation, &result), 0);
}

static enum mva_journal_state find(const struct mva_journal *journal, uint32_t n)
{
	struct mva_intent intent = intent_of(n);

	return mva_journal_find(journal, SERIAL, intent.operation, intent.digest);
}

static void a_finished_operation_is_answered_from_the_journal_after_a_restart(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal = open_journal(disk, NULL);
	struct mva_intent intent = intent_of(7), read;
	struct mva_result result;

	begin(journal, 7);
	assert_int_equal(find(journal, 7), MVA_JOURNAL_RUNNING);
	assert_int_equal(save(journal, disk), 0);
	end(journal, 7);
	assert_int_equal(save(journal, disk), 0);
	mva_journal_close(journal);
	mva_disk_memory_power_cut(disk, 0);
	journal = open_journal(disk, NULL);
	assert_int_equal(find(journal, 7), MVA_JOURNAL_DONE);
	assert_int_equal(mva_journal_result(journal, SERIAL, intent.operation, &read, &result), 0);
	assert_string_equal(read.summary, "pin web-07 vCPU 0 to 4");
	assert_int_equal(read.wall_ns, intent.wall_ns);
	assert_int_equal(result.status, MVMP_OK);
	assert_string_equal(result.text, "read back");
	assert_int_equal(result.body_len, 4);
	assert_int_equal(result.body[0], 7);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

static void an_intent_without_a_result_is_interrupted(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal = open_journal(disk, NULL);

	begin(journal, 1);
	save(journal, disk);
	mva_journal_close(journal);
	journal = open_journal(disk, NULL);
	assert_int_equal(find(journal, 1), MVA_JOURNAL_INTERRUPTED);
	assert_int_equal(find(journal, 2), MVA_JOURNAL_NEW);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

static void another_argument_or_certificate_is_told_apart(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal = open_journal(disk, NULL);
	struct mva_intent intent = intent_of(1), other = intent_of(2);

	begin(journal, 1);
	assert_int_equal(mva_journal_find(journal, SERIAL, intent.operation, other.digest),
		MVA_JOURNAL_CONFLICT);
	assert_int_equal(
		mva_journal_find(journal, SERIAL, intent.operation, NULL), MVA_JOURNAL_RUNNING);
	assert_int_equal(mva_journal_find(journal, SERIAL + 1, intent.operation, intent.digest),
		MVA_JOURNAL_NEW);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

/* Runs eight operations, two at a time, until the disk fails; remembers what was promised:
 * intents that were applied and results that were answered. */
struct promises {
	bool applied[8], answered[8];
};

static void work(struct mva_journal *journal, struct mva_disk *disk, struct promises *p)
{
	for (uint32_t n = 0; n < 8; n += 2) {
		begin(journal, n);
		begin(journal, n + 1);
		if (save(journal, disk))
			return;
		p->applied[n] = p->applied[n + 1] = true;
		end(journal, n);
		end(journal, n + 1);
		if (save(journal, disk))
			return;
		p->answered[n] = p->answered[n + 1] = true;
	}
}

static void a_power_cut_at_any_operation_loses_nothing_that_was_promised(void **state)
{
	const struct mva_journal_limits small = {.segment_bytes = 600, .segments = 100};
	unsigned cuts = 0;

	for (int at = 0;; at++) {
		for (size_t torn = 0; torn < 200; torn += 37) {
			struct mva_disk *disk = mva_disk_memory();
			struct mva_journal *journal = open_journal(disk, &small);
			struct promises p = {0};

			mva_disk_memory_fail(disk, at, EIO, true);
			work(journal, disk, &p);
			mva_journal_close(journal);
			mva_disk_memory_power_cut(disk, torn);
			journal = open_journal(disk, &small);
			for (uint32_t n = 0; n < 8; n++) {
				enum mva_journal_state found = find(journal, n);

				if (p.answered[n])
					assert_int_equal(found, MVA_JOURNAL_DONE);
				else if (p.applied[n])
					assert_true(found == MVA_JOURNAL_INTERRUPTED ||
						    found == MVA_JOURNAL_DONE);
			}
			/* It goes on working behind the torn tail. */
			begin(journal, 9);
			assert_int_equal(save(journal, disk), 0);
			mva_journal_close(journal);
			journal = open_journal(disk, &small);
			assert_int_equal(find(journal, 9), MVA_JOURNAL_INTERRUPTED);
			mva_journal_close(journal);
			disk->ops->close(disk);
			cuts += !p.answered[7];
			if (p.answered[7] && !torn)
				goto done;
		}
	}
done:
	assert_true(cuts > 20);
}

static void a_disk_that_recovers_keeps_results_and_drops_unsaved_intents(void **state)
{
	for (int at = 0; at < 3; at++) {
		struct mva_disk *disk = mva_disk_memory();
		struct mva_journal *journal = open_journal(disk, NULL);
		struct mva_intent two = intent_of(2);

		begin(journal, 1);
		assert_int_equal(save(journal, disk), 0);
		end(journal, 1);
		begin(journal, 2);
		mva_disk_memory_fail(disk, at > 1 ? 1 : at, ENOSPC, false);
		assert_int_equal(save(journal, disk), -ENOSPC);
		mva_journal_abandon(journal, SERIAL, two.operation);
		assert_int_equal(find(journal, 2), MVA_JOURNAL_NEW);
		begin(journal, 3);
		assert_int_equal(save(journal, disk), 0);
		mva_journal_close(journal);
		mva_disk_memory_power_cut(disk, 0);
		journal = open_journal(disk, NULL);
		assert_int_equal(find(journal, 1), MVA_JOURNAL_DONE);
		assert_int_equal(find(journal, 2), MVA_JOURNAL_NEW);
		assert_int_equal(find(journal, 3), MVA_JOURNAL_INTERRUPTED);
		mva_journal_close(journal);
		disk->ops->close(disk);
	}
}

static void what_was_forgotten_is_refused_and_never_new_again(void **state)
{
	const struct mva_journal_limits small = {.segment_bytes = 1000, .segments = 3};
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal = open_journal(disk, &small);
	unsigned expired = 0, done = 0;

	for (unsigned restart = 0; restart < 2; restart++) {
		for (uint32_t n = restart * 50; n < restart * 50 + 50; n++) {
			begin(journal, n);
			assert_int_equal(save(journal, disk), 0);
			end(journal, n);
			assert_int_equal(save(journal, disk), 0);
		}
		mva_journal_close(journal);
		mva_disk_memory_power_cut(disk, 0);
		journal = open_journal(disk, &small);
	}
	for (uint32_t n = 0; n < 100; n++) {
		enum mva_journal_state found = find(journal, n);

		assert_true(found == MVA_JOURNAL_DONE || found == MVA_JOURNAL_EXPIRED);
		assert_false(found == MVA_JOURNAL_EXPIRED && done); /* oldest go first */
		expired += found == MVA_JOURNAL_EXPIRED;
		done += found == MVA_JOURNAL_DONE;
	}
	assert_true(expired > 50 && done >= 8);
	assert_int_equal(find(journal, 101), MVA_JOURNAL_NEW);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

/* A journal of 100 operations that are done. */
static void fill(struct mva_disk *disk, const struct mva_journal_limits *limits)
{
	struct mva_journal *journal = open_journal(disk, limits);

	for (uint32_t n = 0; n < OPERATIONS; n++) {
		begin(journal, n);
		save(journal, disk);
		end(journal, n);
		save(journal, disk);
	}
	mva_journal_close(journal);
}

static size_t read_file(struct mva_disk *disk, const char *name, uint8_t *to, size_t size)
{
	ssize_t len = disk->ops->read(disk, name, 0, to, size);

	return len < 0 ? 0 : (size_t)len;
}

static void flip(struct mva_disk *disk, const char *name, size_t at)
{
	static uint8_t bytes[1 << 16];
	size_t len = read_file(disk, name, bytes, sizeof bytes);

	assert_true(at < len);
	bytes[at] ^= 0xff;
	assert_int_equal(disk->ops->truncate(disk, name, 0), 0);
	assert_int_equal(disk->ops->append(disk, name, bytes, len), 0);
	assert_int_equal(disk->ops->sync(disk, name), 0);
}

static unsigned count(const struct mva_journal *journal, enum mva_journal_state state)
{
	unsigned found = 0;

	for (uint32_t n = 0; n < OPERATIONS; n++)
		found += find(journal, n) == state;
	return found;
}

static void a_flipped_byte_lets_nothing_run_again_and_costs_one_record(void **state)
{
	static uint8_t before[1 << 16], kept[1 << 16];
	size_t len;

	for (size_t at = 0; at < 1000; at += 7) {
		struct mva_disk *disk = mva_disk_memory();
		struct mva_journal *journal;

		fill(disk, NULL);
		flip(disk, "journal.00000001", at);
		len = read_file(disk, "journal.00000001", before, sizeof before);
		journal = open_journal(disk, NULL);
		assert_int_equal(count(journal, MVA_JOURNAL_NEW), 0);
		assert_true(count(journal, MVA_JOURNAL_DONE) >= OPERATIONS - 1);
		assert_non_null(mva_journal_damage(journal));
		assert_int_equal(
			read_file(disk, "journal.00000001.damaged", kept, sizeof kept), len);
		assert_memory_equal(kept, before, len);
		/* The next save and restart keep all of it, and complain no more. */
		begin(journal, 4000);
		assert_int_equal(save(journal, disk), 0);
		mva_journal_close(journal);
		mva_disk_memory_power_cut(disk, 0);
		journal = open_journal(disk, NULL);
		assert_null(mva_journal_damage(journal));
		assert_int_equal(count(journal, MVA_JOURNAL_NEW), 0);
		assert_true(count(journal, MVA_JOURNAL_DONE) >= OPERATIONS - 1);
		assert_int_equal(find(journal, 4000), MVA_JOURNAL_INTERRUPTED);
		assert_int_equal(find(journal, 4001), MVA_JOURNAL_NEW); /* younger */
		mva_journal_close(journal);
		disk->ops->close(disk);
	}
}

static void results_behind_the_damage_are_read_from_their_new_places(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_intent intent = intent_of(90), read;
	struct mva_journal *journal;
	struct mva_result result;

	fill(disk, NULL);
	flip(disk, "journal.00000001", 300);
	journal = open_journal(disk, NULL);
	assert_int_equal(mva_journal_result(journal, SERIAL, intent.operation, &read, &result), 0);
	assert_string_equal(read.summary, "pin web-90 vCPU 0 to 4");
	assert_int_equal(result.body[0], 90);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

static void an_older_segment_without_its_end_lets_nothing_run_again(void **state)
{
	const struct mva_journal_limits small = {.segment_bytes = 2000, .segments = 100};
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal;

	fill(disk, &small);
	assert_int_equal(disk->ops->truncate(disk, "journal.00000002", 700), 0);
	journal = open_journal(disk, &small);
	assert_int_equal(count(journal, MVA_JOURNAL_NEW), 0);
	assert_true(count(journal, MVA_JOURNAL_EXPIRED) > 0);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

static void damage_that_cannot_be_mended_is_left_as_it_is_and_not_appended_to(void **state)
{
	static uint8_t before[1 << 16], after[1 << 16];
	size_t len;

	for (int fail_at = 0; fail_at < 7; fail_at++) {
		struct mva_disk *disk = mva_disk_memory();
		struct mva_journal *journal;

		fill(disk, NULL);
		flip(disk, "journal.00000001", 300);
		len = read_file(disk, "journal.00000001", before, sizeof before);
		mva_disk_memory_fail(disk, fail_at, EROFS, true);
		journal = open_journal(disk, NULL);
		mva_disk_memory_fail(disk, -1, 0, false);
		assert_non_null(mva_journal_damage(journal));
		assert_int_equal(count(journal, MVA_JOURNAL_NEW), 0);
		if (fail_at < 6) { /* the last one comes after the rename */
			assert_int_equal(
				read_file(disk, "journal.00000001", after, sizeof after), len);
			assert_memory_equal(before, after, len);
		}
		begin(journal, 4000);
		assert_int_equal(save(journal, disk), 0);
		mva_journal_close(journal);
		mva_disk_memory_power_cut(disk, 0);
		journal = open_journal(disk, NULL);
		assert_int_equal(count(journal, MVA_JOURNAL_NEW), 0);
		assert_true(find(journal, 4000) == MVA_JOURNAL_INTERRUPTED);
		mva_journal_close(journal);
		disk->ops->close(disk);
	}
}

static void save_all(struct mva_journal *journal, struct mva_disk *disk)
{
	while (mva_journal_dirty(journal))
		assert_int_equal(save(journal, disk), 0);
}

static void the_table_never_grows_and_the_oldest_operations_make_room(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_journal *journal = open_journal(disk, NULL);
	const void *slots = journal->table.slot;

	for (uint32_t n = 0; n < 40000; n++) {
		begin(journal, n);
		end(journal, n);
		if (n % 64 == 63)
			save_all(journal, disk);
		assert_true(journal->table.used <= 32256);
	}
	assert_ptr_equal(journal->table.slot, slots);
	assert_int_equal(journal->table.slots, 65536);
	assert_int_equal(find(journal, 0), MVA_JOURNAL_EXPIRED);
	assert_int_equal(find(journal, 39000), MVA_JOURNAL_DONE);
	mva_journal_close(journal);
	disk->ops->close(disk);
}

/* Ids of the same last eight bytes, and such that count up: the longest row of taken slots stays
 * short. By chance alone 4000 entries in 65536 slots make rows of about five. */
static void ids_that_are_chosen_to_fall_together_do_not(void **state)
{
	struct journal_table table;
	unsigned row = 0, longest = 0;

	assert_int_equal(journal_table_init(&table, 32256), 0);
	for (uint32_t n = 0; n < 4000; n++) {
		uint8_t id[MVMP_ID_LEN] = {0};

		memcpy(n % 2 ? id : id + 12, &n, sizeof n);
		assert_non_null(journal_table_add(&table, SERIAL, id));
	}
	for (uint32_t i = 0; i < table.slots; i++) {
		row = table.slot[i].state ? row + 1 : 0;
		longest = row > longest ? row : longest;
	}
	assert_in_range(longest, 1, 40);
	free(table.slot);
}

static bool is_odd(void *ctx, const struct journal_entry *e)
{
	return e->operation[0] & 1;
}

static void what_is_removed_takes_nothing_with_it(void **state)
{
	struct journal_table table;

	assert_int_equal(journal_table_init(&table, 100), 0);
	for (unsigned n = 0; n < 190; n++) /* three quarters full: long rows */
		journal_table_add(&table, SERIAL, (uint8_t[MVMP_ID_LEN]){(uint8_t)n, 7});
	journal_table_filter(&table, is_odd, NULL);
	journal_table_remove(&table, SERIAL, (uint8_t[MVMP_ID_LEN]){4, 7});
	for (unsigned n = 0; n < 190; n++) {
		const uint8_t id[MVMP_ID_LEN] = {(uint8_t)n, 7};

		assert_int_equal(
			journal_table_find(&table, SERIAL, id) != NULL, n % 2 == 0 && n != 4);
	}
	assert_int_equal(table.used, 94);
	free(table.slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finished_operation_is_answered_from_the_journal_after_a_restart),
		cmocka_unit_test(an_intent_without_a_result_is_interrupted),
		cmocka_unit_test(another_argument_or_certificate_is_told_apart),
		cmocka_unit_test(a_power_cut_at_any_operation_loses_nothing_that_was_promised),
		cmocka_unit_test(a_disk_that_recovers_keeps_results_and_drops_unsaved_intents),
		cmocka_unit_test(what_was_forgotten_is_refused_and_never_new_again),
		cmocka_unit_test(a_flipped_byte_lets_nothing_run_again_and_costs_one_record),
		cmocka_unit_test(results_behind_the_damage_are_read_from_their_new_places),
		cmocka_unit_test(an_older_segment_without_its_end_lets_nothing_run_again),
		cmocka_unit_test(the_table_never_grows_and_the_oldest_operations_make_room),
		cmocka_unit_test(ids_that_are_chosen_to_fall_together_do_not),
		cmocka_unit_test(what_is_removed_takes_nothing_with_it),
		cmocka_unit_test(damage_that_cannot_be_mended_is_left_as_it_is_and_not_appended_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
