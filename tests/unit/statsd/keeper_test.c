/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../crypto/folder.h"
#include "../crypto/members.h"
#include "keeper.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <mvmp/keyfile.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What mvstatsd has kept by the process that may write its identity. */

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;
static const uint8_t secret[32] = {77}, first[32] = {1}, second[32] = {2};

static size_t sign_state(uint64_t number, const uint8_t *key, const uint8_t *seed, uint8_t **ret)
{
	struct mvmp_cluster cluster = test_cluster(seed);
	int len;

	cluster.number = number;
	cluster.grace_s = 100;
	mvmp_cluster_key_id(crypto, cluster.key_id, key);
	len = mvmp_cluster_sign(crypto, &cluster, seed, ret, NULL);
	assert_true(len > 0);
	return (size_t)len;
}

static void make_member(struct folder *folder)
{
	struct mvmp_cert cert = test_cert();
	uint8_t bytes[MVMP_CERT_MAX], *document;
	size_t len = sign_state(7, first, test_ca_seed, &document);
	int cert_len;

	folder_make(folder);
	crypto->dh_public(cert.key, secret);
	cert.not_after = (uint64_t)time(NULL) + 1000;
	cert_len = mvmp_cert_sign(crypto, &cert, test_ca_seed, bytes, NULL);
	mvmp_keyfile_write_in(&mvmp_member_key, folder->path, secret, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_key, folder->path, first, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_state, folder->path, document, len, true, NULL);
	mvmp_keyfile_write_in(&mvmp_member_cert, folder->path, bytes, (size_t)cert_len, true, NULL);
	free(document);
}

static int keep_state(struct mvs_keeper *keeper, const uint8_t *seed, struct mvmp_error *err)
{
	uint8_t *document;
	size_t len = sign_state(8, second, seed, &document);
	int ret = mvs_keeper_keep(keeper, MVMP_PART_STATE, document, len, err);

	free(document);
	return ret;
}

/* What is right is on disk when the keeper answers; what is not is refused with the reason. */
static void right_things_are_kept(void **state)
{
	struct mvmp_identity identity;
	struct mvs_keeper *keeper;
	struct mvmp_error err;
	struct folder folder;

	make_member(&folder);
	assert_int_equal(mvs_keeper_start(folder.path, &keeper, &err), 0);
	assert_int_equal(keep_state(keeper, test_other_ca_seed, &err), -MVMP_NOT_TRUSTED);
	assert_non_null(strstr(err.text, "not signed by a CA key"));
	assert_int_equal(
		mvs_keeper_keep(keeper, MVMP_PART_KEY, second, 32, &err), -MVMP_NOT_TRUSTED);
	assert_int_equal(
		mvs_keeper_keep(keeper, (enum mvmp_part)9, second, 32, &err), -MVMP_INVALID);
	assert_int_equal(keep_state(keeper, test_ca_seed, &err), 0);
	assert_int_equal(mvs_keeper_keep(keeper, MVMP_PART_KEY, second, 32, &err), 0);
	assert_int_equal(mvmp_identity_load(&identity, folder.path, (uint64_t)time(NULL), &err), 0);
	assert_int_equal(identity.cluster.number, 8);
	assert_int_equal(mvmp_identity_key_generation(&identity), 1);
	assert_memory_equal(identity.cluster_key, second, 32);
	assert_memory_equal(identity.former.key, first, 32);
	mvmp_identity_clear(&identity);
	mvs_keeper_stop(keeper);
	folder_remove(&folder);
}

/* The keeper's process: the only child there is. */
static pid_t child(void)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	int pid = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

/* A number of /proc/PID/status. */
static unsigned long long status_of(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	unsigned long long value = ~0ull;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, base);
	}
	fclose(file);
	return value;
}

/* When it answers it has no capability but those for files, cannot get others, and holds no
 * descriptor of the program's. */
static void it_holds_nothing_else(void **state)
{
	const unsigned long long files =
		1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER;
	const int held = fcntl(0, F_DUPFD, 100);
	struct mvs_keeper *keeper;
	struct mvmp_error err;
	struct folder folder;
	char path[64];
	pid_t pid;

	make_member(&folder);
	assert_true(held >= 100);
	assert_int_equal(mvs_keeper_start(folder.path, &keeper, &err), 0);
	pid = child();
	assert_int_equal(keep_state(keeper, test_ca_seed, &err), 0);
	assert_int_equal(status_of(pid, "CapPrm:", 16) & ~files, 0);
	assert_int_equal(status_of(pid, "CapEff:", 16) & ~files, 0);
	assert_int_equal(status_of(pid, "NoNewPrivs:", 10), 1);
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, held);
	if (geteuid() == 0)
		assert_int_equal(faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	mvs_keeper_stop(keeper);
	close(held);
	folder_remove(&folder);
}

/* An answer that comes too late is not taken for that of the next question. */
static void a_late_answer_is_nobody_elses(void **state)
{
	struct mvs_keeper *keeper;
	struct mvmp_error err;
	struct folder folder;

	make_member(&folder);
	assert_int_equal(mvs_keeper_start(folder.path, &keeper, &err), 0);
	kill(child(), SIGSTOP);
	assert_int_equal(mvs_keeper_keep(keeper, (enum mvmp_part)9, second, 32, &err), -MVMP_IO);
	assert_non_null(strstr(err.text, "does not answer"));
	kill(child(), SIGCONT);
	assert_int_equal(keep_state(keeper, test_ca_seed, &err), 0);
	mvs_keeper_stop(keeper);
	folder_remove(&folder);
}

/* It ends with its program, and one that is gone is told as such. */
static void the_end(void **state)
{
	struct mvs_keeper *keeper;
	struct mvmp_error err;

	assert_int_equal(mvs_keeper_start("/nonexistent", &keeper, &err), 0);
	assert_true(keep_state(keeper, test_ca_seed, &err) < 0);
	assert_non_null(strstr(err.text, "/nonexistent"));
	mvs_keeper_stop(keeper); /* waits for its end */
	mvs_keeper_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_things_are_kept),
		cmocka_unit_test(it_holds_nothing_else),
		cmocka_unit_test(a_late_answer_is_nobody_elses),
		cmocka_unit_test(the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
