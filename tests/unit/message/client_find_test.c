/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "client_bench.h"
#include <cmocka.h>
#include <string.h>

static const uint8_t other_mac[] = {0x52, 0x54, 0x00, 0xaa, 0x01, 0x05};

/* A member that is not known is probed for on all links, found, asked and its answer told. */
static void a_member_is_found_by_name(void **state)
{
	struct bench *b = *state;

	assert_int_not_equal(bench_call(b, MVMP_VERB_PING, "r1-n05", 1000), 0);
	assert_int_equal(b->ep.probes, 2);
	bench_pass(b, 200);
	assert_in_range(b->ep.probes, 6, 10);
	fake_beacon(&b->ep, &b->peer);
	assert_int_equal(b->ep.connects, 1);
	fake_up(&b->ep, 1, &b->cert);
	assert_int_equal(bench_answer(b, MVMP_OK).verb, MVMP_VERB_PING);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_string_equal(b->body, "fine");
	assert_int_equal(b->session, 1);
	bench_pass(b, 2000);
	assert_int_equal(b->done, 1);
}

/* Node id, MAC in any writing, and address lead to the same session; other calls share it. */
static void a_session_is_reused(void **state)
{
	struct bench *b = *state;
	struct mvmp_addr addr = {.link = WIRE};
	struct mvmp_target by_addr = {.addr = &addr, .role = MVMP_ROLE_NODE};
	struct mvmp_target by_mac = {.mac = bench_mac, .role = MVMP_ROLE_NODE};

	memcpy(addr.mac, bench_mac, MVMP_MAC_LEN);
	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "7a77f9b5", 1000);
	bench_call(b, MVMP_VERB_PING, "0CC47A77F9B5", 1000);
	fake_up(&b->ep, 1, &b->cert);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	bench_call_target(b, MVMP_VERB_PING, &by_addr, 1000);
	bench_call_target(b, MVMP_VERB_PING, &by_mac, 1000);
	for (unsigned i = 0; i < 5; i++)
		bench_answer(b, MVMP_OK);
	assert_int_equal(b->done, 5);
	assert_int_equal(b->ep.connects, 1);
	assert_int_equal(b->ep.probes, 0);
}

/* Nobody there: one clear sentence at the deadline, not before. */
static void silence_ends_at_the_deadline(void **state)
{
	struct bench *b = *state;

	bench_call(b, MVMP_VERB_PIN, "r9", 500);
	bench_pass(b, 499);
	assert_int_equal(b->done, 0);
	bench_pass(b, 1);
	assert_int_equal(b->done, 1);
	assert_int_equal(b->error.status, MVMP_NO_ANSWER);
	assert_string_equal(b->error.text, "nobody answered for r9 within 500 ms");
	assert_true(mvmp_client_deadline(b->client) == UINT64_MAX);
}

/* A MAC that the certificate does not name is refused, naming both. */
static void a_wrong_mac_is_refused_by_name(void **state)
{
	struct bench *b = *state;

	memcpy(b->peer.addr.mac, other_mac, MVMP_MAC_LEN);
	bench_call(b, MVMP_VERB_PING, "52:54:00:aa:01:05", 500);
	assert_int_equal(b->ep.probe[0].unicast, true);
	fake_beacon(&b->ep, &b->peer);
	assert_memory_equal(b->ep.session[0].expect_mac, other_mac, MVMP_MAC_LEN);
	fake_up(&b->ep, 1, &b->cert);
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text, "r1-n05 answered from MAC 52:54:00:aa:01:05, its "
					   "certificate allows 0c:c4:7a:77:f9:b5 only");
	assert_int_equal(b->ep.sent, 0);
}

/* So is a certificate of another name, or without the role that was wanted. */
static void a_wrong_certificate_is_refused(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	strcpy(b->cert.name, "mallory");
	fake_up(&b->ep, 1, &b->cert);
	bench_pass(b, 350); /* somebody else may bear the name */
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text,
		"r1-n05 was announced there, but the certificate that answered is mallory's");
	strcpy(b->cert.name, "r1-n05");
	b->cert.roles = MVMP_ROLE_OBSERVER;
	fake_down(&b->ep, 1, MVMP_NO_ANSWER, "gone");
	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	fake_up(&b->ep, 2, &b->cert);
	bench_pass(b, 350);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(
		b->error.text, "r1-n05 has role observer in its certificate, needed is node");
	assert_int_equal(b->ep.sent, 0);
}

