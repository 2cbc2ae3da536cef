/* SPDX-License-Identifier: Apache-2.0 */
#include "members.h"

#include <jansson.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

const uint8_t test_ca_seed[32] = {1, 2, 3}, test_other_ca_seed[32] = {4, 5, 6};

size_t test_vector(const char *field, uint8_t *to, size_t size)
{
	json_t *file = json_load_file(VECTORS "/identity.json", 0, NULL);
	const char *hex = json_string_value(json_object_get(file, field));
	size_t len = hex ? strlen(hex) / 2 : 0;

	if (!hex || len > size || mvmp_unhex(to, len, hex))
		abort();
	json_decref(file);
	return len;
}

struct mvmp_cluster test_cluster(const uint8_t seed[static 32])
{
	struct mvmp_cluster cluster = {.number = 7, .key_generation = 1, .cas = 1};

	mvmp_crypto_openssl.sign_public(cluster.ca[0], seed);
	return cluster;
}

struct mvmp_cert test_cert(void)
{
	return (struct mvmp_cert){
		.name = "r1-n01",
		.roles = MVMP_ROLE_NODE,
		.serial = 5,
		.not_before = 1000,
		.not_after = 2000,
		.key = {9},
		.macs = 1,
		.mac = {{0x0c, 0xc4, 0x7a, 0x77, 0xf9, 0xaf}},
	};
}
