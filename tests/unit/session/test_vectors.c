/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>

/* tests/vectors/frames.txt, made by another program from the specification. */
enum { LINES_MAX = 64 };

static struct line {
	char name[32];
	uint8_t bytes[1536];
	size_t len;
} lines[LINES_MAX];

static const struct line *find(const char *name)
{
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (!strcmp(lines[i].name, name))
			return &lines[i];
	}
	fail_msg("frames.txt has no %s", name);
	return NULL;
}

static const struct line *find_of(const char *who, const char *what)
{
	char name[48];

	snprintf(name, sizeof(name), "%s_%s", who, what);
	return find(name);
}

static int read_vectors(void **state)
{
	FILE *file = fopen(VECTORS "/frames.txt", "r");
	char text[3200], hex[3100];
	unsigned n = 0;

	if (!file)
		return -1;
	while (n < LINES_MAX && fgets(text, sizeof(text), file)) {
		if (text[0] == '#' || sscanf(text, "%31s %3099s", lines[n].name, hex) != 2)
			continue;
		lines[n].len = strlen(hex) / 2;
		if (mvmp_unhex(lines[n].bytes, lines[n].len, hex))
			return -1;
		n++;
	}
	fclose(file);
	return n ? 0 : -1;
}

/* A member whose every random draw is the vector's. */
struct end {
	const char *who;
	struct mvmp_identity identity;
	struct mvmp_endpoint *ep;
	struct mvmp_addr addr;
	unsigned draws16;
	mvmp_session session;
	size_t sent_len, before_len, got_len;
	uint8_t sent[1536], before[1536], got[2048]; /* the last frame, the one before it */
	enum mvmp_status down;
	char keys[2048]; /* lines of the key log */
};

static void draw(void *ctx, void *to, size_t len)
{
	static const char *const names[] = {"instance", "hello_id", "probe"};
	struct end *end = ctx;

	memset(to, 0, len);
	if (len == 16 && end->draws16 < 3) {
		const struct line *line = find_of(end->who, names[end->draws16++]);

		memcpy(to, line->bytes, line->len);
	} else if (len == 16) {
		memcpy(to, find("cookie_salt")->bytes, len);
	} else if (len == 4) {
		memcpy(to, find_of(end->who, "index")->bytes, len);
	} else if (len == 32) {
		memcpy(to, find_of(end->who, "ephemeral")->bytes, len);
	}
}

static int keep_frame(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	struct end *end = ctx;

	assert_true(len <= sizeof(end->sent));
	memcpy(end->before, end->sent, end->sent_len);
	end->before_len = end->sent_len;
	memcpy(end->sent, frame, len);
	end->sent_len = len;
	return 0;
}

static void keep_key(void *ctx, const char *line)
{
	struct end *end = ctx;
	size_t used = strlen(end->keys);

	assert_true(used + strlen(line) + 2 < sizeof(end->keys));
	sprintf(end->keys + used, "%s\n", line);
}

static uint64_t wall_s(void *ctx)
{
	return 1500;
}

static void note(void *ctx, const struct mvmp_event *event)
{
	struct end *end = ctx;

	if (event->type == MVMP_EVENT_SESSION_UP)
		end->session = event->session;
	if (event->type == MVMP_EVENT_SESSION_DOWN)
		end->down = event->status;
	if (event->type == MVMP_EVENT_MESSAGE || event->type == MVMP_EVENT_STATS) {
		end->got_len = event->len;
		memcpy(end->got, event->bytes, event->len);
	}
}

#define NOW (7 * MVMP_NS_PER_S)

static void identify(struct end *end)
{
	struct mvmp_identity *identity = &end->identity;
	const struct line *cert = find_of(end->who, "cert");

	identity->crypto = &mvmp_crypto_openssl;
	memcpy(identity->secret, find_of(end->who, "secret")->bytes, MVMP_KEY_LEN);
	memcpy(identity->cluster_key, find("cluster_key")->bytes, MVMP_KEY_LEN);
	memcpy(identity->cert_bytes, cert->bytes, cert->len);
	identity->cert_len = cert->len;
	assert_int_equal(mvmp_cert_decode(&identity->cert, cert->bytes, cert->len), MVMP_ACCEPTED);
	identity->cluster.number = 42;
	identity->cluster.cas = 1;
	mvmp_crypto_openssl.sign_public(identity->cluster.ca[0], find("ca_seed")->bytes);
}

