/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "mvctl.h"
#include <ftw.h>
#include <getopt.h>
#include <mvmp/bytes.h>
#include <mvmp/identity.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A working directory of the test's own, and what the last command printed. */
static char folder[64], *out, *err;

static int setup(void **state)
{
	strcpy(folder, "/tmp/mvmp-ca-XXXXXX");
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int teardown(void **state)
{
	free(out);
	free(err);
	out = err = NULL;
	return chdir("/") | nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Runs a command line ("ca init ca") and keeps what it prints; returns the exit code. */
static int run(const char *line)
{
	char *words = strdup(line), *argv[32] = {0}, *at = words;
	size_t out_len, err_len;
	struct mvctl ctl;
	int argc = 0, code;

	while ((argv[argc] = strsep(&at, " ")))
		argc++;
	free(out);
	free(err);
	mvctl_init(&ctl, "mvctl");
	mvctl_set_schema(&ctl, argv[0]);
	if (!strcmp(argv[argc - 1], "--json")) {
		ctl.opt.format = MVCTL_JSON;
		argv[--argc] = NULL;
	}
	ctl.out = open_memstream(&out, &out_len);
	ctl.err = open_memstream(&err, &err_len);
	optind = 0;
	code = (strcmp(argv[0], "ca") ? &mvctl_key : &mvctl_ca)->run(&ctl, argc, argv);
	mvctl_print_document(&ctl);
	fclose(ctl.out);
	fclose(ctl.err);
	mvctl_clear(&ctl);
	free(words);
	return code;
}

static void succeed(const char *line)
{
	int code = run(line);

	if (code)
		fail_msg("%s: exit %d, %s", line, code, err);
}

static void refuse(const char *line, int code, const char *words)
{
	assert_int_equal(run(line), code);
	assert_string_equal(out, "");
	if (!strstr(err, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", line, err, words);
}

static int load(struct mvmp_identity *identity, const char *directory, struct mvmp_error *error)
{
	return mvmp_identity_load(identity, directory, (uint64_t)time(NULL), error);
}

static void assert_trusted(const char *directory, const char *name, unsigned roles)
{
	struct mvmp_identity identity;
	struct mvmp_error error;

	if (load(&identity, directory, &error))
		fail_msg("%s", error.text);
	assert_string_equal(identity.cert.name, name);
	assert_int_equal(identity.cert.roles, roles);
	mvmp_identity_clear(&identity);
}

/* Key made on the member, request carried to the CA, files carried back: a member. The secret
 * never was in the CA's directory, and the role comes from the one who signs. */
static void request_becomes_a_member(void **state)
{
	uint8_t secret[32], seen[32];

	succeed("ca init ca --name lab");
	assert_string_equal(out, "cluster lab: CA key, cluster key and state 1 are in ca\n");
	succeed("key new n1 --name r1-n01 --role admin --mac 0c:c4:7a:77:f9:af");
	mvmp_keyfile_read_in(&mvmp_member_key, "n1", secret, NULL);
	succeed("ca sign ca n1/member.request --role node -o out");
	assert_non_null(
		strstr(out, "signed certificate 1: r1-n01, role node, MAC 0c:c4:7a:77:f9:af,"));
	assert_int_equal(
		mvmp_keyfile_read_in(&mvmp_member_key, "out", seen, NULL), -MVMP_NOT_FOUND);
	assert_int_equal(rename("out/member.cert", "n1/member.cert"), 0);
	assert_int_equal(rename("out/cluster.key", "n1/cluster.key"), 0);
	assert_int_equal(rename("out/cluster.state", "n1/cluster.state"), 0);
	assert_trusted("n1", "r1-n01", MVMP_ROLE_NODE);
	succeed("key show n1");
	assert_non_null(strstr(out, "r1-n01: certificate 1, role node, MAC 0c:c4:7a:77:f9:af\n"));
}

/* Secrets have mode 0600 wherever they are made. */
static void secrets_are_for_their_owner(void **state)
{
	static const char *const secrets[] = {"ca/ca.key", "ca/cluster.key", "ada/member.key",
		"ada/cluster.key", "n1/member.key"};
	struct stat st;

	umask(0);
	succeed("ca init ca");
	succeed("ca member ca ada --name ada --role operator");
	succeed("key new n1");
	for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		assert_int_equal(stat(secrets[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	umask(022);
}

/* No command takes the place of a key that is there, and a refused one leaves nothing behind. */
static void keys_are_never_overwritten(void **state)
{
	uint8_t before[32], after[32];

	succeed("ca init ca");
	mvmp_keyfile_read_in(&mvmp_ca_key, "ca", before, NULL);
	refuse("ca init ca", MVCTL_EXIT_FAILED, "ca/ca.key exists; it is not overwritten");
	mvmp_keyfile_read_in(&mvmp_ca_key, "ca", after, NULL);
	assert_memory_equal(before, after, 32);
	succeed("ca member ca ada --name ada --role operator");
	refuse("ca member ca ada --name ada --role operator", MVCTL_EXIT_FAILED,
		"member.key exists");
	refuse("key new ada", MVCTL_EXIT_FAILED, "member.key exists");
	succeed("ca init other");
	succeed("key new n1 --name n1");
	refuse("ca sign other n1/member.request --role observer -o ada", MVCTL_EXIT_FAILED,
		"ada/cluster.key exists");
	assert_trusted("ada", "ada", MVMP_ROLE_OPERATOR);
	refuse("ca member ca bad --name bad --role node", MVCTL_EXIT_USAGE, "bad has no MAC");
	assert_int_equal(access("bad/member.key", F_OK), -1);
	succeed("ca member ca bob --name bob --role observer");
	assert_non_null(strstr(out, "signed certificate 2: bob"));
}

/* A renewed certificate replaces the old one beside the same keys, and the old one is named. */
static void certificates_are_renewed(void **state)
{
	succeed("ca init ca");
	succeed("ca member ca ada --name ada --role observer");
	succeed("key request ada --name ada");
	succeed("ca sign ca ada/member.request --role operator -o ada");
	assert_non_null(strstr(err, "note: certificate 1 of ada is valid until"));
	assert_trusted("ada", "ada", MVMP_ROLE_OPERATOR);
}

/* Revocation by name takes all valid certificates of it, raises the state's number by one, and
 * a member that has the new state knows. */
static void revocation_reaches_the_state(void **state)
{
	struct mvmp_identity identity;
	struct mvmp_error error;

	succeed("ca init ca");
	succeed("ca member ca ada --name ada --role operator");
	succeed("ca member ca bob --name bob --role operator");
	succeed("ca member ca ada2 --name ada --role admin");
	succeed("ca revoke ca ada");
	assert_string_equal(out, "revoked certificate 1: ada, role operator\n"
				 "revoked certificate 3: ada, role admin\n");
	assert_non_null(strstr(err, "cluster state 1 -> 2"));
	assert_trusted("ada", "ada", MVMP_ROLE_OPERATOR);
	assert_int_equal(rename("ca/cluster.state", "ada/cluster.state"), 0);
	assert_int_equal(load(&identity, "ada", &error), -MVMP_NOT_TRUSTED);
	refuse("key show ada", MVCTL_EXIT_NOT_ALLOWED, "revoked by cluster state 2");
	assert_int_equal(rename("ada/cluster.state", "ca/cluster.state"), 0);
	succeed("ca revoke ca ada");
	assert_non_null(strstr(err, "nothing to do"));
	succeed("ca revoke ca 2");
	assert_non_null(strstr(err, "cluster state 2 -> 3"));
	refuse("ca revoke ca 2 nobody", MVCTL_EXIT_NOT_FOUND, "serial or name nobody");
}

/* The list tells which certificates count, as a table and as JSON. */
static void list_tells_states(void **state)
{
	json_t *document, *items;

	succeed("ca init ca --name lab");
	succeed("ca member ca n1 --name n1 --role node --mac 02:00:00:00:00:01");
	succeed("ca member ca old --name old --role observer --not-before 2020-01-01 --not-after "
		"2021-01-01");
	succeed("ca member ca new --name new --role admin --not-before 2100-01-01 --not-after "
		"2101-01-01");
	succeed("ca revoke ca n1");
	succeed("ca show ca");
	assert_non_null(strstr(out, "SERIAL  NAME"));
	assert_non_null(strstr(err, "cluster lab: state 2"));
	succeed("ca show ca --json");
	document = json_loads(out, 0, NULL);
	items = json_object_get(document, "items");
	assert_int_equal(json_array_size(items), 3);
	for (size_t i = 0; i < 3; i++) {
		static const char *const states[] = {"revoked", "expired", "not yet"};
		json_t *item = json_array_get(items, i);

		assert_int_equal(json_integer_value(json_object_get(item, "serial")), i + 1);
		assert_string_equal(json_string_value(json_object_get(item, "state")), states[i]);
	}
	json_decref(document);
}

/* Each wrong word or file gives one sentence that names it, and its exit code. */
static void wrong_input_is_named(void **state)
{
	FILE *file;

	refuse("ca", MVCTL_EXIT_USAGE,
		"init, sign, member, renew, revoke, rotate, new-cluster-key, show");
	refuse("ca grow", MVCTL_EXIT_USAGE, "no \"grow\"");
	refuse("ca show nowhere", MVCTL_EXIT_NOT_FOUND, "nowhere");
	refuse("ca init ca --name Lab", MVCTL_EXIT_USAGE, "\"Lab\"");
	succeed("ca init ca");
	refuse("ca member ca x --name x --role root", MVCTL_EXIT_USAGE, "\"root\"");
	refuse("ca member ca x --name x --role node --mac 1:2", MVCTL_EXIT_USAGE, "\"1:2\"");
	refuse("ca member ca x --name x --role admin --days 0", MVCTL_EXIT_USAGE, "--days 0");
	refuse("ca member ca x --name x --role admin --not-after 1999-99", MVCTL_EXIT_USAGE,
		"1999-99");
	refuse("ca member ca x --name x --role admin --not-after 2020-01-01", MVCTL_EXIT_USAGE,
		"validity ends");
	refuse("ca sign ca none --role node -o out", MVCTL_EXIT_NOT_FOUND, "none");
	file = fopen("odd", "w");
	fputs("mvmp member request v1\nkey 00\n", file);
	fclose(file);
	refuse("ca sign ca odd --role node -o out", MVCTL_EXIT_USAGE, "line \"key\"");
	assert_int_equal(chmod("ca/ca.key", 0640), 0);
	refuse("ca show ca", MVCTL_EXIT_NOT_ALLOWED, "mode 0640");
}

/* A state of the CA's directory taken over by a member's, as a hand-over does. */
static int take_state(const char *directory)
{
	static uint8_t bytes[MVMP_CLUSTER_MAX];
	int len = mvmp_keyfile_read_in(&mvmp_cluster_state, "ca", bytes, NULL);

	return mvmp_identity_keep(
		directory, MVMP_PART_STATE, bytes, (size_t)len, (uint64_t)time(NULL), NULL);
}

static int take_cert(const char *directory, const char *file)
{
	uint8_t bytes[MVMP_CERT_MAX];
	int len = mvmp_keyfile_read(&mvmp_member_cert, file, bytes, NULL);

	return mvmp_identity_keep(
		directory, MVMP_PART_CERT, bytes, (size_t)len, (uint64_t)time(NULL), NULL);
}

/* The CA key changes in three steps, each of which a member can follow; what was not signed anew
 * when the old key goes is named, and left behind only when that is wanted. */
static void the_ca_key_changes(void **state)
{
	succeed("ca init ca");
	succeed("ca member ca n1 --name n1 --role node --mac 02:00:00:00:00:01");
	succeed("ca member ca ada --name ada --role admin");
	refuse("ca rotate ca --finish", MVCTL_EXIT_FAILED, "has one CA key");
	refuse("ca renew ca", MVCTL_EXIT_USAGE, "whose certificates");
	succeed("ca rotate ca");
	assert_string_equal(out, "ca: a second CA key signs from now on, cluster state 1 -> 2\n");
	refuse("ca rotate ca", MVCTL_EXIT_FAILED, "two CA keys already");
	assert_int_equal(take_state("n1"), 0);
	refuse("ca rotate ca --finish", MVCTL_EXIT_FAILED, "2 valid certificates hang");
	refuse("ca rotate ca --finish", MVCTL_EXIT_FAILED, "n1, ada");
	succeed("ca renew ca n1 -o out");
	assert_non_null(strstr(out, "certificate 1 -> 3: n1, role node"));
	succeed("ca show ca");
	assert_non_null(strstr(err, "hanging on the old one: ada"));
	assert_int_equal(take_cert("n1", "out/n1/member.cert"), 0);
	/* Without the state that brings the second key in, it is not believed. */
	assert_int_equal(take_cert("ada", "ca/issued/3.cert"), -MVMP_NOT_TRUSTED);
	succeed("ca renew ca");
	assert_non_null(strstr(out, "certificate 2 -> 4: ada"));
	succeed("ca renew ca");
	assert_non_null(strstr(err, "nothing to do"));
	succeed("ca rotate ca --finish");
	assert_string_equal(out, "ca: the first CA key is gone, cluster state 2 -> 3\n");
	assert_int_equal(take_state("n1"), 0);
	assert_trusted("n1", "n1", MVMP_ROLE_NODE);
	assert_int_equal(take_state("ada"), -MVMP_NOT_TRUSTED); /* it missed the second state */
	succeed("ca show ca --json");
	assert_non_null(strstr(out, "\"state\": \"old CA\""));
	succeed("ca member ca bob --name bob --role observer");
	assert_trusted("bob", "bob", MVMP_ROLE_OBSERVER);
	succeed("ca rotate ca");
	succeed("ca rotate ca --finish --force");
}

/* A command that was cut off is ended by the next one: the state says which keys count. */
static void a_cut_off_change_is_ended(void **state)
{
	uint8_t seed[32], key[32], next[32];

	succeed("ca init ca");
	mvmp_keyfile_read_in(&mvmp_ca_key, "ca", seed, NULL);
	mvmp_keyfile_read_in(&mvmp_cluster_key, "ca", key, NULL);
	succeed("ca rotate ca");
	succeed("ca rotate ca --finish --force");
	mvmp_keyfile_read_in(&mvmp_ca_key, "ca", next, NULL);
	assert_memory_not_equal(seed, next, 32);
	mvmp_keyfile_write(&mvmp_ca_key, "ca/ca.key.next", next, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_ca_key, "ca", seed, 32, false, NULL);
	succeed("ca show ca");
	mvmp_keyfile_read_in(&mvmp_ca_key, "ca", seed, NULL);
	assert_memory_equal(seed, next, 32);
	assert_int_equal(access("ca/ca.key.next", F_OK), -1);

	succeed("ca new-cluster-key ca");
	mvmp_keyfile_read_in(&mvmp_cluster_key, "ca", next, NULL);
	mvmp_keyfile_write(&mvmp_cluster_key, "ca/cluster.key.next", next, 32, true, NULL);
	mvmp_keyfile_write_in(&mvmp_cluster_key, "ca", key, 32, false, NULL);
	succeed("ca show ca");
	mvmp_keyfile_read_in(&mvmp_cluster_key, "ca", key, NULL);
	assert_memory_equal(key, next, 32);
	key[0] ^= 1;
	mvmp_keyfile_write_in(&mvmp_cluster_key, "ca", key, 32, false, NULL);
	refuse("ca show ca", MVCTL_EXIT_USAGE, "not the cluster key that cluster.state");
}

/* A new cluster key is the one the state names; a second one within the grace is refused. */
static void the_cluster_key_changes(void **state)
{
	struct mvmp_identity identity;
	uint8_t key[32];

	succeed("ca init ca");
	succeed("ca member ca ada --name ada --role operator");
	refuse("ca new-cluster-key ca --grace 400d", MVCTL_EXIT_USAGE, "1s to 366d");
	succeed("ca new-cluster-key ca --grace 2d");
	assert_string_equal(out, "ca: cluster key generation 2, cluster state 1 -> 2\n");
	assert_int_equal(take_state("ada"), 0);
	succeed("key show ada");
	assert_non_null(strstr(out, "older than generation 2"));
	mvmp_keyfile_read_in(&mvmp_cluster_key, "ca", key, NULL);
	assert_int_equal(mvmp_identity_keep(
				 "ada", MVMP_PART_KEY, key, sizeof key, (uint64_t)time(NULL), NULL),
		0);
	assert_int_equal(load(&identity, "ada", NULL), 0);
	assert_int_equal(mvmp_identity_key_generation(&identity), 2);
	assert_true(identity.former.until > (uint64_t)time(NULL) + 86400);
	mvmp_identity_clear(&identity);
	succeed("key show ada");
	assert_non_null(strstr(out, "generation 2, the former one until 20"));
	refuse("ca new-cluster-key ca", MVCTL_EXIT_FAILED,
		"the grace of cluster key 2 lasts until");
	succeed("ca new-cluster-key ca --grace 1h --force");
	/* A member that is signed anew beside its former key gets the present one. */
	succeed("key request ada --name ada");
	succeed("ca sign ca ada/member.request --role operator -o ada");
	assert_int_equal(load(&identity, "ada", NULL), 0);
	assert_int_equal(mvmp_identity_key_generation(&identity), 3);
	mvmp_identity_clear(&identity);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(request_becomes_a_member),
		CASE(secrets_are_for_their_owner),
		CASE(keys_are_never_overwritten),
		CASE(certificates_are_renewed),
		CASE(revocation_reaches_the_state),
		CASE(list_tells_states),
		CASE(wrong_input_is_named),
		CASE(the_ca_key_changes),
		CASE(a_cut_off_change_is_ended),
		CASE(the_cluster_key_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
