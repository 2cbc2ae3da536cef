/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

/* The cluster key changes while members come and go. */

static const uint8_t second[MVMP_KEY_LEN] = {2}, third[MVMP_KEY_LEN] = {3};

/* As a member does that is handed the next key: the one it had is accepted for a while. */
static void take(struct test_node *node, const uint8_t key[static MVMP_KEY_LEN])
{
	struct mvmp_identity *identity = node->identity;

	identity->former.held = true;
	memcpy(identity->former.key, identity->cluster_key, MVMP_KEY_LEN);
	memcpy(identity->cluster_key, key, MVMP_KEY_LEN);
	mvmp_endpoint_take_keys(node->ep, node->world->now);
}

static void end_grace(struct test_node *node)
{
	node->identity->former.held = false;
	mvmp_endpoint_take_keys(node->ep, node->world->now);
}

static void disconnect(struct pair *p)
{
	mvmp_endpoint_close(p->ada->ep, p->ada->session, p->world.now);
	test_world_run_ms(&p->world, 10);
	p->ada->session = 0;
}

/* Who has taken the new key over still meets who has not, whichever of them asks. */
static void one_has_it(void **state)
{
	for (unsigned who = 0; who < 2; who++) {
		struct pair p;

		pair_init(&p, 31 + who, 1500, 1500);
		take(who ? p.ada : p.node, second);
		pair_connect(&p);
		disconnect(&p);
		pair_connect(&p); /* and where the instance is known already */
		pair_clear(&p);
	}
}

/* Who asks under both keys is answered once by who has both, under the newer one. */
static void both_have_it(void **state)
{
	const struct mvmp_endpoint_counters *c;
	struct pair p;

	pair_init(&p, 33, 1500, 1500);
	take(p.ada, second);
	take(p.node, second);
	test_world_run_ms(&p.world, 1000); /* the announcement */
	c = mvmp_endpoint_counters(p.node->ep);
	assert_int_equal(c->beacons_sent, 2); /* it is under both */
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 100);
	assert_int_equal(c->beacons_sent, 3);
	assert_int_equal(c->probes_ignored, 1);
	end_grace(p.ada);
	pair_connect(&p);
	pair_clear(&p);
}

/* When the grace is over on one side, a member with the old key alone is a stranger there. */
static void too_late(void **state)
{
	struct pair p;

	pair_init(&p, 34, 1500, 1500);
	take(p.node, second);
	test_world_run_ms(&p.world, 1000);
	end_grace(p.node);
	pair_connect_fails(&p);
	assert_int_equal(p.ada->down_status, MVMP_NO_ANSWER);
	assert_int_equal(test_node_drops(p.node, MVMP_DROP_STRANGER) > 0, 1);
	pair_clear(&p);
}

/* A session made under the old key goes on, and its keys are renewed, through two changes. */
static void sessions_go_on(void **state)
{
	struct pair p;

	pair_init(&p, 35, 1500, 1500);
	pair_connect(&p);
	take(p.node, second);
	test_world_run_ms(&p.world, 3700ull * 1000); /* the asking side has the old one alone */
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->rekeys, 1);
	take(p.ada, second);
	end_grace(p.node);
	test_world_run_ms(&p.world, 3700ull * 1000);
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->rekeys, 2);
	take(p.ada, third); /* the answering side has the old one alone */
	test_world_run_ms(&p.world, 3700ull * 1000);
	assert_int_equal(mvmp_endpoint_counters(p.node->ep)->rekeys, 3);
	assert_int_equal(p.ada->downs, 0);
	assert_int_equal(p.node->downs, 0);
	pair_clear(&p);
}

/* A handshake that the end of the grace meets half-way is made anew under the key that counts. */
static void grace_ends_half_way(void **state)
{
	struct pair p;

	pair_init(&p, 36, 1500, 1500);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 500);
	assert_int_not_equal(test_node_connect(p.ada, p.node), 0); /* its INIT is on the way */
	take(p.node, second);
	end_grace(p.node);
	take(p.ada, second);
	end_grace(p.ada);
	assert_true(test_world_run(&p.world, p.world.now + 2 * MVMP_NS_PER_S, &p.ada->ups, 1));
	pair_clear(&p);
}

/* What was opened under a key that is gone is not opened again: the slot serves the next key. */
static void third_key(void **state)
{
	struct pair p;

	pair_init(&p, 37, 1500, 1500);
	take(p.node, second);
	take(p.node, third);
	pair_connect_fails(&p); /* it has the first one */
	take(p.ada, second);
	test_world_run_ms(&p.world, 100);
	pair_connect(&p);
	pair_clear(&p);
}

/* As a member does that an admin gave a new certificate. */
static void renew_cert(struct pair *p, struct test_node *node)
{
	struct mvmp_identity *identity = node->identity;
	struct mvmp_cert cert = identity->cert;
	uint8_t bytes[MVMP_CERT_MAX];
	bool changed;
	int len;

	cert.serial += 100;
	len = mvmp_cert_sign(identity->crypto, &cert, p->authority.ca_seed, bytes, NULL);
	assert_true(len > 0);
	assert_int_equal(mvmp_identity_take_cert(
				 identity, bytes, (size_t)len, p->world.wall_s, &changed, NULL),
		0);
	mvmp_endpoint_take_cert(node->ep, p->world.now);
}

/* A new certificate is shown to whoever looks or connects from now on, and to those the member is
 * connected to as soon as keys may be renewed; sessions go on. */
static void certificate_changes(void **state)
{
	uint64_t node_serial, ada_serial;
	uint8_t fingerprint[16];
	struct pair p;

	pair_init(&p, 38, 1500, 1500);
	pair_connect(&p);
	memcpy(fingerprint, p.ada->peer.fingerprint, sizeof(fingerprint));
	node_serial = p.node_identity.cert.serial;
	ada_serial = p.ada_identity.cert.serial;
	renew_cert(&p, p.ada);
	renew_cert(&p, p.node);
	test_world_run_ms(&p.world, 2000);
	assert_int_equal(mvmp_endpoint_cert(p.node->ep, p.node->session)->serial, ada_serial + 100);
	assert_int_equal(mvmp_endpoint_cert(p.ada->ep, p.ada->session)->serial, node_serial + 100);
	assert_int_equal(p.ada->downs + p.node->downs, 0);
	mvmp_endpoint_probe(p.ada->ep, 0, node_mac, 0, p.world.now);
	test_world_run_ms(&p.world, 100);
	assert_memory_not_equal(p.ada->peer.fingerprint, fingerprint, sizeof(fingerprint));
	pair_clear(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_has_it),
		cmocka_unit_test(both_have_it),
		cmocka_unit_test(too_late),
		cmocka_unit_test(sessions_go_on),
		cmocka_unit_test(grace_ends_half_way),
		cmocka_unit_test(third_key),
		cmocka_unit_test(certificate_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
