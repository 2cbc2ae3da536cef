/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_run.h"
#include "../unit/cmocka_all.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 128, POINTS_MAX = 20000 };

static const struct {
	enum fault_kind kind;
	const char *name;
	int error[4];
	bool halfway;
} ways[] = {
	{FAULT_MEMORY, "memory", {ENOMEM}, false},
	{FAULT_CRYPTO, "libcrypto", {ENOMEM}, false},
	{FAULT_FILE, "file", {EIO, ENOSPC}, false},
	{FAULT_FILE, "file, halfway", {ENOSPC}, true},
	{FAULT_READ, "reading", {EIO, EMFILE}, false},
	{FAULT_SOCKET, "socket", {ENOBUFS, EMFILE}, false},
	{FAULT_SEND, "sending", {ENOBUFS, EAGAIN, ENETDOWN}, false},
	{FAULT_DISK, "disk", {EIO, ENOSPC}, false},
	{FAULT_DISK, "disk, halfway", {ENOSPC}, true},
	{FAULT_PROCESS, "process", {EAGAIN}, false},
};

static char now[160]; /* what is tried; empty: nothing */
static unsigned points, operations;

/* One try; whether there was a fault. */
static bool try_one(const struct fault_row *row, size_t way, int error, bool stay, unsigned n)
{
	bool fault;

	snprintf(now, sizeof now, "%s: %s, call %u%s: %s", row->name, ways[way].name, n,
		stay ? " and all after it" : "", strerror(error));
	fault_watch();
	if (row->set_up)
		row->set_up(row->with);
	fault_arm(ways[way].kind, n, error, stay, ways[way].halfway);
	row->run();
	fault = fault_disarm();
	row->check(!fault ? FAULT_NONE : stay ? FAULT_STAYED : FAULT_ONCE);
	if (row->tear_down)
		row->tear_down();
	if (fault_leaked())
		fail_msg("memory is lost");
	now[0] = '\0';
	return fault;
}

static void try_all(const struct fault_row *row, size_t way, int error, bool stay)
{
	unsigned n = 1;

	while (try_one(row, way, error, stay, n) && n < POINTS_MAX)
		n++;
	assert_true(n < POINTS_MAX);
	points += n - 1;
}

static void try_row(void **state)
{
	const struct fault_row *row = *state;
	unsigned before = points;

	/* What is made once for the whole process is made here. */
	try_one(row, 0, ENOMEM, false, POINTS_MAX * 100);
	for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
		if (!(row->kinds & ways[way].kind))
			continue;
		for (const int *error = ways[way].error; *error; error++) {
			try_all(row, way, *error, false);
			try_all(row, way, *error, true);
		}
	}
	operations++;
	print_message("%s: %u faults\n", row->name, points - before);
	assert_true(points > before); /* an operation that cannot fail has no business here */
}

static int tell(void **state)
{
	fault_disarm();
	if (now[0])
		print_error("at %s (%s)\n", now, fault_place());
	now[0] = '\0';
	return 0;
}

int fault_run(const char *name, const struct fault_row *rows, size_t count, int argc, char **argv)
{
	struct CMUnitTest tests[ROWS_MAX];
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < count && n < ROWS_MAX; i++) {
		if (argc > 1 && strcmp(argv[1], rows[i].name) != 0)
			continue;
		tests[n++] = (struct CMUnitTest){.name = rows[i].name,
			.test_func = try_row,
			.teardown_func = tell,
			.initial_state = (void *)(uintptr_t)&rows[i]};
	}
	failed = _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	print_message("%u operations, %u faults\n", operations, points);
	return failed;
}
