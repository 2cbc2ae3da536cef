/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_IDENTITY_H
#define MVMP_IDENTITY_H

/*
 * Who this program is: a directory with
 *   member.key     32 bytes X25519 secret      (hex, one line, mode 0600)
 *   member.cert    certificate                 (hex)
 *   cluster.key    32 bytes every member has   (hex, mode 0600)
 *   cluster.state  signed cluster state        (hex)
 * Each file starts with a line that says what it is ("mvmp member key v1").
 */

#include <mvmp/cert.h>

struct mvmp_identity {
	const struct mvmp_crypto_ops *crypto;
	uint8_t secret[MVMP_KEY_LEN];
	uint8_t cluster_key[MVMP_KEY_LEN]; /* the newest one held */
	struct {
		bool held;
		uint8_t key[MVMP_KEY_LEN];
		uint64_t until; /* seconds since 1970: accepted before this */
	} former;		/* cluster key */
	struct mvmp_cert cert;	/* decoded member.cert */
	uint8_t cert_bytes[MVMP_CERT_MAX];
	size_t cert_len;
	struct mvmp_cluster cluster;
	uint8_t *cluster_bytes; /* the signed document as received; owned */
	size_t cluster_len;
};

/* Reads a directory. Refuses secrets that others may read (MVMP_PERMISSION, naming file and
 * mode), files that are not what they should be (MVMP_INVALID), a certificate that does not
 * belong to the key or is expired or revoked now (MVMP_NOT_TRUSTED). The caller clears it. */
int mvmp_identity_load(struct mvmp_identity *identity, const char *directory, uint64_t now_s,
	struct mvmp_error *err);

/* Wipes the secrets and frees. */
void mvmp_identity_clear(struct mvmp_identity *identity);

/* Takes over a newer cluster state that a CA key trusted now has signed. 0 and *changed;
 * errors as mvmp_cluster_decode(). Not written to disk: mvmp_identity_store_cluster() does. */
int mvmp_identity_update_cluster(struct mvmp_identity *identity, const uint8_t *bytes, size_t len,
	bool *changed, struct mvmp_error *err);

/* Writes cluster.state atomically (temporary file, fsync, rename, fsync of the directory). */
int mvmp_identity_store_cluster(
	const struct mvmp_identity *identity, const char *directory, struct mvmp_error *err);

#endif
