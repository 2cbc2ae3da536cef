/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "world.h"
#include <cmocka.h>
#include <mvmp/client.h>
#include <mvmp/server.h>
#include <stdlib.h>
#include <string.h>

/* Requests and answers through real endpoints over the in-memory switch. */

#define MS MVMP_NS_PER_MS

static const uint8_t caller_mac[] = {0x0c, 0xc4, 0x7a, 0, 0, 1};
static const uint8_t node_mac[] = {0x0c, 0xc4, 0x7a, 0, 0, 2};
static const uint8_t strange_mac[] = {0x52, 0x54, 0, 0xaa, 1, 5};

struct bench {
	struct test_authority authority;
	struct test_world world;
	struct mvmp_identity ada, node_identity;
	struct test_node *caller, *node;
	struct mvmp_client *client;
	struct mvmp_server *server;
	unsigned handled, refused;
	struct mvmp_error refusal;
	const struct mvmp_verb_info *refused_verb;
	char refused_name[MVMP_NAME_MAX + 1];
	size_t answer_len;
	unsigned done;
	struct mvmp_error error;
	size_t body_len;
	uint8_t body_last;
	char from[MVMP_NAME_MAX + 1];
	uint64_t newer; /* of the node */
	bool open_when_done;
};

static void on_caller_event(struct test_node *node, const struct mvmp_event *event)
{
	struct bench *b = node->ctx;

	mvmp_client_event(b->client, event, b->world.now);
}

static void on_node_event(struct test_node *node, const struct mvmp_event *event)
{
	struct bench *b = node->ctx;

	mvmp_server_event(b->server, event, b->world.now);
}

static void on_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	struct bench *b = ctx;
	uint8_t *body = calloc(1, b->answer_len + 1);

	b->handled++;
	memset(body, 0x77, b->answer_len);
	mvmp_server_answer(b->server, request->call, NULL, body, b->answer_len, now);
	free(body);
}

static void on_refused(void *ctx, const struct mvmp_cert *caller, const struct mvmp_verb_info *verb,
	const struct mvmp_error *error, uint64_t now)
{
	struct bench *b = ctx;

	b->refused++;
	b->refusal = *error;
	b->refused_verb = verb;
	strcpy(b->refused_name, caller->name);
}

static void on_done(void *ctx, const struct mvmp_answer *answer)
{
	struct bench *b = ctx;

	b->done++;
	b->open_when_done = !mvmp_client_settled(b->client);
	b->error = answer->error;
	b->body_len = answer->body_len;
	b->body_last = answer->body_len ? answer->body[answer->body_len - 1] : 0;
	strcpy(b->from, answer->from ? answer->from->name : "");
}

static void start_server(struct bench *b)
{
	assert_int_equal(
		mvmp_server_new(b->node->ep, MVMP_ROLE_NODE, on_request, b, 0, &b->server), 0);
	mvmp_server_set_refused(b->server, on_refused, b);
}

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	struct test_member ada = {.name = "ada", .roles = MVMP_ROLE_OBSERVER};
	struct test_member node = {.name = "r1-n05", .roles = MVMP_ROLE_NODE, .macs = 1};

	memcpy(node.mac[0], node_mac, MVMP_MAC_LEN);
	test_authority_init(&b->authority, 1);
	test_authority_member(&b->authority, &b->ada, &ada);
	test_authority_member(&b->authority, &b->node_identity, &node);
	test_world_init(&b->world, 1);
	b->caller = test_world_add(&b->world, &b->ada, caller_mac, 1500, false);
	b->node = test_world_add(&b->world, &b->node_identity, node_mac, 1500, true);
	b->caller->hook = on_caller_event;
	b->node->hook = on_node_event;
	b->caller->ctx = b->node->ctx = b;
	b->answer_len = 100;
	assert_int_equal(mvmp_client_new(b->caller->ep, &b->client), 0);
	mvmp_client_set_links(b->client, 1);
	start_server(b);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	mvmp_client_free(b->client);
	mvmp_server_free(b->server);
	test_world_clear(&b->world);
	mvmp_identity_clear(&b->ada);
	mvmp_identity_clear(&b->node_identity);
	free(b);
	return 0;
}

static void run_ms(struct bench *b, uint64_t ms)
{
	for (uint64_t i = 0; i < ms; i++) {
		test_world_run_ms(&b->world, 1);
		mvmp_client_advance(b->client, b->world.now);
	}
}

