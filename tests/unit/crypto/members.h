/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include <mvmp/cert.h>

/* A CA and members for the tests, always with the same keys. */
extern const uint8_t test_ca_seed[32], test_other_ca_seed[32];

/* The bytes of a field of vectors/identity.json; returns the length. */
size_t test_vector(const char *field, uint8_t *to, size_t size);

/* Cluster state 7 with the CA key of `seed`, time floor 0, nothing revoked. */
struct mvmp_cluster test_cluster(const uint8_t seed[static 32]);

/* Certificate 5 of r1-n01, role node, one MAC, valid from 1000 to 2000. */
struct mvmp_cert test_cert(void);

#endif
