/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CA_STORE_H
#define MVCTL_CA_STORE_H

/*
 * The CA's directory, which never needs to be on a network:
 *   ca.key         Ed25519 secret that signs (0600)
 *   cluster.key    secret of every member (0600)
 *   cluster.state  the newest signed state
 *   cluster.name   one line, for people only
 *   issued/N.cert  each certificate ever signed; the next serial is the highest plus 1
 * A lock on the directory keeps two commands from giving out one serial or state number.
 */

#include <mvmp/cert.h>

struct mvctl_ca {
	const char *directory; /* borrowed */
	int lock;
	char name[MVMP_NAME_MAX + 1];
	uint8_t seed[MVMP_KEY_LEN], cluster_key[MVMP_KEY_LEN];
	struct mvmp_cluster cluster;
	uint8_t *state; /* signed bytes of `cluster` */
	size_t state_len;
	struct mvmp_cert *issued; /* by rising serial */
	unsigned count;
};

/* Makes the directory, its keys and state 1 with time floor `now`. Refuses one that has keys. */
int mvctl_ca_create(const char *directory, const char *name, uint64_t now, struct mvmp_error *err);

/* Reads and locks. The caller closes, also after an error. */
int mvctl_ca_open(struct mvctl_ca *ca, const char *directory, struct mvmp_error *err);

/* Wipes, frees, unlocks. */
void mvctl_ca_close(struct mvctl_ca *ca);

/* Sets what is not set yet of a certificate's validity: `days` (0: 365) from now, and from the time
 * floor on, so that members without a clock, who take the floor for the time, accept it at once. */
void mvctl_ca_set_validity(
	const struct mvctl_ca *ca, struct mvmp_cert *cert, uint64_t now, unsigned long days);

/* Gives the certificate the next serial and signs it into `bytes`; nothing is written yet.
 * Returns the length or -status. */
int mvctl_ca_sign_next(struct mvctl_ca *ca, struct mvmp_cert *cert,
	uint8_t bytes[static MVMP_CERT_MAX], struct mvmp_error *err);

/* Keeps a signed certificate in issued/, which comes before anybody may have it. */
int mvctl_ca_keep(struct mvctl_ca *ca, const struct mvmp_cert *cert, const uint8_t *bytes,
	size_t len, struct mvmp_error *err);

/* Adds serials to the revoked ones, leaves out those that have expired at `now`, raises number
 * and time floor, signs and writes the state. */
int mvctl_ca_revoke(struct mvctl_ca *ca, const uint64_t *serial, unsigned serials, uint64_t now,
	struct mvmp_error *err);

/* "valid", "not yet", "expired" or "revoked" at `now`. */
const char *mvctl_ca_state(
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert, uint64_t now);

#endif
