/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves many simulated nodes until it is ended:
 *
 *     farm IFACE NODES DIR [MACHINE]      machine: as mvagent --backend sim:, "domains=4,cpus=8"
 *
 * Writes DIR/ada (operator) and DIR/agg1 (aggregator, with the MAC 02:4d:56:fe:00:01) for whoever
 * asks; says "ready" when it serves. Nodes are called n00000 and so on.
 */
#include "farm.h"
#include <errno.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int write_files(
	const char *directory, const struct mvmp_identity *identity, struct mvmp_error *err)
{
	int rc = mvmp_keyfile_write_in(
		&mvmp_member_key, directory, identity->secret, MVMP_KEY_LEN, false, err);

	if (!rc)
		rc = mvmp_keyfile_write_in(&mvmp_member_cert, directory, identity->cert_bytes,
			identity->cert_len, false, err);
	if (!rc)
		rc = mvmp_keyfile_write_in(&mvmp_cluster_key, directory, identity->cluster_key,
			MVMP_KEY_LEN, false, err);
	if (!rc)
		rc = mvmp_keyfile_write_in(&mvmp_cluster_state, directory, identity->cluster_bytes,
			identity->cluster_len, false, err);
	return rc;
}

static int write_member(const char *parent, const char *name, uint16_t roles, const uint8_t *mac,
	struct mvmp_error *err)
{
	struct mvmp_identity identity;
	char directory[512];
	int rc;

	snprintf(directory, sizeof directory, "%s/%s", parent, name);
	if (mkdir(directory, 0700) && errno != EEXIST)
		return mvmp_fail(err, MVMP_IO, "cannot make %s: %s", directory, strerror(errno));
	farm_asker(&identity, name, roles, mac);
	rc = write_files(directory, &identity, err);
	mvmp_identity_clear(&identity);
	return rc;
}

int main(int argc, char **argv)
{
	static const uint8_t mac[MVMP_MAC_LEN] = {0x02, 0x4d, 0x56, 0xfe, 0, 1};
	struct farm_config config = {
		.loop = ev_default_loop(0), .machine = argc > 4 ? argv[4] : "domains=4,cpus=8"};
	struct mvmp_error err;
	struct farm *farm;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: farm IFACE NODES DIR [MACHINE]\n");
		return 2;
	}
	config.interface = argv[1];
	config.nodes = (unsigned)strtoul(argv[2], NULL, 10);
	if (write_member(argv[3], "ada", MVMP_ROLE_OPERATOR, NULL, &err) ||
		write_member(argv[3], "agg1", MVMP_ROLE_AGGREGATOR, mac, &err) ||
		farm_new(&config, &farm, &err)) {
		fprintf(stderr, "farm: %s\n", err.text);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	ev_run(config.loop, 0);
	return 0;
}
