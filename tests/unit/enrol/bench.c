/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"
#include <stdlib.h>
#include <string.h>

static const uint8_t node_mac[MVMP_MAC_LEN] = {2, 0, 0, 0, 0, 1};

static void draw(void *ctx, void *to, size_t len)
{
	test_random_bytes(&((struct bench *)ctx)->random, to, len);
}

static void draw_operator(void *ctx, void *to, size_t len)
{
	draw(((struct bench_operator *)ctx)->bench, to, len);
}

static int send_node(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	struct bench *bench = ctx;

	bench->answers++;
	if (len > bench->longest_answer)
		bench->longest_answer = len;
	return mvmp_link_send(bench->link, to->mac, MVMP_CONTROL, frame, len);
}

static int send_operator(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	return mvmp_link_send(
		((struct bench_operator *)ctx)->link, to->mac, MVMP_CONTROL, frame, len);
}

static struct mvmp_enrol_request request_of(const struct bench *bench)
{
	struct mvmp_enrol_request request = {.name = "node-7", .macs = 2};

	if (mvmp_crypto_openssl.dh_public(request.key, bench->key))
		abort();
	memcpy(request.mac[0], node_mac, MVMP_MAC_LEN);
	memcpy(request.mac[1], (const uint8_t[]){2, 0, 0, 0, 0, 2}, MVMP_MAC_LEN);
	return request;
}

static void delivered(
	void *ctx, const struct mvmp_enrol_delivery *delivery, const struct mvmp_addr *by)
{
	struct bench *bench = ctx;
	struct mvmp_enrol_request request = request_of(bench);

	bench->deliveries++;
	memcpy(bench->got_key, delivery->cluster_key, MVMP_KEY_LEN);
	memcpy(bench->got_cert, delivery->cert, delivery->cert_len);
	bench->got_cert_len = delivery->cert_len;
	bench->got_state_len = delivery->state_len;
	bench->check = (struct mvmp_error){.status = MVMP_OK};
	mvmp_enrol_delivery_check(
		&mvmp_crypto_openssl, delivery, &request, node_mac, TEST_WALL_S, &bench->check);
	if (!bench->keep_waiting)
		mvmp_enrol_node_conclude(bench->node, &bench->check, bench->now);
}

static void requested(
	void *ctx, const struct mvmp_enrol_request *request, const struct mvmp_addr *from)
{
	struct bench_operator *op = ctx;

	op->requests++;
	op->request = *request;
	op->node = *from;
}

static void concluded(void *ctx, const struct mvmp_error *outcome)
{
	struct bench_operator *op = ctx;

	op->conclusions++;
	op->outcome = *outcome;
}

void bench_init(struct bench *bench, uint64_t seed)
{
	bench_init_with(bench, seed, &mvmp_crypto_openssl);
}

void bench_init_with(struct bench *bench, uint64_t seed, const struct mvmp_crypto_ops *crypto)
{
	struct mvmp_enrol_node_config config = {.crypto = crypto,
		.env = {bench, send_node, draw},
		.delivered = delivered,
		.secret = bench->secret};

	*bench = (struct bench){.random = seed, .now = MVMP_NS_PER_S, .crypto = crypto};
	test_authority_init(&bench->authority, seed);
	draw(bench, bench->secret, sizeof bench->secret);
	draw(bench, bench->key, sizeof bench->key);
	bench->sw = mvmp_memswitch_new(seed);
	bench->link = mvmp_memswitch_port(bench->sw, node_mac, BENCH_MTU);
	memcpy(bench->node_addr.mac, node_mac, MVMP_MAC_LEN);
	config.request = request_of(bench);
	if (mvmp_enrol_node_new(&config, bench->now, &bench->node, NULL))
		abort();
	bench_make_delivery(bench, &(struct mvmp_cert){.serial = 0}, 0);
	for (unsigned i = 0; i < BENCH_OPERATORS; i++) {
		bench->op[i].bench = bench;
		bench->op[i].link = mvmp_memswitch_port(
			bench->sw, (const uint8_t[]){2, 0, 0, 0, 1, (uint8_t)i}, BENCH_MTU);
	}
}

void bench_clear(struct bench *bench)
{
	for (unsigned i = 0; i < BENCH_OPERATORS; i++) {
		mvmp_enrol_operator_free(bench->op[i].op);
		mvmp_link_close(bench->op[i].link);
	}
	mvmp_enrol_node_free(bench->node);
	mvmp_link_close(bench->link);
	mvmp_memswitch_free(bench->sw);
	free(bench->state);
}

