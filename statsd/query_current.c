/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CURRENT_READ: the live table's last samples, as the node's own SAMPLE_READ would give them,
 * with ages grown by the time since. */

enum { FRAME_ROOM = 48 * 1024, FRAMES_MAX = 32 };

struct frames {
	size_t count;
	ProtobufCBinaryData frame[FRAMES_MAX];
};

static void free_frames(struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		free(frames->frame[i].data);
	frames->count = 0;
}

static int pack_sample(struct frames *to, const struct mvmp_sample *sample, uint32_t kinds,
	bool texts, uint32_t interval_ms)
{
	struct mvmp_stats_cursor cursor = {.sample = sample, .kinds = kinds, .texts = texts};
	struct mvmp_stats_head head = {.interval_ms = interval_ms};

	while (to->count < FRAMES_MAX) {
		uint8_t *bytes = malloc(FRAME_ROOM);
		int len = bytes ? mvmp_stats_pack(&cursor, &head, bytes, FRAME_ROOM) : -ENOMEM;

		if (len <= 0) {
			free(bytes);
			return len;
		}
		to->frame[to->count].data = bytes;
		to->frame[to->count++].len = (size_t)len;
		head.sequence++;
	}
	return -EMSGSIZE;
}

static bool wanted(const struct mvmp_record *record, enum mvmp_entity kind, const uint8_t *domain)
{
	return !domain || !mvs_kind_in_domain(kind) ||
	       memcmp(record->key.domain, domain, MVMP_ID_LEN) == 0;
}

/* A copy with one domain's records or all, every record older by `age_ns`. */
static int copy_aged(struct mvmp_sample *to, const struct mvmp_sample *from, const uint8_t *domain,
	uint64_t age_ns)
{
	struct mvmp_record *record;

	to->number = from->number;
	to->wall_ns = from->wall_ns;
	to->mono_ns = from->mono_ns;
	memcpy(to->instance, from->instance, MVMP_ID_LEN);
	memcpy(to->host_boot, from->host_boot, MVMP_ID_LEN);
	to->simulated = from->simulated;
	to->kinds = from->kinds;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		for (uint32_t i = 0; i < from->kind[kind].count; i++) {
			if (!wanted(&from->kind[kind].at[i], kind, domain))
				continue;
			record = mvmp_sample_add(to, kind);
			if (!record)
				return -ENOMEM;
			*record = from->kind[kind].at[i];
			record->age_ns += age_ns;
		}
	}
	return 0;
}

static int add_sample(struct frames *to, const struct mvs_snapshot *from,
	const Mvmp__SampleRead *what, const uint8_t *domain, uint64_t age_ns, uint32_t interval_ms)
{
	uint32_t kinds = what && what->kinds ? what->kinds : (1u << MVMP_ENTITY_COUNT) - 1;
	struct mvmp_sample copy = {0};
	int rc = copy_aged(&copy, &from->sample, domain, age_ns);

	if (rc == 0)
		rc = pack_sample(to, &copy, kinds, what && what->texts, interval_ms);
	mvmp_sample_free(&copy);
	return rc;
}

static bool is_called(const struct mvmp_record *domain, const char *text)
{
	char number[24];

	snprintf(number, sizeof number, "%llu", (unsigned long long)domain->value[MVMP_D_ID]);
	return strcmp(domain->text[MVMP_DT_NAME], text) == 0 ||
	       (mvmp_has(domain, MVMP_D_ID) && strcmp(number, text) == 0);
}

/* The UUID asked for, by itself, by name or by domid; NULL with 0 when all are wanted. */
static int find_domain(const struct mvs_node *node, const Mvmp__SampleRead *what,
	const uint8_t **ret, uint8_t uuid[static MVMP_ID_LEN], struct mvmp_error *err)
{
	const struct mvmp_records *domains = &node->live.now->sample.kind[MVMP_DOMAIN];

	*ret = NULL;
	if (!what || (!what->domain.len && !*what->domain_name))
		return 0;
	*ret = uuid;
	if (what->domain.len == MVMP_ID_LEN) {
		memcpy(uuid, what->domain.data, MVMP_ID_LEN);
		return 0;
	}
	if (*what->domain_name && mvmp_uuid_parse(uuid, what->domain_name) == 0)
		return 0;
	for (uint32_t i = 0; i < domains->count; i++) {
		if (is_called(&domains->at[i], what->domain_name)) {
			memcpy(uuid, domains->at[i].key.domain, MVMP_ID_LEN);
			return 0;
		}
	}
	return mvmp_fail(err, MVMP_NOT_FOUND, "no domain is called %.64s on %s", what->domain_name,
		mvs_node_label(node));
}

/* A node with a sample, or NULL. */
static struct mvs_node *find_node(struct mvs_core *core, const char *text, struct mvmp_error *err)
{
	struct mvs_node *node = mvs_node_find(core, text);

	if (node && mvs_live_has(&node->live))
		return node;
	if (node) {
		mvmp_fail(err, MVMP_NO_ANSWER, "no sample of %.64s has come yet", text);
	} else {
		mvmp_fail(err, MVMP_NOT_FOUND, "no node is called %.64s here", text);
		mvmp_hint(err, "list them: mvctl nodes");
	}
	return NULL;
}

static int collect(const struct mvs_node *node, const Mvmp__CurrentRead *read, uint64_t now,
	struct frames *latest, struct frames *before, struct mvmp_error *err)
{
	uint8_t uuid[MVMP_ID_LEN];
	const uint8_t *domain;
	int rc = find_domain(node, read->what, &domain, uuid, err);

	if (rc)
		return rc;
	rc = add_sample(latest, node->live.now, read->what, domain, mvs_node_age(node, now),
		node->interval_ms);
	if (rc == 0 && read->what && read->what->previous && mvs_live_has_two(&node->live))
		rc = add_sample(before, node->live.before, read->what, domain,
			mvs_node_age(node, now), node->interval_ms);
	if (rc == -EMSGSIZE)
		return mvmp_fail(err, MVMP_TOO_LARGE, "the sample is larger than an answer");
	return rc ? mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the sample") : 0;
}

void mvs_query_current(struct mvs_core *core, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__CurrentRead *read =
		mvmp__current_read__unpack(&core->allocator, request->body_len, request->body);
	Mvmp__SampleAnswer answer = MVMP__SAMPLE_ANSWER__INIT;
	struct frames latest = {0}, before = {0};
	struct mvs_node *node = NULL;
	struct mvmp_error err;

	if (read)
		node = find_node(core, read->node, &err);
	else
		mvs_fail_decode(core, &err);
	if (!node || collect(node, read, now, &latest, &before, &err)) {
		mvs_answer_error(core, request->call, &err, now);
	} else {
		answer.n_frame = latest.count;
		answer.frame = latest.frame;
		answer.n_previous = before.count;
		answer.previous = before.frame;
		answer.node = (char *)mvs_node_label(node);
		mvs_answer(core, request->call, &answer.base, now);
	}
	free_frames(&latest);
	free_frames(&before);
	if (read)
		mvmp__current_read__free_unpacked(read, &core->allocator);
}
