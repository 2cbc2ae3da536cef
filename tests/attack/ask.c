/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include <err.h>
#include <mvmp.pb-c.h>
#include <mvmp/verb.h>

/*
 * Asks every verb there is of a member, as whoever the certificate says, and prints the status of
 * each answer: "verb pin not-allowed". Bodies are such that what is allowed changes something,
 * where the verb can.
 */

enum { VERBS_MOST = 256, CALL_MS = 8000 };

struct asker {
	struct member member;
	const struct attack *attack;
	uint16_t role; /* asked */
	unsigned pending;
};

struct question {
	struct asker *asker;
	const struct mvmp_verb_info *verb;
};

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct question *question = ctx;

	printf("verb %s %s\n", question->verb->name, mvmp_status_name(answer->error.status));
	if (!--question->asker->pending)
		ev_break(question->asker->member.loop, EVBREAK_ALL);
}

/* Vcpu 0 of the domain with the first domid, on CPU 0. */
static size_t pin_body(uint8_t *to)
{
	Mvmp__Pin pin = MVMP__PIN__INIT;

	pin.domain = (char *)"1";
	pin.cpus = (char *)"0";
	return mvmp__pin__pack(&pin, to);
}

static void ask(struct question *question)
{
	struct asker *asker = question->asker;
	struct mvmp_addr addr = member_victim(asker->attack);
	struct mvmp_target target = {.addr = &addr, .role = asker->role};
	uint64_t now = mvmp_now();
	struct mvmp_error e;
	uint8_t body[64];
	size_t len = question->verb->verb == MVMP_VERB_PIN ? pin_body(body) : 0;

	asker->pending++;
	if (!mvmp_client_call(mvmp_run_client(asker->member.run), &target, question->verb->verb,
		    body, len, NULL, now + CALL_MS * MVMP_NS_PER_MS, on_answer, question, now, &e))
		errx(1, "%s", e.text);
}

int attack_ask(struct attack *attack)
{
	static struct question question[VERBS_MOST];
	static struct asker asker;
	struct mvmp_error e;

	asker.attack = attack;
	if (!attack->argc || mvmp_roles_parse(&asker.role, attack->argv[0], &e))
		errx(2, "whom? node or aggregator");
	member_begin(&asker.member, attack, false, NULL, NULL);
	for (unsigned verb = 0; verb < VERBS_MOST; verb++) {
		question[verb] = (struct question){&asker, mvmp_verb_info(verb)};
		if (question[verb].verb)
			ask(&question[verb]);
	}
	ev_run(asker.member.loop, 0);
	member_end(&asker.member);
	return 0;
}
