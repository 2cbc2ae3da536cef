/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <mvmp/cert.h>
#include <string.h>
#include <time.h>

#include "signed.h"

enum {
	CERT_VERSION = 1,
	CERT_FIXED = 72, /* bytes before the MACs */
};

static const char label[] = "mvmp certificate v1";

bool mvmp_name_valid(const char *name, size_t len)
{
	if (len < 1 || len > MVMP_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", name[i]) || !name[i])
			return false;
	}
	return true;
}

static bool mac_is_unicast(const uint8_t mac[static MVMP_MAC_LEN])
{
	static const uint8_t none[MVMP_MAC_LEN];

	return !(mac[0] & 1) && memcmp(mac, none, sizeof none);
}

static bool has_mac(const struct mvmp_cert *cert, unsigned first, const uint8_t *mac)
{
	for (unsigned i = first; i < cert->macs; i++) {
		if (!memcmp(cert->mac[i], mac, MVMP_MAC_LEN))
			return true;
	}
	return false;
}

bool mvmp_cert_has_mac(const struct mvmp_cert *cert, const uint8_t mac[static MVMP_MAC_LEN])
{
	return has_mac(cert, 0, mac);
}

static int check_macs(const struct mvmp_cert *cert, struct mvmp_error *err)
{
	char text[18];

	if (cert->macs > MVMP_CERT_MACS_MAX)
		return mvmp_fail(err, MVMP_INVALID, "%u MACs are too many; at most %d fit",
			cert->macs, MVMP_CERT_MACS_MAX);
	if (!cert->macs && cert->roles & (MVMP_ROLE_NODE | MVMP_ROLE_AGGREGATOR))
		return mvmp_fail(err, MVMP_INVALID,
			"%s has no MAC; the roles node and aggregator need at least one",
			cert->name);
	for (unsigned i = 0; i < cert->macs; i++) {
		mvmp_mac_text(text, cert->mac[i]);
		if (!mac_is_unicast(cert->mac[i]))
			return mvmp_fail(
				err, MVMP_INVALID, "%s is not the MAC of one interface", text);
		if (has_mac(cert, i + 1, cert->mac[i]))
			return mvmp_fail(err, MVMP_INVALID, "MAC %s is given twice", text);
	}
	return 0;
}

/* The rules that hold for a decoded certificate and for one to be signed alike. */
static int check_fields(const struct mvmp_cert *cert, struct mvmp_error *err)
{
	size_t len = strnlen(cert->name, sizeof cert->name);

	if (!mvmp_name_valid(cert->name, len))
		return mvmp_fail(err, MVMP_INVALID,
			"name \"%.*s\" is not 1 to %d of a-z 0-9 . - with a letter or digit first",
			(int)len, cert->name, MVMP_NAME_MAX);
	if (!cert->roles || cert->roles & ~MVMP_ROLES_ALL)
		return mvmp_fail(err, MVMP_INVALID,
			"roles 0x%x are not some of node, observer, operator, admin, aggregator",
			cert->roles);
	if (!cert->serial)
		return mvmp_fail(err, MVMP_INVALID, "serial 0 is not used; serials begin at 1");
	if (cert->not_before >= cert->not_after)
		return mvmp_fail(err, MVMP_INVALID, "validity ends (%llu) before it begins (%llu)",
			(unsigned long long)cert->not_after, (unsigned long long)cert->not_before);
	return check_macs(cert, err);
}

static void read_fields(struct mvmp_cert *cert, struct mvmp_reader *r)
{
	uint8_t name_len;

	if (mvmp_get_u8(r) != CERT_VERSION)
		r->bad = true;
	name_len = mvmp_get_u8(r);
	cert->roles = mvmp_get_u16(r);
	cert->macs = mvmp_get_u8(r);
	if (mvmp_get_u8(r) || mvmp_get_u16(r))
		r->bad = true;
	cert->serial = mvmp_get_u64(r);
	cert->not_before = mvmp_get_u64(r);
	cert->not_after = mvmp_get_u64(r);
	mvmp_get_bytes(r, cert->ca, sizeof cert->ca);
	mvmp_get_bytes(r, cert->key, sizeof cert->key);
	if (cert->macs > MVMP_CERT_MACS_MAX || name_len > MVMP_NAME_MAX) {
		r->bad = true;
		return;
	}
	mvmp_get_bytes(r, cert->mac, (size_t)cert->macs * MVMP_MAC_LEN);
	mvmp_get_bytes(r, cert->name, name_len);
	/* A NUL inside would hide the bytes after it. */
	if (strlen(cert->name) != name_len)
		r->bad = true;
}

enum mvmp_verdict mvmp_cert_decode(struct mvmp_cert *cert, const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mvmp_cert read = {0};

	read_fields(&read, &r);
	mvmp_get_view(&r, MVMP_SIGNATURE_LEN);
	if (r.bad || r.left || check_fields(&read, NULL))
		return MVMP_DROP_CERT;
	*cert = read;
	return MVMP_ACCEPTED;
}