static void call(struct bench *b, enum mvmp_verb verb, const char *text, size_t len, uint64_t ms)
{
	struct mvmp_target target = {.text = text, .role = MVMP_ROLE_NODE};
	uint8_t *body = calloc(1, len + 1);
	struct mvmp_error err;

	assert_int_not_equal(mvmp_client_call(b->client, &target, verb, body, len, NULL,
				     b->world.now + ms * MS, on_done, b, b->world.now, &err),
		0);
	free(body);
}

/* From nothing to the answer: found, connected, asked, within 20 ms of the segment's time. */
static void a_first_contact_is_quick(void **state)
{
	struct bench *b = *state;

	call(b, MVMP_VERB_PING, "r1-n05", 100, 1000);
	run_ms(b, 20);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_string_equal(b->from, "r1-n05");
	assert_int_equal(b->body_len, 100);
	call(b, MVMP_VERB_PING, "0cc47a000002", 100, 1000);
	run_ms(b, 1);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->caller->ups, 1);
}

/* A request of nearly 64 KiB and an answer of nearly a megabyte come whole, also with loss; a
 * longer request is not sent. */
static void long_messages_come_whole(void **state)
{
	struct bench *b = *state;

	mvmp_memswitch_impair(
		b->world.sw, &(struct mvmp_impairment){
				     .loss_ppm = 20000, .reorder_ppm = 20000, .delay_ns = 20000});
	b->answer_len = 900000;
	call(b, MVMP_VERB_PING, "r1-n05", MVMP_REQUEST_MAX - 64, 20000);
	run_ms(b, 20000);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_int_equal(b->body_len, 900000);
	assert_int_equal(b->body_last, 0x77);
	call(b, MVMP_VERB_PING, "r1-n05", MVMP_REQUEST_MAX, 1000);
	run_ms(b, 1000);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_TOO_LARGE);
}

/* The refusal of a role comes back in words. */
static void an_observer_cannot_pin(void **state)
{
	struct bench *b = *state;

	call(b, MVMP_VERB_PIN, "r1-n05", 0, 1000);
	run_ms(b, 100);
	assert_int_equal(b->error.status, MVMP_NOT_ALLOWED);
	/* And the node is told who was refused what, for its audit log. */
	assert_int_equal(b->refused, 1);
	assert_string_equal(b->refused_name, "ada");
	assert_int_equal(b->refused_verb->verb, MVMP_VERB_PIN);
	assert_string_equal(b->refusal.text, b->error.text);
	assert_string_equal(
		b->error.text, "certificate 1 (ada) has role observer, pin needs operator");
	assert_int_equal(b->handled, 0);
}

/* A node at a MAC that its certificate does not name is not asked anything. */
static void a_node_with_a_foreign_mac_is_refused(void **state)
{
	struct bench *b = *state;
	struct test_node *strange =
		test_world_add(&b->world, &b->node_identity, strange_mac, 1500, true);

	test_node_kill(b->node);
	strange->hook = on_node_event;
	strange->ctx = b;
	call(b, MVMP_VERB_PING, "52:54:00:aa:01:05", 0, 3000);
	run_ms(b, 3000);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text, "r1-n05 answered from MAC 52:54:00:aa:01:05, its "
					   "certificate allows 0c:c4:7a:00:00:02 only");
	assert_int_equal(b->handled, 0);
}

/* The node's program dies and starts again: calls find it by themselves, within 5 s. */
static void a_restarted_node_is_found_again(void **state)
{
	struct bench *b = *state;

	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_int_equal(b->done, 1);
	mvmp_server_free(b->server);
	test_node_kill(b->node);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 5000);
	run_ms(b, 300);
	assert_int_equal(b->done, 1);
	test_node_start(b->node);
	start_server(b);
	run_ms(b, 4700);
	assert_int_equal(b->done, 2);
	assert_int_equal(b->error.status, MVMP_OK);
}

static void on_newer(void *ctx, const struct mvmp_cluster_news *news)
{
	struct bench *b = ctx;
	bool changed = false;

	assert_string_equal(news->from->name, "ada");
	assert_int_equal(mvmp_identity_update_cluster(
				 &b->node_identity, news->document, news->len, &changed, NULL),
		0);
	assert_true(changed);
	b->newer = b->node_identity.cluster.number;
}