static void begin(struct end *end, const char *who, uint8_t last, bool answers)
{
	struct mvmp_endpoint_config config = {.identity = &end->identity,
		.env = {end, keep_frame, draw, wall_s, note},
		.answer_probes = answers,
		.key_log = keep_key};
	struct mvmp_link link = {.mtu = 1500, .has_macs = true, .mac = {2, 0, 0, 0, 0, last}};

	*end = (struct end){.who = who, .addr = {.mac = {2, 0, 0, 0, 0, last}}};
	identify(end);
	memcpy(config.host_boot, find_of(who, "host_boot")->bytes, MVMP_ID_LEN);
	assert_int_equal(mvmp_endpoint_new(&config, NOW, &end->ep, NULL), 0);
	assert_int_equal(mvmp_endpoint_set_link(end->ep, 0, &link), 0);
}

/* The frame that `from` sent last is the vector's; `to` accepts the vector's. */
static void pass(struct end *from, struct end *to, const char *name, uint64_t now)
{
	const struct line *line = find(name);
	enum mvmp_channel channel = !strcmp(name, "frame_stats") ? MVMP_STATS : MVMP_CONTROL;

	assert_int_equal(from->sent_len, line->len);
	assert_memory_equal(from->sent, line->bytes, line->len);
	from->sent_len = from->before_len = 0;
	assert_int_equal(
		mvmp_endpoint_receive(to->ep, &from->addr, channel, line->bytes, line->len, now),
		MVMP_ACCEPTED);
}

static void end_all(struct end *a, struct end *b)
{
	mvmp_endpoint_free(a->ep);
	mvmp_endpoint_free(b->ep);
}

/* Every frame of a contact, a message and a stats frame is byte for byte what another program
 * made from the specification. */
static void contact(void **state)
{
	struct end node, ada;

	begin(&node, "node", 1, true);
	begin(&ada, "ada", 2, false);
	assert_int_not_equal(
		mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, NOW + MVMP_NS_PER_S, NOW), 0);
	pass(&ada, &node, "frame_probe", NOW);
	pass(&node, &ada, "frame_beacon", NOW);
	pass(&ada, &node, "frame_init", NOW);
	pass(&node, &ada, "frame_reply", NOW);
	pass(&ada, &node, "frame_ping", NOW);
	pass(&node, &ada, "frame_pong", NOW);
	assert_int_equal(mvmp_endpoint_send(ada.ep, ada.session, "hello", 5, NOW), 0);
	pass(&ada, &node, "frame_fragment", NOW);
	assert_int_equal(node.got_len, 5);
	assert_memory_equal(node.got, "hello", 5);
	assert_int_equal(mvmp_endpoint_send_stats(node.ep, node.session, "stats", 5, NOW), 0);
	pass(&node, &ada, "frame_stats", NOW);
	assert_memory_equal(ada.got, "stats", 5);
	mvmp_endpoint_advance(node.ep, NOW); /* the announcement */
	mvmp_endpoint_advance(node.ep, NOW + 2 * MVMP_NS_PER_MS);
	pass(&node, &ada, "frame_ack", NOW + 2 * MVMP_NS_PER_MS);
	end_all(&node, &ada);
}

static void open_session(struct end *node, struct end *ada)
{
	begin(node, "node", 1, true);
	begin(ada, "ada", 2, false);
	mvmp_endpoint_connect(ada->ep, &node->addr, NULL, 0, NOW + MVMP_NS_PER_S, NOW);
	pass(ada, node, "frame_probe", NOW);
	pass(node, ada, "frame_beacon", NOW);
	pass(ada, node, "frame_init", NOW);
	pass(node, ada, "frame_reply", NOW);
	pass(ada, node, "frame_ping", NOW);
	pass(node, ada, "frame_pong", NOW);
	assert_int_equal(mvmp_endpoint_send(ada->ep, ada->session, "hello", 5, NOW), 0);
	pass(ada, node, "frame_fragment", NOW);
	mvmp_endpoint_advance(node->ep, NOW);
	mvmp_endpoint_advance(node->ep, NOW + 2 * MVMP_NS_PER_MS);
	pass(node, ada, "frame_ack", NOW + 2 * MVMP_NS_PER_MS);
}

/* A message of two fragments whose first frame is lost: the gap is told at once, the fragment is
 * repeated in a new frame, and the whole message arrives. */
static void repetition(void **state)
{
	const uint64_t sent = NOW + 3 * MVMP_NS_PER_MS, repeated = sent + 20 * MVMP_NS_PER_MS;
	uint8_t message[2000];
	struct end node, ada;

	for (unsigned i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i % 251);
	open_session(&node, &ada);
	node.got_len = 0;
	assert_int_equal(
		mvmp_endpoint_send(ada.ep, ada.session, message, sizeof(message), sent), 0);
	assert_int_equal(ada.before_len, find("frame_first")->len);
	assert_memory_equal(ada.before, find("frame_first")->bytes, ada.before_len);
	pass(&ada, &node, "frame_second", sent);
	pass(&node, &ada, "frame_ack_gap", sent);
	assert_int_equal(node.got_len, 0);
	mvmp_endpoint_advance(ada.ep, repeated);
	pass(&ada, &node, "frame_again", repeated);
	assert_int_equal(node.got_len, sizeof(message));
	assert_memory_equal(node.got, message, sizeof(message));
	mvmp_endpoint_advance(node.ep, repeated + 2 * MVMP_NS_PER_MS);
	pass(&node, &ada, "frame_ack_all", repeated + 2 * MVMP_NS_PER_MS);
	mvmp_endpoint_close(ada.ep, ada.session, repeated + 3 * MVMP_NS_PER_MS);
	pass(&ada, &node, "frame_close", repeated + 3 * MVMP_NS_PER_MS);
	end_all(&node, &ada);
}

