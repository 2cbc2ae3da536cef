/* SPDX-License-Identifier: Apache-2.0 */
#include "invariants.h"
#include "memory.h"
#include "node.h" /* of statsd */
#include "sim_client.h"
#include "stage.h"
#include "windows.h"
#include <stdlib.h>
#include <string.h>

enum {
	SPINS_MAX = 20000,	/* turns of one member at one moment */
	TURNS_A_SECOND = 20000, /* of virtual time, for each member and as a base */
	TURNS_BASE = 200000,
	LATE_MS = 1000,	  /* a call that has not ended so long after its deadline never will */
	CALLS_EVERY = 64, /* turns between looks at all calls */
};

/* ---- progress ---- */

static void check_progress(struct sim_member *m)
{
	struct sim_stage *stage = m->stage;
	uint64_t now = stage->world.now;

	if (m->spin_at != now)
		m->spins = 0;
	m->spin_at = now;
	if (++m->spins == SPINS_MAX)
		sim_fail(stage, "%s does not get on: it was due %d times at one moment", m->name,
			SPINS_MAX);
	if (stage->second != now / MVMP_NS_PER_S)
		stage->second_turns = 0;
	stage->second = now / MVMP_NS_PER_S;
	if (++stage->second_turns == TURNS_BASE + TURNS_A_SECOND * (uint64_t)stage->members)
		sim_fail(stage, "there were %llu turns in one second",
			(unsigned long long)stage->second_turns);
}

/* ---- counters ---- */

static void check_verdict(struct sim_member *m, enum mvmp_verdict verdict, const char *why)
{
	uint64_t count = mvmp_endpoint_counters(m->node->ep)->drops.count[verdict];

	if (count)
		sim_fail(m->stage, "%s dropped %llu frames as `%s`, %s", m->name,
			(unsigned long long)count, mvmp_verdict_name(verdict), why);
}

static void check_counters(struct sim_member *m)
{
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(m->node->ep);
	const struct sim_plan *plan = &m->stage->plan;
	unsigned long long verdicts = 0, frames = c->frames_in[0];

	frames += c->frames_in[1];
	for (unsigned i = 0; i < MVMP_VERDICT_COUNT; i++)
		verdicts += c->drops.count[i];
	if (verdicts != frames)
		sim_fail(m->stage, "%s took %llu frames and gave %llu verdicts", m->name, frames,
			verdicts);
	check_verdict(m, MVMP_DROP_WINDOW, "but all senders keep to their windows");
	if (!plan->next_version)
		check_verdict(m, MVMP_DROP_RECORD, "but all senders are of this version");
	if (!plan->how.corrupt_ppm)
		check_verdict(m, MVMP_DROP_TAG, "but nothing changes frames");
}

/* ---- memory ---- */

/* KiB: of the program, and for each session that its table may hold. */
static const struct {
	size_t program, session;
} memory_max[SIM_KINDS] = {
	[SIM_AGENT] = {8 * 1024, 256},
	[SIM_AGGREGATOR] = {2 * 1024, 1024},
	[SIM_CLIENT] = {2 * 1024, 256},
};

static void check_memory(struct sim_member *m)
{
	size_t held = sim_memory_held(m->number + 1), *peak = &m->stage->peak[m->kind];
	size_t most =
		memory_max[m->kind].program + memory_max[m->kind].session * m->node->sessions_max;

	if (held > *peak)
		*peak = held;
	if (held / 1024 > most)
		sim_fail(m->stage, "%s holds %zu KiB, more than %zu", m->name, held / 1024, most);
}

/* ---- calls ---- */

static void check_calls(struct sim_member *m)
{
	const struct sim_client *client = m->program;
	const struct sim_stage *stage = m->stage;

	if (!client->open || m->turns % CALLS_EVERY)
		return;
	for (unsigned i = 0; i < stage->begun; i++) {
		const struct sim_command *c = &stage->command[i];

		if (c->client == m && !c->ended &&
			stage->world.now > c->deadline + LATE_MS * MVMP_NS_PER_MS)
			sim_fail(m->stage, "command %u has not ended at its deadline", i);
	}
}

void sim_check_turn(struct sim_member *m)
{
	m->turns++;
	check_progress(m);
	if (!sim_is_up(m))
		return;
	check_counters(m);
	sim_check_windows(m);
	check_memory(m);
	if (m->kind == SIM_CLIENT)
		check_calls(m);
}

/* ---- time ---- */

void sim_check_sample(struct sim_member *agent, const void *bytes, size_t len)
{
	struct mvmp_sample fields = {0};
	struct mvmp_stats_head head;

	if (mvmp_stats_peek(bytes, len, &head, &fields)) {
		sim_fail(agent->stage, "%s sends a stats frame that cannot be read", agent->name);
		return;
	}
	agent->stage->stats_sent++;
	if (head.backfill)
		return;
	if (fields.mono_ns < agent->last_mono_ns || fields.mono_ns > agent->stage->world.now)
		sim_fail(agent->stage, "%s sends a sample of %llu ns after one of %llu ns",
			agent->name, (unsigned long long)fields.mono_ns,
			(unsigned long long)agent->last_mono_ns);
	agent->last_mono_ns = fields.mono_ns;
}

void sim_check_timeline(struct sim_member *aggregator)
{
	const struct sim_aggregator *a = aggregator->program;
	const struct mvs_timeline *line = &a->core->timeline;
	uint64_t ms = mvs_timeline_ms(line, (int64_t)aggregator->stage->world.now);

	if (line->era == aggregator->last_era && a->began != aggregator->stage->world.now &&
		ms < aggregator->last_store_ms)
		sim_fail(aggregator->stage, "store time of %s went back from %llu to %llu ms",
			aggregator->name, (unsigned long long)aggregator->last_store_ms,
			(unsigned long long)ms);
	aggregator->last_store_ms = ms;
	aggregator->last_era = line->era;
}

