/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/verb.h>
#include <string.h>

#define EVERY_CALLER (READERS | MVMP_ROLE_AGGREGATOR)
#define READERS	     (MVMP_ROLE_OBSERVER | MVMP_ROLE_OPERATOR | MVMP_ROLE_ADMIN)
#define CHANGERS     (MVMP_ROLE_OPERATOR | MVMP_ROLE_ADMIN)
#define NODE	     MVMP_ROLE_NODE
#define AGGREGATOR   MVMP_ROLE_AGGREGATOR
#define ANY_ASKED    (NODE | AGGREGATOR)

static const struct mvmp_verb_info verbs[] = {
	{MVMP_VERB_CLUSTER_EXCHANGE, "cluster-exchange", ANY_ASKED, EVERY_CALLER, false},
	{MVMP_VERB_LINK_READ, "link-read", ANY_ASKED, EVERY_CALLER, false},
	{MVMP_VERB_PING, "ping", ANY_ASKED, EVERY_CALLER, false},
	{MVMP_VERB_CERTIFICATE_INSTALL, "certificate-install", ANY_ASKED, MVMP_ROLE_ADMIN, false},
	{MVMP_VERB_SAMPLE_READ, "sample-read", NODE, EVERY_CALLER, false},
	{MVMP_VERB_SUBSCRIBE, "subscribe", NODE, EVERY_CALLER, false},
	{MVMP_VERB_UNSUBSCRIBE, "unsubscribe", NODE, EVERY_CALLER, false},
	{MVMP_VERB_RING_READ, "ring-read", NODE, EVERY_CALLER, false},
	{MVMP_VERB_PERF_READ, "perf-read", NODE, EVERY_CALLER, false},
	{MVMP_VERB_PERF_RESET, "perf-reset", NODE, READERS, false}, /* the caller's view only */
	{MVMP_VERB_AUDIT_READ, "audit-read", NODE, READERS, false},
	{MVMP_VERB_OPERATION_READ, "operation-read", NODE, READERS, false},
	{MVMP_VERB_DRIFT_READ, "drift-read", NODE, READERS, false},
	{MVMP_VERB_PIN, "pin", NODE, CHANGERS, true},
	{MVMP_VERB_NODES_READ, "nodes-read", AGGREGATOR, EVERY_CALLER, false},
	{MVMP_VERB_CURRENT_READ, "current-read", AGGREGATOR, EVERY_CALLER, false},
	{MVMP_VERB_HISTORY_READ, "history-read", AGGREGATOR, EVERY_CALLER, false},
	{MVMP_VERB_GRAPH, "graph", AGGREGATOR, EVERY_CALLER, false},
	{MVMP_VERB_STORE_READ, "store-read", AGGREGATOR, EVERY_CALLER, false},
};

const struct mvmp_verb_info *mvmp_verb_info(uint32_t verb)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if ((uint32_t)verbs[i].verb == verb)
			return &verbs[i];
	}
	return NULL;
}

const struct mvmp_verb_info *mvmp_verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

/* The weakest of the roles that would do: what a caller should ask the CA for. */
static unsigned weakest(unsigned roles)
{
	return roles & -roles;
}

static int refuse_caller(
	struct mvmp_error *err, const struct mvmp_verb_info *info, const struct mvmp_cert *caller)
{
	char has[64], needs[64];

	mvmp_roles_text(has, caller->roles);
	mvmp_roles_text(needs, weakest(info->least));
	mvmp_fail(err, MVMP_NOT_ALLOWED, "certificate %llu (%s) has role %s, %s needs %s",
		(unsigned long long)caller->serial, caller->name, has, info->name, needs);
	return MVMP_NOT_ALLOWED;
}

static int refuse_verb(
	struct mvmp_error *err, const struct mvmp_verb_info *info, uint16_t own_roles)
{
	char own[64], asked[64];

	mvmp_roles_text(own, own_roles);
	mvmp_roles_text(asked, info->asked);
	mvmp_fail(err, MVMP_UNSUPPORTED, "%s is asked of role %s, this member has role %s",
		info->name, asked, own);
	return MVMP_UNSUPPORTED;
}

int mvmp_verb_allowed(
	uint32_t verb, uint16_t own_roles, const struct mvmp_cert *caller, struct mvmp_error *err)
{
	const struct mvmp_verb_info *info = mvmp_verb_info(verb);

	if (!info) {
		mvmp_fail(err, MVMP_UNSUPPORTED, "verb %u is not known here (version %s)", verb,
			MVMP_VERSION_TEXT);
		return MVMP_UNSUPPORTED;
	}
	if (!(own_roles & info->asked))
		return refuse_verb(err, info, own_roles);
	if (!(caller->roles & info->least))
		return refuse_caller(err, info, caller);
	return MVMP_OK;
}
