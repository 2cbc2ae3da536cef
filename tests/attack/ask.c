/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include <err.h>
#include <mvmp.pb-c.h>
#include <mvmp/verb.h>

/*
 * Asks every verb there is of a member, as whoever the certificate says, and prints the status of
 * each answer: "verb pin not-allowed". Bodies are such that what is allowed changes something,
 * where the verb can. Or one verb `frames` times, and prints how often which status came.
 */

enum { VERBS_MOST = 256, CALL_MS = 3000, OFTEN_MS = 1500, AT_ONCE = 500, STATUSES = 64 };

struct asker {
	struct member member;
	const struct attack *attack;
	uint16_t role; /* asked */
	const struct mvmp_verb_info *only;
	uint64_t left; /* questions of `only` still to be asked */
	unsigned pending;
	uint64_t statuses[STATUSES];
};

struct question {
	struct asker *asker;
	const struct mvmp_verb_info *verb;
};

static void ask(struct question *question);

static void on_answer(void *ctx, const struct mvmp_answer *answer)
{
	struct question *question = ctx;
	struct asker *asker = question->asker;

	asker->pending--;
	asker->statuses[answer->error.status % STATUSES]++;
	if (!asker->only) {
		printf("verb %s %s\n", question->verb->name,
			mvmp_status_name(answer->error.status));
	} else if (asker->left) {
		asker->left--;
		ask(question);
	}
	if (!asker->pending)
		ev_break(asker->member.loop, EVBREAK_ALL);
}

/* Vcpu 0 of the domain with the first domid, on CPU 0. */
static size_t pin_body(uint8_t *to)
{
	Mvmp__Pin pin = MVMP__PIN__INIT;

	pin.domain = (char *)"1";
	pin.cpus = (char *)"0";
	return mvmp__pin__pack(&pin, to);
}

/* Another subscription each time. */
static size_t subscribe_body(uint8_t *to)
{
	Mvmp__Subscribe subscribe = MVMP__SUBSCRIBE__INIT;
	static uint32_t number;

	subscribe.subscription = ++number;
	subscribe.interval_ms = 1000;
	subscribe.kinds = 1;
	subscribe.lifetime_s = 10;
	return mvmp__subscribe__pack(&subscribe, to);
}

static size_t body_of(enum mvmp_verb verb, uint8_t *to)
{
	if (verb == MVMP_VERB_PIN)
		return pin_body(to);
	return verb == MVMP_VERB_SUBSCRIBE ? subscribe_body(to) : 0;
}

static void ask(struct question *question)
{
	struct asker *asker = question->asker;
	struct mvmp_addr addr = member_victim(asker->attack);
	struct mvmp_target target = {.addr = &addr, .role = asker->role};
	uint64_t now = mvmp_now();
	struct mvmp_error e;
	uint8_t body[64];
	size_t len = body_of(question->verb->verb, body);

	asker->pending++;
	if (!mvmp_client_call(mvmp_run_client(asker->member.run), &target, question->verb->verb,
		    body, len, NULL, now + (asker->only ? OFTEN_MS : CALL_MS) * MVMP_NS_PER_MS,
		    on_answer, question, now, &e))
		errx(1, "%s", e.text);
}

static void ask_each(struct asker *asker)
{
	static struct question question[VERBS_MOST];

	for (unsigned verb = 0; verb < VERBS_MOST; verb++) {
		question[verb] = (struct question){asker, mvmp_verb_info(verb)};
		if (question[verb].verb)
			ask(&question[verb]);
	}
	ev_run(asker->member.loop, 0);
}

static void ask_often(struct asker *asker)
{
	static struct question question;

	question = (struct question){asker, asker->only};
	asker->left = asker->attack->frames;
	for (unsigned i = 0; i < AT_ONCE && asker->left; i++, asker->left--)
		ask(&question);
	ev_run(asker->member.loop, 0);
	for (unsigned i = 0; i < STATUSES; i++) {
		if (asker->statuses[i])
			printf("status %s %llu\n", mvmp_status_name((int)i),
				(unsigned long long)asker->statuses[i]);
	}
}

int attack_ask(struct attack *attack)
{
	static struct asker asker;
	struct mvmp_error e;

	asker.attack = attack;
	if (!attack->argc || mvmp_roles_parse(&asker.role, attack->argv[0], &e))
		errx(2, "whom? node or aggregator");
	if (attack->argc > 1 && !(asker.only = mvmp_verb_find(attack->argv[1])))
		errx(2, "there is no verb %s", attack->argv[1]);
	member_begin(&asker.member, attack, false, NULL, NULL);
	if (asker.only)
		ask_often(&asker);
	else
		ask_each(&asker);
	member_end(&asker.member);
	return 0;
}