static void raise_cluster(struct bench *b)
{
	struct mvmp_cluster next = b->ada.cluster;
	uint8_t *bytes;
	bool changed;
	int len;

	next.number += 5;
	len = mvmp_cluster_sign(b->ada.crypto, &next, b->authority.ca_seed, &bytes, NULL);
	assert_true(len > 0);
	assert_int_equal(
		mvmp_identity_update_cluster(&b->ada, bytes, (size_t)len, &changed, NULL), 0);
	free(bytes);
}

/* A caller with a newer cluster state hands it over by just asking something. */
static void a_newer_cluster_state_travels(void **state)
{
	struct bench *b = *state;

	raise_cluster(b);
	mvmp_client_set_cluster(b->client, &b->ada, on_newer, b);
	mvmp_server_set_cluster(b->server, &b->node_identity, on_newer, b);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->newer, b->ada.cluster.number);
	assert_int_equal(b->handled, 1);
}

/* Who ends as soon as he is answered and settled has handed his cluster state over. */
static void a_short_lived_caller_hands_its_cluster_state_over(void **state)
{
	struct bench *b = *state;

	raise_cluster(b);
	mvmp_client_set_cluster(b->client, &b->ada, on_newer, b);
	mvmp_server_set_cluster(b->server, &b->node_identity, on_newer, b);
	assert_true(mvmp_client_settled(b->client));
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	for (unsigned ms = 0; ms < 100 && !(b->done && mvmp_client_settled(b->client)); ms++)
		run_ms(b, 1);
	assert_true(b->open_when_done);
	assert_int_equal(b->newer, b->ada.cluster.number);
}

static const uint8_t next_key[MVMP_KEY_LEN] = {42};

/* State 6 with the next key as generation 2, in one identity with the key, in one without. */
static void change_key(struct bench *b, struct mvmp_identity *identity, bool with_key)
{
	struct mvmp_cluster next = identity->cluster;
	uint8_t *bytes;
	bool changed;
	int len;

	next.number = 6;
	next.key_generation = 2;
	next.grace_s = 60;
	mvmp_cluster_key_id(identity->crypto, next.key_id, next_key);
	len = mvmp_cluster_sign(identity->crypto, &next, b->authority.ca_seed, &bytes, NULL);
	assert_int_equal(
		mvmp_identity_update_cluster(identity, bytes, (size_t)len, &changed, NULL), 0);
	free(bytes);
	if (with_key)
		mvmp_identity_take_key(identity, next_key, TEST_WALL_S, &changed, NULL);
}

struct taker {
	struct bench *b;
	struct test_node *node;
	unsigned news, documents, keys;
	bool refuse;
};

static void on_news(void *ctx, const struct mvmp_cluster_news *news)
{
	struct taker *t = ctx;
	bool changed;

	t->news++;
	t->documents += news->document != NULL;
	t->keys += news->key != NULL;
	if (t->refuse)
		return;
	if (news->document)
		mvmp_identity_update_cluster(
			t->node->identity, news->document, news->len, &changed, NULL);
	if (news->key &&
		!mvmp_identity_take_key(t->node->identity, news->key, TEST_WALL_S, &changed, NULL))
		mvmp_endpoint_take_keys(t->node->ep, t->b->world.now);
}

static void exchange(struct bench *b, struct taker *caller, struct taker *node)
{
	*caller = (struct taker){.b = b, .node = b->caller};
	*node = (struct taker){.b = b, .node = b->node};
	mvmp_client_set_cluster(b->client, &b->ada, on_news, caller);
	mvmp_server_set_cluster(b->server, &b->node_identity, on_news, node);
}

/* The next cluster key goes with the state that names it, whichever side has it. */
static void a_cluster_key_travels(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	change_key(b, &b->ada, true);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_int_equal(node.news, 1);
	assert_memory_equal(b->node_identity.cluster_key, next_key, MVMP_KEY_LEN);
	assert_int_equal(mvmp_identity_key_generation(&b->node_identity), 2);
	assert_int_equal(caller.news, 0);
}

static void a_cluster_key_travels_back(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	change_key(b, &b->node_identity, true);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_int_equal(caller.news, 1);
	assert_int_equal(mvmp_identity_key_generation(&b->ada), 2);
}

/* Who has the state without the key, since a power cut took it, gets the key alone. */
static void a_missing_cluster_key_is_handed_over(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	change_key(b, &b->ada, true);
	change_key(b, &b->node_identity, false);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_int_equal(node.documents, 0);
	assert_int_equal(node.keys, 1);
	assert_int_equal(mvmp_identity_key_generation(&b->node_identity), 2);
}

