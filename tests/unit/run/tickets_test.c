/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <mvmp/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tickets.h>
#include <time.h>
#include <unistd.h>

/* The file of tickets, with an endpoint that only remembers what it is handed. */

static char folder[64], path[128];
static struct mvmp_ticket handed[MVMP_TICKET_FILE_MOST];
static unsigned count;

void mvmp_endpoint_add_ticket(struct mvmp_endpoint *ep, const struct mvmp_ticket *ticket)
{
	handed[count++] = *ticket;
}

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/mvmp-tickets-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/cache/mvmp/tickets", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char text[256];

	unlink(path);
	for (unsigned up = 0; up < 2; up++) {
		snprintf(text, sizeof(text), "%s/cache%s", folder, up ? "" : "/mvmp");
		rmdir(text);
	}
	return rmdir(folder);
}

static struct mvmp_ticket_file *open_as(uint8_t who)
{
	struct mvmp_identity own = {.crypto = &mvmp_crypto_openssl};
	struct mvmp_ticket_file *file;

	memset(own.cert.key, who, MVMP_KEY_LEN);
	file = mvmp_ticket_file_new(path, &own);
	assert_non_null(file);
	return file;
}

static struct mvmp_ticket ticket(unsigned n, uint8_t secret)
{
	struct mvmp_ticket t = {.responder = {(uint8_t)n, (uint8_t)(n >> 8), 1}};

	memset(t.id, (int)n, sizeof(t.id));
	memset(t.secret, secret, sizeof(t.secret));
	return t;
}

static void keep(uint8_t who, unsigned n, uint8_t secret)
{
	struct mvmp_ticket_file *file = open_as(who);
	struct mvmp_ticket t = ticket(n, secret);

	mvmp_ticket_file_note(file, &t);
	assert_int_equal(mvmp_ticket_file_save(file), 0);
	mvmp_ticket_file_free(file);
}

static unsigned load(uint8_t who)
{
	struct mvmp_ticket_file *file = open_as(who);
	unsigned n;

	count = 0;
	n = mvmp_ticket_file_load(file, NULL);
	assert_int_equal(n, count);
	mvmp_ticket_file_free(file);
	return n;
}

static struct stat status(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st;
}

static void overwrite(const void *bytes, size_t len, unsigned mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
	chmod(path, mode);
}

static void read_back(uint8_t *to, size_t len)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(to, 1, len, file), len);
	fclose(file);
}

/* What was noted is there in the next run, for the same member only; a newer ticket of a responder
 * replaces the older; the file and its folders are made, for the owner only. */
static void kept(void **state)
{
	struct mvmp_ticket want = ticket(2, 9);

	assert_int_equal(load(1), 0);
	keep(1, 1, 5);
	keep(1, 2, 5);
	keep(2, 1, 7);
	keep(1, 2, 9);
	assert_int_equal(status().st_mode & 07777, 0600);
	assert_int_equal(status().st_size, 16 + 3 * 48);
	assert_int_equal(load(1), 2);
	assert_memory_equal(&handed[1], &want, sizeof(want));
	assert_int_equal(load(2), 1);
	assert_int_equal(load(3), 0);
}

/* Nothing is written where nothing is new. */
static void untouched(void **state)
{
	struct mvmp_ticket_file *file = open_as(1);
	struct stat before;

	keep(1, 1, 5);
	before = status();
	assert_int_equal(mvmp_ticket_file_save(file), 0);
	mvmp_ticket_file_free(file);
	assert_int_equal(status().st_ino, before.st_ino);
}

/* A file that is broken, too long, a link, or readable by others counts for empty, and is replaced
 * by a good one. */
static void ignored(void **state)
{
	static char big[16 + 48 * (MVMP_TICKET_FILE_MOST + 1)] = "mvmp tickets v1\n";
	static const struct {
		size_t len;
		unsigned mode;
		char first;
	} row[] = {{0, 0600, 'm'}, {15, 0600, 'm'}, {16 + 47, 0600, 'm'}, {16 + 48, 0600, 'x'},
		{sizeof(big), 0600, 'm'}, {16 + 48, 0644, 'm'}, {16 + 48, 0620, 'm'}};

	keep(1, 1, 5);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		big[0] = row[i].first;
		overwrite(big, row[i].len, row[i].mode);
		assert_int_equal(load(1), 0);
		keep(1, 1, 5);
		assert_int_equal(status().st_mode & 07777, 0600);
		assert_int_equal(load(1), 1);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(load(1), 0);
	keep(1, 1, 5);
	assert_int_equal(load(1), 1);
}

/* The file of another user is not believed. */
static void others(void **state)
{
	keep(1, 1, 5);
	if (geteuid() != 0 || chown(path, 12345, 0))
		skip();
	assert_int_equal(load(1), 0);
	keep(1, 1, 5);
	assert_int_equal(load(1), 1);
}

/* Where nothing can be written nothing happens; the ticket is kept for the next try. */
static void unwritable(void **state)
{
	struct mvmp_ticket_file *file;
	struct mvmp_ticket t = ticket(1, 5);

	snprintf(path, sizeof(path), "%s/cache", folder);
	overwrite("", 0, 0600);
	snprintf(path, sizeof(path), "%s/cache/mvmp/tickets", folder);
	file = open_as(1);
	mvmp_ticket_file_note(file, &t);
	assert_true(mvmp_ticket_file_save(file) < 0);
	snprintf(path, sizeof(path), "%s/cache", folder);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/cache/mvmp/tickets", folder);
	assert_int_equal(mvmp_ticket_file_save(file), 0);
	mvmp_ticket_file_free(file);
	assert_int_equal(load(1), 1);
}

/* The file has a bound: the oldest tickets go. */
static void bounded(void **state)
{
	static uint8_t full[16 + 48 * MVMP_TICKET_FILE_MOST];
	struct mvmp_ticket third = ticket(3, 5);

	keep(1, 0, 5);
	read_back(full, 16 + 48);
	for (unsigned i = 1; i < MVMP_TICKET_FILE_MOST; i++) {
		struct mvmp_ticket t = ticket(i, 5);

		memcpy(full + 16 + 48 * i, full + 16, 8);
		memcpy(full + 16 + 48 * i + 8, &t, sizeof(t));
	}
	overwrite(full, sizeof(full), 0600);
	for (unsigned i = 0; i < 3; i++)
		keep(1, MVMP_TICKET_FILE_MOST + i, 5);
	assert_int_equal(load(1), MVMP_TICKET_FILE_MOST);
	assert_memory_equal(&handed[0], &third, sizeof(third));
}

/* As many tickets as a file may have cost each about the same: all of them, noted twice and merged
 * with a full file, take far less than a second of the processor's time. */
static void many(void **state)
{
	const clock_t start = clock();
	struct mvmp_ticket_file *file;

	for (unsigned turn = 0; turn < 2; turn++) {
		file = open_as(1);
		for (unsigned i = 0; i < 2 * MVMP_TICKET_FILE_MOST; i++) {
			struct mvmp_ticket t = ticket(i % MVMP_TICKET_FILE_MOST, (uint8_t)turn);

			mvmp_ticket_file_note(file, &t);
		}
		assert_int_equal(mvmp_ticket_file_save(file), 0);
		mvmp_ticket_file_free(file);
	}
	assert_true(clock() - start < CLOCKS_PER_SEC);
	assert_int_equal(load(1), MVMP_TICKET_FILE_MOST);
	for (unsigned i = 0; i < MVMP_TICKET_FILE_MOST; i++)
		assert_int_equal(handed[i].secret[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(untouched, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(ignored, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(others, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(unwritable, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(many, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(bounded, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