/* A COOKIE is answered by the same INIT with the proof. */
static void cookie(void **state)
{
	struct end node, ada;
	const struct line *line = find("frame_cookie");

	begin(&node, "node", 1, true);
	begin(&ada, "ada", 2, false);
	mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, NOW + MVMP_NS_PER_S, NOW);
	pass(&ada, &node, "frame_probe", NOW);
	pass(&node, &ada, "frame_beacon", NOW);
	assert_int_equal(mvmp_endpoint_receive(
				 ada.ep, &node.addr, MVMP_CONTROL, line->bytes, line->len, NOW),
		MVMP_ACCEPTED);
	pass(&ada, &node, "frame_init_proven", NOW);
	pass(&node, &ada, "frame_reply", NOW);
	end_all(&node, &ada);
}

/* Who completed a session shows its ticket in the next INIT. */
static void ticket(void **state)
{
	struct mvmp_ticket kept;
	struct end node, ada;

	begin(&node, "node", 1, true);
	begin(&ada, "ada", 2, false);
	mvmp_cert_fingerprint(&mvmp_crypto_openssl, kept.responder, node.identity.cert_bytes,
		node.identity.cert_len);
	memcpy(kept.id, find("ticket_id")->bytes, sizeof(kept.id));
	memcpy(kept.secret, find("ticket_secret")->bytes, sizeof(kept.secret));
	mvmp_endpoint_add_ticket(ada.ep, &kept);
	mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, NOW + MVMP_NS_PER_S, NOW);
	pass(&ada, &node, "frame_probe", NOW);
	pass(&node, &ada, "frame_beacon", NOW);
	pass(&ada, &node, "frame_init_ticket", NOW);
	pass(&node, &ada, "frame_reply", NOW);
	end_all(&node, &ada);
}

/* What the operator's key log says of a contact is what the vectors' program derived. */
static void key_log(void **state)
{
	const struct line *line = find("frame_cookie");
	char wanted[2048] = "", text[512];
	FILE *file = fopen(VECTORS "/keylog.txt", "r");
	struct end node, ada;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		if (text[0] != '#')
			strcat(wanted, text);
	}
	fclose(file);
	begin(&node, "node", 1, true);
	begin(&ada, "ada", 2, false);
	mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, NOW + MVMP_NS_PER_S, NOW);
	pass(&ada, &node, "frame_probe", NOW);
	pass(&node, &ada, "frame_beacon", NOW);
	mvmp_endpoint_receive(ada.ep, &node.addr, MVMP_CONTROL, line->bytes, line->len, NOW);
	pass(&ada, &node, "frame_init_proven", NOW);
	pass(&node, &ada, "frame_reply", NOW);
	assert_string_equal(ada.keys, wanted);
	end_all(&node, &ada);
}

/* A refusal is the vector's, and is understood. */
static void refusal(void **state)
{
	uint64_t serial = 6, later = NOW + MVMP_NS_PER_S;
	struct end node, ada;

	begin(&node, "node", 1, true);
	begin(&ada, "ada", 2, false);
	node.identity.cluster.revoked = 1;
	node.identity.cluster.revoked_serial = &serial;
	mvmp_endpoint_connect(ada.ep, &node.addr, NULL, 0, NOW + 2 * MVMP_NS_PER_S, NOW);
	pass(&ada, &node, "frame_probe", NOW);
	pass(&node, &ada, "frame_beacon", NOW);
	assert_int_equal(mvmp_endpoint_receive(
				 node.ep, &ada.addr, MVMP_CONTROL, ada.sent, ada.sent_len, NOW),
		MVMP_DROP_REVOKED);
	pass(&node, &ada, "frame_refusal", NOW);
	mvmp_endpoint_advance(ada.ep, later);
	assert_int_equal(ada.down, MVMP_NOT_TRUSTED);
	end_all(&node, &ada);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contact),
		cmocka_unit_test(refusal),
		cmocka_unit_test(repetition),
		cmocka_unit_test(ticket),
		cmocka_unit_test(cookie),
		cmocka_unit_test(key_log),
	};

	return cmocka_run_group_tests(tests, read_vectors, NULL);
}