/* ---- lost frames ---- */

/* One subscription's frames, or those from the ring for it: numbers from 1 on, each once. Where
 * one comes again the node has begun to count anew. */
struct sim_stream {
	mvmp_session session;
	bool backfill;
	char node[MVMP_NAME_MAX + 1];
	uint64_t highest, received;
	uint8_t *seen; /* by number */
	size_t room;
};

static bool is_seen(const struct sim_stream *s, uint64_t sequence)
{
	return sequence < s->room && s->seen[sequence];
}

static struct sim_stream *find_stream(struct sim_aggregator *a, const struct mvmp_event *event,
	const struct mvmp_stats_head *head)
{
	for (unsigned i = a->streams; i-- > 0;) {
		struct sim_stream *s = &a->stream[i];

		if (s->session == event->session && s->backfill == head->backfill)
			return is_seen(s, head->sequence) ? NULL : s;
	}
	return NULL;
}

static struct sim_stream *stream_of(struct sim_aggregator *a, const struct mvmp_event *event,
	const struct mvmp_stats_head *head)
{
	struct sim_stream *s = find_stream(a, event, head);

	if (s)
		return s;
	if (a->streams == a->stream_room) {
		a->stream_room = a->stream_room ? 2 * a->stream_room : 16;
		a->stream = realloc(a->stream, a->stream_room * sizeof *a->stream);
		if (!a->stream)
			abort();
	}
	s = &a->stream[a->streams++];
	*s = (struct sim_stream){.session = event->session, .backfill = head->backfill};
	strcpy(s->node, event->cert->name);
	return s;
}

static void see(struct sim_stream *s, uint64_t sequence)
{
	if (sequence >= s->room) {
		size_t room = 2 * sequence + 64;

		s->seen = realloc(s->seen, room);
		if (!s->seen)
			abort();
		memset(s->seen + s->room, 0, room - s->room);
		s->room = room;
	}
	s->seen[sequence] = 1;
	s->received++;
	if (sequence > s->highest)
		s->highest = sequence;
}

void sim_stream_note(struct sim_aggregator *a, const struct mvmp_event *event)
{
	unsigned was = sim_memory_enter(0);
	struct mvmp_sample fields = {0};
	struct mvmp_stats_head head;

	if (mvmp_stats_peek(event->bytes, event->len, &head, &fields))
		sim_fail(a->member->stage, "a stats frame of %s cannot be read", event->cert->name);
	else
		see(stream_of(a, event, &head), head.sequence);
	sim_memory_enter(was);
}

static uint64_t lost_of(const struct sim_aggregator *a, const char *node)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < a->streams; i++) {
		if (strcmp(a->stream[i].node, node) == 0)
			lost += a->stream[i].highest - a->stream[i].received;
	}
	return lost;
}

void sim_check_losses(struct sim_member *aggregator)
{
	const struct sim_aggregator *a = aggregator->program;
	const struct mvs_node *node;

	for (node = LIST_FIRST(&a->core->nodes); node; node = LIST_NEXT(node, link)) {
		uint64_t lost = lost_of(a, node->name);

		aggregator->stage->stats_lost += lost;
		aggregator->stage->stats_told_lost += node->live.lost;
		if (node->live.lost != lost)
			sim_fail(aggregator->stage,
				"%s tells %llu lost frames of %s, there were %llu",
				aggregator->name, (unsigned long long)node->live.lost, node->name,
				(unsigned long long)lost);
	}
}

void sim_streams_clear(struct sim_aggregator *a)
{
	unsigned was = sim_memory_enter(0);

	for (unsigned i = 0; i < a->streams; i++)
		free(a->stream[i].seen);
	free(a->stream);
	a->stream = NULL;
	a->streams = a->stream_room = 0;
	sim_memory_enter(was);
}

/* ---- the end ---- */

static void check_node(struct sim_member *aggregator, const struct sim_member *agent)
{
	const struct sim_aggregator *a = aggregator->program;
	const struct mvs_node *node = mvs_node_find(a->core, agent->name);
	enum mvs_state state = MVS_STATE_UNKNOWN;

	if (node)
		state = mvs_node_state(node, aggregator->stage->world.now);
	if (state != MVS_STATE_UP)
		sim_fail(aggregator->stage, "in the end %s is in state %d at %s: %s", agent->name,
			state, aggregator->name,
			node ? mvs_node_note(node, aggregator->stage->world.now) : "not listed");
}

static void check_cluster(struct sim_member *member)
{
	if (member->identity.cluster.number != member->stage->cluster_number)
		sim_fail(member->stage, "in the end %s has cluster state %llu, the newest is %llu",
			member->name, (unsigned long long)member->identity.cluster.number,
			(unsigned long long)member->stage->cluster_number);
	if (memcmp(member->identity.cluster_key, member->stage->authority.cluster_key,
		    MVMP_KEY_LEN) != 0)
		sim_fail(member->stage, "in the end %s has an older cluster key", member->name);
}

void sim_check_end(struct sim_stage *stage)
{
	for (unsigned i = 0; i < stage->members; i++) {
		struct sim_member *m = stage->member[i];

		if (m->kind != SIM_CLIENT && stage->plan.aggregators)
			check_cluster(m);
		if (m->kind != SIM_AGGREGATOR)
			continue;
		for (unsigned n = 0; n < stage->members; n++) {
			if (stage->member[n]->kind == SIM_AGENT)
				check_node(m, stage->member[n]);
		}
	}
}
