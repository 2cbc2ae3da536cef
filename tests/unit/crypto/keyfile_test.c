/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include <mvmp/keyfile.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t key[32] = {0xab, 1, 2};

static unsigned mode_of(const struct folder *folder, const char *name)
{
	struct stat st;

	assert_int_equal(stat(folder_file(folder, name), &st), 0);
	return st.st_mode & 07777;
}

/* What is written is read back; secrets are for their owner only; no temporary file stays. */
static void files_are_written_and_read(void **state)
{
	struct folder folder;
	uint8_t read[320];

	folder_make(&folder);
	assert_int_equal(
		mvmp_keyfile_write_in(&mvmp_member_key, folder.path, key, 32, true, NULL), 0);
	assert_int_equal(
		mvmp_keyfile_write_in(&mvmp_member_cert, folder.path, key, 5, true, NULL), 0);
	assert_int_equal(mode_of(&folder, "member.key"), 0600);
	assert_int_equal(mode_of(&folder, "member.cert"), 0644);
	assert_int_equal(mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL), 32);
	assert_memory_equal(read, key, 32);
	assert_int_equal(mvmp_keyfile_read_in(&mvmp_member_cert, folder.path, read, NULL), 5);
	assert_int_equal(folder_count(&folder), 2);
	folder_remove(&folder);
}

/* A fresh file never takes the place of one that is there; a replaced one is whole. */
static void fresh_files_do_not_overwrite(void **state)
{
	static const uint8_t other[32] = {9};
	struct folder folder;
	struct mvmp_error err;
	uint8_t read[32];

	folder_make(&folder);
	mvmp_keyfile_write_in(&mvmp_member_key, folder.path, key, 32, true, NULL);
	assert_int_equal(
		mvmp_keyfile_write_in(&mvmp_member_key, folder.path, other, 32, true, &err),
		-MVMP_CONFLICT);
	assert_non_null(strstr(err.text, "member.key exists"));
	mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL);
	assert_memory_equal(read, key, 32);
	assert_int_equal(
		mvmp_keyfile_write_in(&mvmp_member_key, folder.path, other, 32, false, &err), 0);
	mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL);
	assert_memory_equal(read, other, 32);
	assert_int_equal(folder_count(&folder), 1);
	folder_remove(&folder);
}

/* A secret that group or others may read is refused, naming file and mode. */
static void open_secrets_are_refused(void **state)
{
	static const unsigned modes[] = {0640, 0604, 0660, 0610, 0644};
	struct folder folder;
	struct mvmp_error err;
	uint8_t read[32];

	folder_make(&folder);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder.path, key, 32, true, NULL);
	for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
		char text[8];

		assert_int_equal(chmod(folder_file(&folder, "cluster.key"), modes[i]), 0);
		assert_int_equal(mvmp_keyfile_read_in(&mvmp_cluster_key, folder.path, read, &err),
			-MVMP_PERMISSION);
		snprintf(text, sizeof text, "%04o", modes[i]);
		assert_non_null(strstr(err.text, text));
		assert_non_null(strstr(err.text, "cluster.key"));
	}
	folder_remove(&folder);
}

#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Anything but the title line and one line of hex of the right length is refused. */
static void other_content_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"mvmp member key v1",
		"mvmp member key v1\n",
		"mvmp member key v1\n\n",
		"mvmp member key v1\n" HEX32,
		"mvmp member key v1\n" HEX32 "\n\n",
		"mvmp member key v1\n" HEX32 "00\n",
		"mvmp member key v1\n" HEX32 "0\n",
		"mvmp member key v1\n00\n",
		"mvmp member key "
		"v1\nzz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
		"mvmp member key v2\n" HEX32 "\n",
		"mvmp cluster key v1\n" HEX32 "\n",
		HEX32 "\n",
	};
	struct folder folder;
	uint8_t read[32];

	folder_make(&folder);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		folder_write(&folder, "member.key", bad[i], 0600);
		assert_int_equal(mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL),
			-MVMP_INVALID);
	}
	folder_write(&folder, "member.key", "mvmp member key v1\n" HEX32 "\n", 0600);
	assert_int_equal(truncate(folder_file(&folder, "member.key"), 19 + 64 + 1 + 3), 0);
	assert_int_equal(
		mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL), -MVMP_INVALID);
	folder_write(&folder, "member.key", "mvmp member key v1\n" HEX32 "\n", 0600);
	assert_int_equal(mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL), 32);
	folder_remove(&folder);
}

/* Missing files, FIFOs and directories are told apart and never waited for. */
static void other_kinds_of_file_are_refused(void **state)
{
	struct folder folder;
	struct mvmp_error err;
	uint8_t read[32];

	folder_make(&folder);
	assert_int_equal(
		mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, &err), -MVMP_NOT_FOUND);
	assert_int_equal(mkfifo(folder_file(&folder, "member.key"), 0600), 0);
	assert_int_equal(
		mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, &err), -MVMP_INVALID);
	assert_int_equal(
		mvmp_keyfile_read(&mvmp_member_key, folder.path, read, &err), -MVMP_INVALID);
	assert_int_equal(
		mvmp_keyfile_write_in(&mvmp_member_key, "/nonexistent/folder", key, 32, true, &err),
		-MVMP_IO);
	folder_remove(&folder);
}

/* A file that cannot be written whole leaves the one before as it was, and nothing beside it. */
static void full_disks_change_nothing(void **state)
{
	static const uint8_t other[32] = {9};
	struct rlimit before, small;
	struct folder folder;
	struct mvmp_error err;
	uint8_t read[32];
	int ret;

	folder_make(&folder);
	mvmp_keyfile_write_in(&mvmp_member_key, folder.path, key, 32, true, NULL);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	ret = mvmp_keyfile_write_in(&mvmp_member_key, folder.path, other, 32, false, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(ret, -MVMP_IO);
	assert_non_null(strstr(err.text, "cannot write"));
	assert_int_equal(folder_count(&folder), 1);
	assert_int_equal(mvmp_keyfile_read_in(&mvmp_member_key, folder.path, read, NULL), 32);
	assert_memory_equal(read, key, 32);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_written_and_read),
		cmocka_unit_test(fresh_files_do_not_overwrite),
		cmocka_unit_test(open_secrets_are_refused),
		cmocka_unit_test(other_content_is_refused),
		cmocka_unit_test(other_kinds_of_file_are_refused),
		cmocka_unit_test(full_disks_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
