/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_IDENTITY_H
#define MVMP_IDENTITY_H

/*
 * Who this program is: a directory with
 *   member.key       32 bytes X25519 secret      (hex, one line, mode 0600)
 *   member.cert      certificate                 (hex)
 *   cluster.key      32 bytes every member has   (hex, mode 0600)
 *   cluster.key.old  the one before, and until when it is accepted (mode 0600), or none
 *   cluster.state    signed cluster state        (hex)
 * Each file starts with a line that says what it is ("mvmp member key v1").
 */

#include <mvmp/cert.h>

struct mvmp_identity {
	const struct mvmp_crypto_ops *crypto;
	uint8_t secret[MVMP_KEY_LEN];
	uint8_t cluster_key[MVMP_KEY_LEN]; /* the newest one held */
	struct {
		bool held, over; /* over: only its file is still there */
		uint8_t key[MVMP_KEY_LEN];
		uint64_t until; /* seconds since 1970: accepted before this */
	} former;		/* cluster key */
	struct {
		uint64_t floor, since; /* while the own clock is before the time floor */
	} clock;
	struct mvmp_cert cert; /* decoded member.cert */
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

/* Generation of the cluster key held: the cluster state's where it is the key that one names, 0
 * where it is an older one. */
uint32_t mvmp_identity_key_generation(const struct mvmp_identity *identity);

/* Takes over the cluster key that the cluster state names; the one held becomes the former one,
 * for the state's grace from `now_s` on. 0 and *changed; MVMP_NOT_TRUSTED for any other key. */
int mvmp_identity_take_key(struct mvmp_identity *identity, const uint8_t key[static MVMP_KEY_LEN],
	uint64_t now_s, bool *changed, struct mvmp_error *err);

/* Wipes the former cluster key when its time is over; true when it is since now. Its file is
 * removed by mvmp_identity_store(). */
bool mvmp_identity_expire_key(struct mvmp_identity *identity, uint64_t now_s);

/* Takes over a new certificate for the same key, name and roles that names at least the same
 * MACs. 0 and *changed; MVMP_NOT_TRUSTED, MVMP_INVALID, MVMP_CONFLICT (an older one). */
int mvmp_identity_take_cert(struct mvmp_identity *identity, const uint8_t *bytes, size_t len,
	uint64_t now_s, bool *changed, struct mvmp_error *err);

/* The parts of an identity that change while a program runs. */
enum mvmp_part {
	MVMP_PART_STATE = 1, /* cluster.state */
	MVMP_PART_KEY,	     /* cluster.key.old, then cluster.key */
	MVMP_PART_CERT,	     /* member.cert */
	MVMP_PART_FORMER,    /* cluster.key.old goes when its time is over */
};

/* Writes a part, each file atomically (temporary file, fsync, rename, fsync of the directory).
 * Store the state before the key: in between a restart finds a key that is older than the state
 * says, which is mended by the next member that is met. */
int mvmp_identity_store(const struct mvmp_identity *identity, enum mvmp_part part,
	const char *directory, struct mvmp_error *err);

/* For the process that may write there, on the word of one that may not: reads the directory,
 * takes the bytes over as above (nothing for MVMP_PART_FORMER) and stores what changed. */
int mvmp_identity_keep(const char *directory, enum mvmp_part part, const uint8_t *bytes, size_t len,
	uint64_t now_s, struct mvmp_error *err);

#endif