static void complete(const struct bench *bench, struct mvmp_cert *cert)
{
	static const uint8_t none[MVMP_KEY_LEN];
	struct mvmp_enrol_request request = request_of(bench);

	if (!cert->name[0])
		strcpy(cert->name, "r1-n07");
	if (!cert->roles)
		cert->roles = MVMP_ROLE_NODE;
	if (!cert->serial)
		cert->serial = 100000;
	if (!cert->not_after)
		cert->not_after = TEST_WALL_S + 3600;
	if (!memcmp(cert->key, none, sizeof none))
		memcpy(cert->key, request.key, sizeof none);
	if (!cert->macs) {
		cert->macs = 1;
		memcpy(cert->mac[0], node_mac, MVMP_MAC_LEN);
	}
}

void bench_make_delivery(struct bench *bench, const struct mvmp_cert *wanted, unsigned revoked)
{
	struct mvmp_cluster cluster = {
		.number = 3, .key_generation = 1, .cas = 1, .revoked = revoked};
	struct mvmp_cert cert = *wanted;
	int cert_len, state_len;

	complete(bench, &cert);
	cluster.revoked_serial = calloc(revoked ? revoked : 1, sizeof *cluster.revoked_serial);
	for (unsigned i = 0; i < revoked; i++)
		cluster.revoked_serial[i] = i + 1;
	mvmp_cluster_key_id(&mvmp_crypto_openssl, cluster.key_id, bench->authority.cluster_key);
	mvmp_crypto_openssl.sign_public(cluster.ca[0], bench->authority.ca_seed);
	cert_len = mvmp_cert_sign(
		&mvmp_crypto_openssl, &cert, bench->authority.ca_seed, bench->cert, NULL);
	free(bench->state);
	state_len = mvmp_cluster_sign(
		&mvmp_crypto_openssl, &cluster, bench->authority.ca_seed, &bench->state, NULL);
	free(cluster.revoked_serial);
	if (cert_len < 0 || state_len < 0)
		abort();
	bench->delivery = (struct mvmp_enrol_delivery){.cluster_key = bench->authority.cluster_key,
		.cert = bench->cert,
		.cert_len = (size_t)cert_len,
		.state = bench->state,
		.state_len = (size_t)state_len};
}

void bench_ask(struct bench *bench, unsigned operator, const uint8_t * secret, uint64_t patience_s)
{
	struct bench_operator *op = &bench->op[operator];
	struct mvmp_enrol_operator_config config = {.crypto = bench->crypto,
		.env = {op, send_operator, draw_operator},
		.secret = secret,
		.patience_ns = patience_s * MVMP_NS_PER_S,
		.requested = requested,
		.concluded = concluded};

	memcpy(config.to.mac, mvmp_group, MVMP_MAC_LEN);
	op->requests = op->conclusions = 0;
	mvmp_enrol_operator_free(op->op);
	op->op = NULL;
	if (mvmp_enrol_operator_new(&config, bench->now, &op->op, &op->outcome))
		op->conclusions++;
}

static void to_node(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct bench *bench = ctx;
	struct mvmp_addr from = {.link = 0};
	enum mvmp_verdict verdict;

	memcpy(from.mac, src, MVMP_MAC_LEN);
	verdict = mvmp_enrol_node_receive(bench->node, &from, channel, frame, len, bench->now);
	bench->drops.count[verdict]++;
}

static void to_operator(void *ctx, const uint8_t src[static MVMP_MAC_LEN],
	enum mvmp_channel channel, const uint8_t *frame, size_t len)
{
	struct bench_operator *op = ctx;
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, src, MVMP_MAC_LEN);
	if (op->op)
		mvmp_enrol_operator_receive(op->op, &from, channel, frame, len, op->bench->now);
}

static uint64_t turn_operator(struct bench_operator *op)
{
	if (!op->op)
		return UINT64_MAX;
	mvmp_link_receive(op->link, 1000, to_operator, op);
	if (op->give && op->requests && !mvmp_enrol_operator_give(op->op, op->give, op->bench->now))
		op->give = NULL;
	mvmp_enrol_operator_advance(op->op, op->bench->now);
	return mvmp_enrol_operator_deadline(op->op);
}

void bench_run(struct bench *bench, const struct bench_operator *until, double seconds)
{
	uint64_t end = bench->now + (uint64_t)(seconds * 1e9);

	while (bench->now < end) {
		uint64_t next = end;

		mvmp_memswitch_advance(bench->sw, bench->now);
		mvmp_link_receive(bench->link, 1000, to_node, bench);
		for (unsigned i = 0; i < BENCH_OPERATORS; i++) {
			uint64_t due = turn_operator(&bench->op[i]);

			next = due < next ? due : next;
		}
		if (until && until->conclusions)
			break;
		if (mvmp_memswitch_next(bench->sw) < next)
			next = mvmp_memswitch_next(bench->sw);
		bench->now = next > bench->now ? next : bench->now + 1;
	}
}

enum mvmp_verdict bench_inject(
	struct bench *bench, const uint8_t *mac, const uint8_t *frame, size_t len)
{
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, mac, MVMP_MAC_LEN);
	return mvmp_enrol_node_receive(bench->node, &from, MVMP_CONTROL, frame, len, bench->now);
}
