/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include "helper/table.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/identity.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NUMBER = 0x01020304 };

static unsigned readies;
static char watched[32];

static void ready(void *ctx)
{
	readies++;
}

static void watch(void *ctx, const char *interface)
{
	snprintf(watched, sizeof watched, "%s", interface);
}

static const struct mva_table_env env = {.root = "", .ready = ready, .watch = watch};

/* Asks; the answer's code, and its sentence and descriptor. */
static int ask(const uint8_t *question, size_t len, struct mvmp_error *err, int *fd)
{
	uint8_t answer[4096];
	size_t got = mva_table_do(&env, question, len, answer, sizeof answer, fd);
	struct mvmp_reader r = mvmp_reader(answer, got);
	int rc;

	assert_int_equal(mvmp_get_u32(&r), MVA_WIRE_ANSWER);
	assert_int_equal(mvmp_get_u32(&r), len < 8 ? 0 : NUMBER);
	rc = (int)mvmp_get_u32(&r);
	mva_wire_get_error(&r, err);
	assert_false(r.bad);
	return rc;
}

static int ask_open(uint32_t source, const char *name, uint32_t number, int *fd)
{
	uint8_t bytes[128], text[MVA_NAME_LEN] = {0};
	struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
	struct mvmp_error err;

	memcpy(text, name, strlen(name));
	mvmp_put_u32(&w, MVA_WIRE_OPEN);
	mvmp_put_u32(&w, NUMBER);
	mvmp_put_u32(&w, source);
	mvmp_put_bytes(&w, text, sizeof text);
	mvmp_put_u32(&w, number);
	mvmp_put_u32(&w, 0);
	mvmp_put_u64(&w, 0);
	return ask(bytes, w.used, &err, fd);
}

static void a_named_source_is_opened_and_readable(void **state)
{
	char line[8];
	int fd;

	assert_int_equal(ask_open(MVA_SRC_PROC_FILE, "stat", 0, &fd), 0);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, line, 4), 4);
	assert_memory_equal(line, "cpu ", 4);
	assert_int_equal(write(fd, line, 1), -1); /* for reading only */
	close(fd);
}

static void names_outside_the_list_are_refused(void **state)
{
	static const char *const bad[] = {"", "kcore", "../etc/shadow", "sys/kernel/core_pattern",
		"stat/", "/proc/stat", "self/mem", "1/environ", "STAT"};
	int fd;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_true(ask_open(MVA_SRC_PROC_FILE, bad[i], 0, &fd) < 0);
		assert_int_equal(fd, -1);
		assert_true(ask_open(MVA_SRC_SYS_DIR, bad[i], 0, &fd) < 0);
		assert_int_equal(fd, -1);
	}
}

static void processes_that_are_no_guests_are_refused(void **state)
{
	const uint32_t bad[] = {0, 1, (uint32_t)getpid(), 0x7fffffff, 0xffffffff};
	int fd;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		uint8_t bytes[12];
		struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
		struct mvmp_error err;

		assert_true(ask_open(MVA_SRC_PROC_PID_DIR, "", bad[i], &fd) < 0);
		assert_int_equal(fd, -1);
		mvmp_put_u32(&w, MVA_WIRE_READ_PID_IO);
		mvmp_put_u32(&w, NUMBER);
		mvmp_put_u32(&w, bad[i]);
		assert_true(ask(bytes, w.used, &err, &fd) < 0);
	}
}

static void sources_and_kinds_outside_the_table_are_refused(void **state)
{
	int fd;

	assert_true(ask_open(MVA_SRC_COUNT, "stat", 0, &fd) < 0);
	assert_true(ask_open(0xffffffff, "stat", 0, &fd) < 0);
	for (uint32_t kind = 0; kind < 300; kind++) {
		uint8_t bytes[8];
		struct mvmp_writer w = mvmp_writer(bytes, sizeof bytes);
		struct mvmp_error err;

		mvmp_put_u32(&w, kind);
		mvmp_put_u32(&w, NUMBER);
		if (kind == MVA_WIRE_READY)
			continue; /* the only one without arguments */
		assert_int_equal(ask(bytes, w.used, &err, &fd), -EBADMSG);
		assert_int_equal(err.status, MVMP_INVALID);
		assert_int_equal(fd, -1);
	}
}

static void a_question_of_any_other_length_is_malformed(void **state)
{
	uint8_t bytes[128] = {MVA_WIRE_OPEN, [4] = 4, 3, 2, 1};
	struct mvmp_error err;
	int fd;

	memcpy(bytes + 12, "stat", 4); /* source 0, /proc/stat; right at 60 bytes */
	for (size_t len = 0; len < sizeof bytes; len++) {
		int rc = ask(bytes, len, &err, &fd);

		assert_int_equal(rc, len == 60 ? 0 : -EBADMSG);
		assert_int_equal(fd >= 0, len == 60);
		if (fd >= 0)
			close(fd);
	}
	memset(bytes + 12, 'a', MVA_NAME_LEN); /* no end of the name */
	assert_int_equal(ask(bytes, 60, &err, &fd), -EBADMSG);
}

static void only_interface_names_are_watched(void **state)
{
	static const char *const bad[] = {"", "../eth0", "a-name-that-is-far-too-long"};
	struct mvmp_error err;
	uint8_t bytes[64] = {MVA_WIRE_WATCH, [4] = 4, 3, 2, 1};
	int fd;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memcpy(bytes + 8, bad[i], strlen(bad[i]));
		assert_int_equal(ask(bytes, 8 + strlen(bad[i]), &err, &fd), -EBADMSG);
	}
	assert_string_equal(watched, "");
	memcpy(bytes + 8, "eth1", 4);
	assert_int_equal(ask(bytes, 12, &err, &fd), 0);
	assert_string_equal(watched, "eth1");
}

static void a_cluster_state_nobody_signed_is_not_kept(void **state)
{
	const struct mva_table_env with = {.root = "", .identity = "/nonexistent"};
	uint8_t question[64] = {MVA_WIRE_KEEP, [8] = MVMP_PART_STATE}, answer[4096];
	struct mvmp_reader r;
	int fd;

	r = mvmp_reader(answer, mva_table_do(&with, question, 40, answer, sizeof answer, &fd));
	mvmp_get_u64(&r);
	assert_true((int)mvmp_get_u32(&r) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_named_source_is_opened_and_readable),
		cmocka_unit_test(names_outside_the_list_are_refused),
		cmocka_unit_test(processes_that_are_no_guests_are_refused),
		cmocka_unit_test(sources_and_kinds_outside_the_table_are_refused),
		cmocka_unit_test(a_question_of_any_other_length_is_malformed),
		cmocka_unit_test(only_interface_names_are_watched),
		cmocka_unit_test(a_cluster_state_nobody_signed_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
