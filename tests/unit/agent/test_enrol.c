/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <disk_memory.h>
#include <enrol/store.h>
#include <errno.h>
#include <stdio.h>

static const uint8_t cluster_key[MVMP_KEY_LEN] = {0xab, [31] = 0xcd};
static uint8_t state[MVMP_CLUSTER_MAX];
static const struct mvmp_enrol_delivery delivery = {.cluster_key = cluster_key,
	.cert = (const uint8_t[]){1, 2, 3},
	.cert_len = 3,
	.state = state,
	.state_len = sizeof state};

static struct mva_disk *disk;

static int set_up(void **ignored)
{
	memset(state, 0x5a, sizeof state);
	disk = mva_disk_memory();
	return disk ? 0 : -1;
}

static int tear_down(void **ignored)
{
	disk->ops->close(disk);
	return 0;
}

static bool is_there(const char *name)
{
	char byte;

	return disk->ops->read(disk, name, 0, &byte, 1) >= 0;
}

/* Whether a file is this title and the hex of `len` bytes that are the same but for the first ones.
 */
static bool holds(const char *name, const char *begin, size_t len)
{
	static char text[2 * MVMP_CLUSTER_MAX + 64];
	ssize_t got = disk->ops->read(disk, name, 0, text, sizeof text);

	return got == (ssize_t)(strcspn(begin, "\n") + 1 + 2 * len + 1) &&
	       !memcmp(text, begin, strlen(begin)) && text[got - 1] == '\n';
}

static bool complete(void)
{
	return holds("cluster.key", "mvmp cluster key v1\nab00", MVMP_KEY_LEN) &&
	       holds("cluster.state", "mvmp cluster state v1\n5a5a5a", sizeof state) &&
	       holds("member.cert", "mvmp member certificate v1\n010203\n", 3) &&
	       !is_there("cluster.key.old");
}

/* The files that member and operator programs read. */
static void written(void **ignored)
{
	assert_int_equal(mva_enrol_store(disk, &delivery, NULL), 0);
	assert_true(complete());
	mva_disk_memory_power_cut(disk, 0);
	assert_true(complete());
	assert_false(is_there("member.cert.new"));
}

static void put(const char *name, const char *text)
{
	assert_int_equal(disk->ops->append(disk, name, text, strlen(text)), 0);
	assert_int_equal(disk->ops->sync(disk, name), 0);
}

/* What earlier memberships and tries may have left. */
static void leave_rests(void)
{
	put("cluster.key", "of another cluster");
	put("cluster.key.old", "and the one before");
	put("cluster.key.new", "half");
	put("member.cert.new", "half");
	assert_int_equal(disk->ops->sync_names(disk), 0);
}

/* Fails at one step and ever after, perhaps with a power cut then; true when no step was left. */
static bool interrupted(int step, bool cut, size_t torn)
{
	struct mvmp_error err;
	int rc;

	leave_rests();
	mva_disk_memory_fail(disk, step, EIO, true);
	rc = mva_enrol_store(disk, &delivery, &err);
	mva_disk_memory_fail(disk, -1, 0, false);
	assert_true(rc == 0 || rc == -MVMP_IO);
	if (cut)
		mva_disk_memory_power_cut(disk, torn);
	if (!rc)
		assert_true(is_there("member.cert"));
	if (is_there("member.cert"))
		assert_true(complete());
	else
		assert_int_equal(mva_enrol_store(disk, &delivery, NULL), 0);
	assert_true(complete());
	return rc == 0;
}

/* A failure or a power cut between any two steps leaves a node that is not enrolled, and can be, or
 * one that is and has everything. */
static void any_step(void **ignored)
{
	static const size_t torn[] = {0, 0, 3, 100, 1 << 20};
	int step, most = 0;

	for (unsigned i = 0; i < sizeof torn / sizeof *torn; i++) {
		bool ended = false;

		for (step = 0; !ended; step++) {
			tear_down(NULL);
			set_up(NULL);
			ended = interrupted(step, i > 0, torn[i]);
		}
		most = step > most ? step : most;
	}
	/* Removed, written, synced, renamed for each of three files, names twice, the old key. */
	assert_int_equal(most - 1, 3 * 4 + 2 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(any_step, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