static void write_fields(struct mvmp_writer *w, const struct mvmp_cert *cert)
{
	mvmp_put_u8(w, CERT_VERSION);
	mvmp_put_u8(w, (uint8_t)strlen(cert->name));
	mvmp_put_u16(w, cert->roles);
	mvmp_put_u8(w, (uint8_t)cert->macs);
	mvmp_put_u8(w, 0);
	mvmp_put_u16(w, 0);
	mvmp_put_u64(w, cert->serial);
	mvmp_put_u64(w, cert->not_before);
	mvmp_put_u64(w, cert->not_after);
	mvmp_put_bytes(w, cert->ca, sizeof cert->ca);
	mvmp_put_bytes(w, cert->key, sizeof cert->key);
	mvmp_put_bytes(w, cert->mac, (size_t)cert->macs * MVMP_MAC_LEN);
	mvmp_put_bytes(w, cert->name, strlen(cert->name));
}

static void ca_id(const struct mvmp_crypto_ops *crypto, uint8_t out[static 8], const uint8_t *key)
{
	uint8_t hash[MVMP_HASH_LEN];

	crypto->hash(hash, key, MVMP_KEY_LEN, NULL, 0);
	memcpy(out, hash, 8);
}

int mvmp_cert_sign(const struct mvmp_crypto_ops *crypto, const struct mvmp_cert *cert,
	const uint8_t ca_seed[static 32], uint8_t out[static MVMP_CERT_MAX], struct mvmp_error *err)
{
	struct mvmp_writer w = mvmp_writer(out, MVMP_CERT_MAX);
	struct mvmp_cert full = *cert;
	uint8_t ca[MVMP_KEY_LEN];

	_Static_assert(CERT_FIXED + MVMP_CERT_MACS_MAX * MVMP_MAC_LEN + MVMP_NAME_MAX +
				       MVMP_SIGNATURE_LEN <=
			       MVMP_CERT_MAX,
		"the longest certificate fits");
	if (check_fields(cert, err))
		return -MVMP_INVALID;
	if (crypto->sign_public(ca, ca_seed))
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot sign: out of memory");
	ca_id(crypto, full.ca, ca);
	write_fields(&w, &full);
	if (mvmp_signed_put(crypto, &w, label, ca_seed))
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot sign: out of memory");
	return (int)w.used;
}

void mvmp_cert_fingerprint(const struct mvmp_crypto_ops *crypto, uint8_t out[static 16],
	const uint8_t *bytes, size_t len)
{
	uint8_t hash[MVMP_HASH_LEN];

	crypto->hash(hash, bytes, len, NULL, 0);
	memcpy(out, hash, 16);
}

char *mvmp_cert_node_id(char to[static 9], const struct mvmp_cert *cert)
{
	if (!cert->macs)
		return memcpy(to, "-", 2);
	return mvmp_hex(to, cert->mac[0] + 2, 4);
}

char *mvmp_time_text(char to[static 21], uint64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds > 253402300799 || !gmtime_r(&t, &tm) ||
		!strftime(to, 21, "%Y-%m-%dT%H:%M:%SZ", &tm))
		memcpy(to, "-", 2);
	return to;
}

/* The CA key of the cluster that the certificate names, NULL when it names another. */
static const uint8_t *signer(const struct mvmp_crypto_ops *crypto,
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert)
{
	uint8_t id[8];

	for (unsigned i = 0; i < cluster->cas; i++) {
		ca_id(crypto, id, cluster->ca[i]);
		if (!memcmp(id, cert->ca, sizeof id))
			return cluster->ca[i];
	}
	return NULL;
}

bool mvmp_cluster_has_signer(const struct mvmp_crypto_ops *crypto,
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert)
{
	return signer(crypto, cluster, cert) != NULL;
}

enum mvmp_verdict mvmp_cert_check(const struct mvmp_crypto_ops *crypto, struct mvmp_cert *cert,
	const struct mvmp_cluster *cluster, const uint8_t *bytes, size_t len, uint64_t now_s)
{
	uint64_t now = now_s > cluster->time_floor ? now_s : cluster->time_floor;
	struct mvmp_cert read;
	const uint8_t *ca;

	if (mvmp_cert_decode(&read, bytes, len) != MVMP_ACCEPTED)
		return MVMP_DROP_CERT;
	ca = signer(crypto, cluster, &read);
	if (!ca || !mvmp_signed_check(crypto, bytes, len, label, ca))
		return MVMP_DROP_CERT;
	if (now < read.not_before || now >= read.not_after)
		return MVMP_DROP_EXPIRED;
	if (mvmp_cluster_revokes(cluster, read.serial))
		return MVMP_DROP_REVOKED;
	*cert = read;
	return MVMP_ACCEPTED;
}