/* A connect refused for the certificate's sake ends the call at once with that reason. */
static void a_refusal_ends_at_once(void **state)
{
	struct bench *b = *state;

	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 5000);
	fake_down(&b->ep, 1, MVMP_NOT_TRUSTED, "certificate 7 (r1-n05) is revoked");
	mvmp_client_advance(b->client, b->now);
	assert_int_equal(b->error.status, MVMP_NOT_TRUSTED);
	assert_string_equal(b->error.text, "certificate 7 (r1-n05) is revoked");
}

/* Another member that announces itself by the same name, from another MAC. */
static struct mvmp_peer make_twin(const struct bench *b, struct mvmp_cert *cert)
{
	struct mvmp_peer twin = b->peer;

	twin.fingerprint[0] = 6;
	memcpy(twin.addr.mac, other_mac, MVMP_MAC_LEN);
	memcpy(twin.mac[0], other_mac, MVMP_MAC_LEN);
	*cert = b->cert;
	memcpy(cert->mac[0], other_mac, MVMP_MAC_LEN);
	return twin;
}

/* The session to an address, in whatever order they were begun. */
static mvmp_session session_at(const struct bench *b, const struct mvmp_peer *peer)
{
	for (unsigned i = 0; i < FAKE_SESSIONS; i++) {
		if (!memcmp(b->ep.session[i].addr.mac, peer->addr.mac, MVMP_MAC_LEN))
			return b->ep.session[i].id;
	}
	return 0;
}

/* However many names are looked for at once, everybody is asked once. */
static void many_names_share_a_probe(void **state)
{
	struct bench *b = *state;
	char name[8];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n%02u", i);
		bench_call(b, MVMP_VERB_PING, name, 1000);
	}
	assert_int_equal(b->ep.probes, 2); /* one on each link */
	bench_pass(b, 40);
	assert_int_equal(b->ep.probes, 4);
}

/* Of many MACs only so many are probed at once as the receive ring surely holds answers of; who
 * does not answer makes room for the next. */
static void many_macs_are_probed_in_turns(void **state)
{
	struct bench *b = *state;
	uint8_t mac[MVMP_MAC_LEN] = {2};
	const struct mvmp_target target = {.mac = mac, .role = MVMP_ROLE_NODE};

	for (mac[5] = 0; mac[5] < 200; mac[5]++)
		bench_call_target(b, MVMP_VERB_PING, &target, 5000);
	assert_int_equal(b->ep.probes, 1 + 64); /* on the Unix link; the first MACs */
	bench_pass(b, 200);
	assert_in_range(b->ep.probes, 2 * 64, 400);
	bench_pass(b, 400);
	assert_true(b->ep.probes >= 2 * 200);
}

/* Calls that waited for their turn and then need no slot, since the member is connected meanwhile,
 * leave their turn to the next: none is forgotten until its deadline. */
static void who_needs_no_turn_gives_it_on(void **state)
{
	struct bench *b = *state;
	const struct mvmp_target target = {.mac = bench_mac, .role = MVMP_ROLE_NODE};

	for (unsigned i = 0; i < 300; i++)
		assert_int_not_equal(bench_call_target(b, MVMP_VERB_PING, &target, 5000), 0);
	fake_beacon(&b->ep, &b->peer);
	fake_up(&b->ep, 1, &b->cert);
	for (unsigned ms = 0; ms < 50; ms++) {
		while (b->ep.sent)
			bench_answer(b, MVMP_OK);
		bench_pass(b, 1);
	}
	assert_int_equal(b->done, 300);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_int_equal(b->ep.connects, 1);
}

/* Two certificates of one name: both are named, neither gets the change. */
static void an_ambiguous_name_is_refused(void **state)
{
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer twin = make_twin(b, &cert);

	bench_call(b, MVMP_VERB_PIN, "r1-n05", 500);
	fake_beacon(&b->ep, &b->peer);
	assert_int_equal(b->ep.connects, 0); /* a change waits whether there are more */
	fake_beacon(&b->ep, &twin);
	bench_pass(b, 50);
	assert_int_equal(b->ep.connects, 2);
	fake_up(&b->ep, session_at(b, &b->peer), &b->cert);
	bench_pass(b, 50);
	assert_int_equal(b->ep.sent, 0);
	fake_up(&b->ep, session_at(b, &twin), &cert);
	bench_pass(b, 10);
	assert_int_equal(b->error.status, MVMP_CONFLICT);
	assert_non_null(strstr(b->error.text, "0c:c4:7a:77:f9:b5"));
	assert_non_null(strstr(b->error.text, "52:54:00:aa:01:05"));
	assert_int_equal(b->ep.sent, 0);
}

