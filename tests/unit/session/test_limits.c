/* SPDX-License-Identifier: Apache-2.0 */
#include "../cmocka_all.h"
#include <internal.h>
#include <mvmp/enrol.h>
#include <mvmp/metric.h>
#include <mvmp/verb.h>
#include <stdio.h>

#define LIMIT(name)                                                                                \
	{                                                                                          \
#name, name                                                                        \
	}

static const struct limit {
	const char *name;
	long value;
} limits[] = {
	LIMIT(MVMP_VERSION),
	LIMIT(MVMP_MTU_MIN),
	LIMIT(MVMP_FRAME_MAX),
	LIMIT(MVMP_NAME_MAX),
	LIMIT(MVMP_CERT_MAX),
	LIMIT(MVMP_CERT_MACS_MAX),
	LIMIT(MVMP_MESSAGE_MAX),
	LIMIT(MVMP_REQUEST_MAX),
	LIMIT(MVMP_SPREAD_MAX_MS),
	LIMIT(MVMP_ANNOUNCE_MS),
	LIMIT(MVMP_PROBE_TURN_S),
	LIMIT(MVMP_HELLO_SENDERS),
	LIMIT(MVMP_ASKERS),
	LIMIT(MVMP_ANSWERS_MAX),
	LIMIT(MVMP_INIT_RETRY_MS),
	LIMIT(MVMP_INIT_RETRY_MAX_MS),
	LIMIT(MVMP_INIT_TICKET_TRIES),
	LIMIT(MVMP_INIT_PROVEN_MS),
	LIMIT(MVMP_INIT_PROVEN_S),
	LIMIT(MVMP_INIT_RENEW_MS),
	LIMIT(MVMP_REKEY_LEAST_MS),
	LIMIT(MVMP_HALF_OPEN_TICKET),
	LIMIT(MVMP_HALF_OPEN_EACH),
	LIMIT(MVMP_TICKETS_APART),
	LIMIT(MVMP_SEEN_INITS),
	LIMIT(MVMP_SERVED_BITS),
	LIMIT(MVMP_TICKET_FRAMES),
	LIMIT(MVMP_REFUSED_MS),
	LIMIT(MVMP_HALF_OPEN_DEFAULT),
	LIMIT(MVMP_HALF_OPEN_S),
	LIMIT(MVMP_HALF_OPEN_LEAST_MS),
	LIMIT(MVMP_REPLY_REPEATS),
	LIMIT(MVMP_STAMPS),
	LIMIT(MVMP_COOKIE_TURN_S),
	LIMIT(MVMP_SESSIONS_DEFAULT),
	LIMIT(MVMP_REKEY_S),
	LIMIT(MVMP_REJECT_S),
	LIMIT(MVMP_PREVIOUS_S),
	LIMIT(MVMP_MTU_SURE),
	LIMIT(MVMP_MTU_PROBES),
	LIMIT(MVMP_MTU_PROBE_MS),
	LIMIT(MVMP_PING_EAGER_MS),
	LIMIT(MVMP_PING_IDLE_MS),
	LIMIT(MVMP_PING_SPACING_MS),
	LIMIT(MVMP_PING_DOUBT_MS),
	LIMIT(MVMP_PINGS_LOST),
	LIMIT(MVMP_EAGER_S),
	LIMIT(MVMP_EVICT_SILENT_S),
	LIMIT(MVMP_REPLAY_WINDOW),
	LIMIT(MVMP_WINDOW),
	LIMIT(MVMP_MESSAGES_AHEAD),
	LIMIT(MVMP_ASSEMBLY_SESSION),
	LIMIT(MVMP_ASSEMBLY_ALL),
	LIMIT(MVMP_ACK_EVERY),
	LIMIT(MVMP_ACK_DELAY_MS),
	LIMIT(MVMP_CONGESTION_FIRST),
	LIMIT(MVMP_CONGESTION_MIN),
	LIMIT(MVMP_REORDER_FRAGMENTS),
	LIMIT(MVMP_FRAGMENT_TRIES),
	LIMIT(MVMP_STALL_S),
	LIMIT(MVMP_TAIL_PROBE_MS),
	LIMIT(MVMP_RTO_FLOOR_MS),
	LIMIT(MVMP_RTO_FIRST_MS),
	LIMIT(MVMP_RTO_CEILING_MS),
	LIMIT(MVMP_QUEUE_MESSAGES),
	LIMIT(MVMP_QUEUE_BYTES),
	LIMIT(MVMP_QUEUE_ALL),
	LIMIT(MVMP_ENROL_WINDOW_S),
	LIMIT(MVMP_ENROL_HANDSHAKES),
	LIMIT(MVMP_ENROL_RETRY_MS),
	LIMIT(MVMP_ENROL_RETRY_MAX_MS),
	LIMIT(MVMP_ENROL_RENEW),
	LIMIT(MVMP_ENROL_LINGER_MS),
	LIMIT(MVMP_STATS_INTERVAL_MIN_MS),
	LIMIT(MVMP_STATS_INTERVAL_MAX_MS),
	LIMIT(MVMP_METRICS_MAX),
	LIMIT(MVMP_TEXT_LEN),
	LIMIT(MVMP_REVOKED_MAX),
};

enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static FILE *open_specification(void)
{
	FILE *file = fopen(SPECIFICATION, "r");

	assert_non_null(file);
	return file;
}

static long value_of(const char *name)
{
	for (unsigned i = 0; i < LIMITS; i++) {
		if (!strcmp(limits[i].name, name))
			return limits[i].value;
	}
	fail_msg("the specification names %s, this test does not", name);
	return 0;
}

/* Every row of the specification's limits table holds the value the code uses. */
static void table_of_limits(void **state)
{
	FILE *file = open_specification();
	char text[400], name[64];
	unsigned rows = 0;
	long value;

	while (fgets(text, sizeof(text), file)) {
		if (sscanf(text, "| `%63[A-Z0-9_]` | %ld |", name, &value) != 2)
			continue;
		if (value != value_of(name))
			fail_msg("%s: specified %ld, used %ld", name, value, value_of(name));
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, LIMITS);
}

/* Every verb of the specification is the code's, with number and name, and there is no other. */
static void table_of_verbs(void **state)
{
	FILE *file = open_specification();
	char text[400], name[64];
	unsigned number, rows = 0, known = 0;

	while (fgets(text, sizeof(text), file)) {
		const struct mvmp_verb_info *info;

		if (sscanf(text, "| %u | %63[a-z-] | %*[a-z]", &number, name) != 2 ||
			!(info = mvmp_verb_info(number)) || strcmp(info->name, name))
			continue;
		assert_int_equal(info->mutates, strstr(text, "| yes |") != NULL);
		rows++;
	}
	fclose(file);
	for (number = 0; number < 1000; number++)
		known += mvmp_verb_info(number) != NULL;
	assert_int_equal(rows, known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_limits),
		cmocka_unit_test(table_of_verbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
