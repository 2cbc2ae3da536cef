/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CA_STORE_H
#define MVCTL_CA_STORE_H

/*
 * The CA's directory, which never needs to be on a network:
 *   ca.key            Ed25519 secret that signs (0600)
 *   ca.key.next       the one that takes its place, while both count (0600)
 *   cluster.key       secret of every member (0600)
 *   cluster.key.next  between drawing it and the state that names it (0600)
 *   cluster.state     the newest signed state
 *   cluster.name      one line, for people only
 *   issued/N.cert     each certificate ever signed; the next serial is the highest plus 1
 * A lock on the directory keeps two commands from giving out one serial or state number.
 */

#include <mvmp/cert.h>

enum { MVCTL_GRACE_DEFAULT_S = 7 * 86400 };

struct mvctl_ca {
	const char *directory; /* borrowed */
	int lock;
	char name[MVMP_NAME_MAX + 1];
	uint8_t seed[MVMP_KEY_LEN], cluster_key[MVMP_KEY_LEN];
	uint8_t next_seed[MVMP_KEY_LEN]; /* while rotating: signs certificates; `seed` states */
	bool rotating;
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

/* Raises number and time floor, signs and writes the state. */
int mvctl_ca_write_state(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err);

/* ca_keys.c: what read the keys ends what a cut-off command began, and finds which CA keys count.
 */
int mvctl_ca_settle_keys(struct mvctl_ca *ca, struct mvmp_error *err);

/* Makes a second CA key, which signs certificates from now on. States are signed by the first as
 * long as both count, so that who was away takes them as well. MVMP_CONFLICT where there are two.
 */
int mvctl_ca_begin_rotation(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err);

/* Drops the first CA key; the second is the only one. MVMP_CONFLICT where there is one. */
int mvctl_ca_finish_rotation(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err);

/* Draws the next cluster key; members accept the present one for `grace_s` after they got it. */
int mvctl_ca_change_cluster_key(
	struct mvctl_ca *ca, uint32_t grace_s, uint64_t now, struct mvmp_error *err);

/* Which of the cluster's CA keys signed a certificate: 0 or 1; -1: one that counts no more. */
int mvctl_ca_signer(const struct mvmp_cluster *cluster, const struct mvmp_cert *cert);

/* "valid", "not yet", "expired", "revoked" or "old CA" (its key counts no more) at `now`. */
const char *mvctl_ca_state(
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert, uint64_t now);

#endif