/* Who announces another's name and has a certificate of its own, or does not answer at all, keeps
 * neither reading nor change from the one who proves the name. */
static void a_borrowed_name_harms_nobody(void **state)
{
	static const enum mvmp_verb verb[] = {MVMP_VERB_PING, MVMP_VERB_PIN, MVMP_VERB_PIN};
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer liar = make_twin(b, &cert);

	strcpy(cert.name, "mallory");
	for (unsigned i = 0; i < 3; i++) {
		liar.seen = b->peer.seen + i;
		bench_call(b, verb[i], "r1-n05", 2000);
		fake_beacon(&b->ep, &b->peer);
		fake_beacon(&b->ep, &liar);
		bench_pass(b, 60);
		for (unsigned k = 0; k < FAKE_SESSIONS; k++) {
			struct fake_session *s = &b->ep.session[k];
			bool lies = !memcmp(s->addr.mac, other_mac, MVMP_MAC_LEN);

			if (s->id && (!lies || i < 2))
				fake_up(&b->ep, s->id, lies ? &cert : &b->cert);
		}
		bench_pass(b, 400);
		assert_int_equal(b->ep.sent, 1);
		bench_answer(b, MVMP_OK);
		assert_int_equal(b->done, i + 1);
		assert_int_equal(b->error.status, MVMP_OK);
		for (unsigned k = 0; k < FAKE_SESSIONS; k++) {
			if (b->ep.session[k].id)
				fake_down(&b->ep, b->ep.session[k].id, MVMP_NO_ANSWER, "gone");
		}
	}
}

/* The liar alone is heard first; the member's own BEACON, a little later, still counts. */
static void a_liar_heard_first_is_passed_over(void **state)
{
	struct bench *b = *state;
	struct mvmp_cert cert;
	struct mvmp_peer liar = make_twin(b, &cert);

	strcpy(cert.name, "mallory");
	bench_call(b, MVMP_VERB_PING, "r1-n05", 1000);
	fake_beacon(&b->ep, &liar);
	fake_up(&b->ep, 1, &cert);
	bench_pass(b, 50);
	assert_int_equal(b->done, 0);
	fake_beacon(&b->ep, &b->peer);
	bench_pass(b, 10);
	fake_up(&b->ep, 2, &b->cert);
	bench_pass(b, 10);
	bench_answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
}

/* The same member on both links is no conflict, and is asked over the Unix link. */
static void the_unix_link_is_preferred(void **state)
{
	struct bench *b = *state;
	struct mvmp_peer local = b->peer;
	const struct mvmp_peer *peers;

	local.addr = (struct mvmp_addr){.link = LOCAL, .mac = {2, 0, 0, 0, 0, 9}};
	local.seen = 5;
	b->peer.seen = 9;
	fake_beacon(&b->ep, &local);
	fake_beacon(&b->ep, &b->peer);
	bench_call(b, MVMP_VERB_PING, "r1-n05", 500);
	assert_int_equal(b->ep.session[0].addr.link, LOCAL);
	fake_up(&b->ep, 1, &b->cert);
	bench_answer(b, MVMP_OK);
	assert_int_equal(b->error.status, MVMP_OK);
	assert_int_equal(mvmp_client_peers(b->client, &peers), 2);
	assert_int_equal(peers[0].seen, 9);
	assert_int_equal(peers[1].seen, 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_member_is_found_by_name),
		CASE(a_session_is_reused),
		CASE(silence_ends_at_the_deadline),
		CASE(a_wrong_mac_is_refused_by_name),
		CASE(a_wrong_certificate_is_refused),
		CASE(a_refusal_ends_at_once),
		CASE(many_names_share_a_probe),
		CASE(many_macs_are_probed_in_turns),
		CASE(who_needs_no_turn_gives_it_on),
		CASE(an_ambiguous_name_is_refused),
		CASE(a_borrowed_name_harms_nobody),
		CASE(a_liar_heard_first_is_passed_over),
		CASE(the_unix_link_is_preferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
