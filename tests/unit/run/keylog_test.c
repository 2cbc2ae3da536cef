/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <mvmp/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mvmp-keylog.XXXXXX";

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

static const char *file(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_line(const char *line)
{
	struct mvmp_key_log *log;
	struct mvmp_error err;

	assert_int_equal(mvmp_key_log_open(file("keys"), &log, &err), 0);
	mvmp_key_log_put(log, line);
	mvmp_key_log_close(log);
}

/* A new file is for its owner alone; later starts append to it. */
static void appends(void **state)
{
	char text[256] = "";
	struct stat st;
	FILE *f;

	umask(0);
	write_line("data 00000001 in aa");
	assert_int_equal(stat(file("keys"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	write_line("data 00000002 out bb");
	f = fopen(file("keys"), "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text,
		"# MVMP key log 1: whoever has this file can read these sessions\n"
		"data 00000001 in aa\ndata 00000002 out bb\n");
	unlink(file("keys"));
}

static void refuse(const char *words)
{
	struct mvmp_key_log *log = NULL;
	struct mvmp_error err;

	assert_int_equal(mvmp_key_log_open(file("keys"), &log, &err), -MVMP_PERMISSION);
	assert_null(log);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* Files that others can read, and what is no file of ours, get no keys. */
static void refusals(void **state)
{
	write_line("data 00000001 in aa");
	chmod(file("keys"), 0640);
	refuse("its mode is 0640");
	chmod(file("keys"), 0602);
	refuse("its mode is 0602");
	unlink(file("keys"));
	assert_int_equal(symlink("elsewhere", file("keys")), 0);
	refuse("cannot open");
	assert_int_equal(access(file("elsewhere"), F_OK), -1);
	unlink(file("keys"));
	assert_int_equal(mkfifo(file("keys"), 0600), 0);
	refuse("key log");
	unlink(file("keys"));
	assert_int_equal(mkdir(file("keys"), 0700), 0);
	refuse("cannot open");
	rmdir(file("keys"));
}

/* It does not grow beyond 64 MiB. */
static void bounded(void **state)
{
	struct stat st;

	write_line("data 00000001 in aa");
	assert_int_equal(truncate(file("keys"), (64 << 20) - 20), 0);
	write_line("data 00000002 in bb"); /* 20 bytes with its end */
	write_line("data 00000003 in cc");
	assert_int_equal(stat(file("keys"), &st), 0);
	assert_int_equal(st.st_size, 64 << 20);
	unlink(file("keys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
