/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/enrol.h>
#include <string.h>

/* Lengths of certificate and state, reserved bytes, cluster key, certificate, state. */

int mvmp_enrol_delivery_encode(uint8_t *to, const struct mvmp_enrol_delivery *delivery)
{
	struct mvmp_writer w = mvmp_writer(to, MVMP_ENROL_DELIVERY_MAX);

	if (delivery->cert_len > MVMP_CERT_MAX || delivery->state_len > MVMP_CLUSTER_MAX)
		return -EMSGSIZE;
	mvmp_put_u16(&w, (uint16_t)delivery->cert_len);
	mvmp_put_u16(&w, 0);
	mvmp_put_u32(&w, (uint32_t)delivery->state_len);
	mvmp_put_bytes(&w, delivery->cluster_key, MVMP_KEY_LEN);
	mvmp_put_bytes(&w, delivery->cert, delivery->cert_len);
	mvmp_put_bytes(&w, delivery->state, delivery->state_len);
	return w.bad ? -EMSGSIZE : (int)w.used;
}

bool mvmp_enrol_delivery_decode(
	struct mvmp_enrol_delivery *delivery, const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);

	*delivery = (struct mvmp_enrol_delivery){.cert_len = mvmp_get_u16(&r)};
	mvmp_get_u16(&r);
	delivery->state_len = mvmp_get_u32(&r);
	delivery->cluster_key = mvmp_get_view(&r, MVMP_KEY_LEN);
	if (delivery->cert_len > MVMP_CERT_MAX || delivery->state_len > MVMP_CLUSTER_MAX)
		return false;
	delivery->cert = mvmp_get_view(&r, delivery->cert_len);
	delivery->state = mvmp_get_view(&r, delivery->state_len);
	return !r.bad && !r.left;
}

static int explain(enum mvmp_verdict verdict, const struct mvmp_enrol_delivery *delivery,
	const struct mvmp_cluster *cluster, uint64_t now_s, struct mvmp_error *err)
{
	char from[21], to[21], now[21];
	struct mvmp_cert cert;

	if (mvmp_cert_decode(&cert, delivery->cert, delivery->cert_len))
		return mvmp_fail(err, MVMP_INVALID, "the certificate is malformed");
	if (verdict == MVMP_DROP_EXPIRED)
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) is valid from %s to %s, now is %s",
			(unsigned long long)cert.serial, cert.name,
			mvmp_time_text(from, cert.not_before), mvmp_time_text(to, cert.not_after),
			mvmp_time_text(
				now, now_s > cluster->time_floor ? now_s : cluster->time_floor));
	if (verdict == MVMP_DROP_REVOKED)
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) is revoked by cluster state %llu",
			(unsigned long long)cert.serial, cert.name,
			(unsigned long long)cluster->number);
	return mvmp_fail(err, MVMP_NOT_TRUSTED,
		"certificate %llu (%s) is not signed by a CA key of the cluster state",
		(unsigned long long)cert.serial, cert.name);
}

static bool names_one_of(const struct mvmp_cert *cert, const struct mvmp_enrol_request *asked)
{
	for (unsigned i = 0; i < asked->macs; i++) {
		if (mvmp_cert_has_mac(cert, asked->mac[i]))
			return true;
	}
	return false;
}

static bool names_key(const struct mvmp_crypto_ops *crypto, const struct mvmp_cluster *cluster,
	const uint8_t *cluster_key)
{
	uint8_t id[MVMP_ID_LEN];

	mvmp_cluster_key_id(crypto, id, cluster_key);
	return mvmp_equal(id, cluster->key_id, sizeof id);
}

static int check_fit(const struct mvmp_cert *cert, const struct mvmp_enrol_request *asked,
	const uint8_t *mac, struct mvmp_error *err)
{
	char text[64];

	if (memcmp(cert->key, asked->key, MVMP_KEY_LEN) != 0)
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) is for another key than the node's",
			(unsigned long long)cert->serial, cert->name);
	if (!(cert->roles & MVMP_ROLE_NODE))
		return mvmp_fail(err, MVMP_NOT_TRUSTED,
			"certificate %llu (%s) has role %s, a node needs node",
			(unsigned long long)cert->serial, cert->name,
			mvmp_roles_text(text, cert->roles));
	if (mac ? mvmp_cert_has_mac(cert, mac) : names_one_of(cert, asked))
		return 0;
	return mvmp_fail(err, MVMP_NOT_TRUSTED,
		"certificate %llu (%s) does not name the node's MAC %s",
		(unsigned long long)cert->serial, cert->name,
		mvmp_mac_text(text, mac ? mac : asked->mac[0]));
}

int mvmp_enrol_delivery_check(const struct mvmp_crypto_ops *crypto,
	const struct mvmp_enrol_delivery *delivery, const struct mvmp_enrol_request *asked,
	const uint8_t *mac, uint64_t now_s, struct mvmp_error *err)
{
	struct mvmp_cluster cluster;
	enum mvmp_verdict verdict;
	struct mvmp_cert cert;
	int ret = mvmp_cluster_decode(
		crypto, &cluster, NULL, delivery->state, delivery->state_len, err);

	if (ret)
		return ret;
	if (!names_key(crypto, &cluster, delivery->cluster_key)) {
		ret = mvmp_fail(err, MVMP_NOT_TRUSTED,
			"the cluster key is not the one that cluster state %llu names",
			(unsigned long long)cluster.number);
		mvmp_cluster_clear(&cluster);
		return ret;
	}
	verdict =
		mvmp_cert_check(crypto, &cert, &cluster, delivery->cert, delivery->cert_len, now_s);
	ret = verdict ? explain(verdict, delivery, &cluster, now_s, err)
		      : check_fit(&cert, asked, mac, err);
	mvmp_cluster_clear(&cluster);
	return ret;
}