/* Who does not take what is handed over is not asked again and again. */
static void what_is_refused_is_not_handed_over_again(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	node.refuse = true;
	change_key(b, &b->ada, true);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 500);
	assert_int_equal(node.news, 1);
	assert_false(mvmp_client_share(b->client, 1, b->world.now));
	run_ms(b, 10000);
	mvmp_client_inquire(b->client, 1, b->world.now);
	run_ms(b, 50);
	assert_int_equal(node.news, 1);
	assert_int_equal(mvmp_identity_key_generation(&b->node_identity), 1);
}

/* What comes while a session is up is shared with the other side at once; what came there is found
 * by asking. */
static void news_spread_through_open_sessions(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	call(b, MVMP_VERB_PING, "r1-n05", 0, 1000);
	run_ms(b, 50);
	assert_false(mvmp_client_share(b->client, 1, b->world.now)); /* nothing is new */
	change_key(b, &b->ada, true);
	assert_true(mvmp_client_share(b->client, 0, b->world.now));
	assert_false(mvmp_client_share(b->client, 1, b->world.now));
	run_ms(b, 50);
	assert_int_equal(mvmp_identity_key_generation(&b->node_identity), 2);

	b->node_identity.cluster.number = 9; /* as if another admin had been there */
	b->node_identity.cluster_bytes[0] = 0;
	mvmp_client_inquire(b->client, 1, b->world.now); /* not due yet */
	run_ms(b, 50);
	assert_int_equal(caller.documents, 0);
	run_ms(b, 10000);
	mvmp_client_inquire(b->client, 1, b->world.now);
	run_ms(b, 50);
	assert_int_equal(caller.documents, 1);
}

static int on_install(void *ctx, const struct mvmp_cert *from, const uint8_t *cert, size_t len,
	struct mvmp_error *err)
{
	struct bench *b = ctx;

	b->newer = len;
	return cert[0] ? mvmp_fail(err, MVMP_CONFLICT, "it is older") : 0;
}

static void call_install(struct bench *b, uint8_t certificate)
{
	uint8_t body[] = {0x0a, 1, certificate};
	struct mvmp_target target = {.text = "r1-n05", .role = MVMP_ROLE_NODE};

	b->done = 0;
	assert_int_not_equal(mvmp_client_call(b->client, &target, MVMP_VERB_CERTIFICATE_INSTALL,
				     body, sizeof body, NULL, b->world.now + MVMP_NS_PER_S, on_done,
				     b, b->world.now, NULL),
		0);
	run_ms(b, 50);
	assert_int_equal(b->done, 1);
}

/* A certificate is installed by admins only; what is wrong with it is told. */
static void certificates_are_installed_by_admins(void **state)
{
	struct bench *b = *state;
	struct taker caller, node;

	exchange(b, &caller, &node);
	mvmp_server_set_installer(b->server, on_install, b);
	call_install(b, 0);
	assert_int_equal(b->error.status, MVMP_NOT_ALLOWED);
	assert_int_equal(b->refused_verb->verb, MVMP_VERB_CERTIFICATE_INSTALL);
	assert_int_equal(b->newer, 0);
	assert_int_equal(b->handled, 0);
}

static void certificates_are_checked(void **state)
{
	struct test_member ada = {.name = "ada", .roles = MVMP_ROLE_ADMIN};
	struct bench *b = *state;
	struct taker caller, node;

	mvmp_identity_clear(&b->ada);
	test_authority_member(&b->authority, &b->ada, &ada);
	exchange(b, &caller, &node);
	mvmp_server_set_installer(b->server, on_install, b);
	call_install(b, 0);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_int_equal(b->newer, 1);
	assert_int_equal(b->body_len, 4); /* serial and former serial */
	call_install(b, 1);
	assert_int_equal(b->error.status, MVMP_CONFLICT);
	assert_string_equal(b->error.text, "it is older");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_first_contact_is_quick),
		CASE(long_messages_come_whole),
		CASE(an_observer_cannot_pin),
		CASE(a_node_with_a_foreign_mac_is_refused),
		CASE(a_restarted_node_is_found_again),
		CASE(a_newer_cluster_state_travels),
		CASE(a_short_lived_caller_hands_its_cluster_state_over),
		CASE(a_cluster_key_travels),
		CASE(a_cluster_key_travels_back),
		CASE(a_missing_cluster_key_is_handed_over),
		CASE(what_is_refused_is_not_handed_over_again),
		CASE(news_spread_through_open_sessions),
		CASE(certificates_are_installed_by_admins),
		CASE(certificates_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
