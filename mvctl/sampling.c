/* SPDX-License-Identifier: Apache-2.0 */
#include "sampling.h"
#include <mvmp/stats.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLOCKS_AGREE_S = 5,
	MAX_AGE_MS = 100, /* what was changed a moment ago shall be seen */
};

static bool decode_frames(struct mvmp_sample *into, size_t count, const ProtobufCBinaryData *frame,
	uint64_t *interval_ns)
{
	struct mvmp_stats_head head = {0};

	for (size_t i = 0; i < count; i++) {
		if (mvmp_stats_unpack(frame[i].data, frame[i].len, &head, into))
			return false;
	}
	if (head.interval_ms && interval_ns)
		*interval_ns = head.interval_ms * MVMP_NS_PER_MS;
	return true;
}

/* How old the sample itself is now, where the two clocks agree well enough to say. */
static uint64_t sample_age(const struct mvmp_sample *sample)
{
	uint64_t now = mvmp_wall_s(NULL) * MVMP_NS_PER_S;
	uint64_t age = now > sample->wall_ns ? now - sample->wall_ns : 0;

	return age < CLOCKS_AGREE_S * MVMP_NS_PER_S ? age : 0;
}

static void take_capabilities(struct mvctl_source *source, const Mvmp__SampleAnswer *answer)
{
	for (size_t i = 0; i < answer->n_capability; i++) {
		const Mvmp__Capability *capability = answer->capability[i];

		if (!capability->supported)
			mvctl_source_add_capability(source, capability->name, capability->reason);
	}
}

bool mvctl_source_decode(struct mvctl_source *source, const struct mvctl_reply *reply)
{
	Mvmp__SampleAnswer *answer =
		mvmp__sample_answer__unpack(NULL, reply->body_len, reply->body);
	bool good;

	if (!answer)
		return false;
	good = decode_frames(
		       &source->after, answer->n_frame, answer->frame, &source->interval_ns) &&
	       decode_frames(&source->before, answer->n_previous, answer->previous, NULL);
	if (good) {
		source->node = reply->name;
		source->extra_age_ns = sample_age(&source->after);
		take_capabilities(source, answer);
	}
	mvmp__sample_answer__free_unpacked(answer, NULL);
	return good;
}

/* A domain by its UUID, else by what the node makes of the text. */
static uint8_t *pack_request(uint32_t kinds, const char *domain, size_t *len)
{
	Mvmp__SampleRead request = MVMP__SAMPLE_READ__INIT;
	char *copy = domain ? mvctl_text(domain) : NULL;
	uint8_t *body;

	request.kinds = kinds;
	request.texts = true;
	request.previous = true;
	request.max_age_ms = MAX_AGE_MS;
	if (copy)
		request.domain_name = copy;
	body = mvctl_alloc(mvmp__sample_read__get_packed_size(&request), 1);
	*len = mvmp__sample_read__pack(&request, body);
	free(copy);
	return body;
}

static uint8_t *pack_current(const char *name, uint32_t kinds, const char *domain, size_t *len)
{
	Mvmp__CurrentRead request = MVMP__CURRENT_READ__INIT;
	Mvmp__SampleRead what = MVMP__SAMPLE_READ__INIT;
	char *node = mvctl_text(name), *copy = mvctl_text(domain ? domain : "");
	uint8_t *body;

	what.kinds = kinds;
	what.texts = true;
	what.previous = true;
	what.domain_name = copy;
	request.node = node;
	request.what = &what;
	body = mvctl_alloc(mvmp__current_read__get_packed_size(&request), 1);
	*len = mvmp__current_read__pack(&request, body);
	free(node);
	free(copy);
	return body;
}

int mvctl_read_current(struct mvctl *ctl, const struct mvctl_node *aggregator,
	const struct mvctl_names *names, uint32_t kinds, const char *domain,
	struct mvctl_source *sources, struct mvctl_reply *replies)
{
	int rc = 0;

	for (unsigned i = 0; i < names->count && !rc; i++) {
		size_t len;
		uint8_t *body = pack_current(names->name[i], kinds, domain, &len);

		rc = mvctl_ask_one(ctl, aggregator, MVMP_ROLE_AGGREGATOR, MVMP_VERB_CURRENT_READ,
			body, len, &replies[i]);
		free(body);
		snprintf(replies[i].name, sizeof replies[i].name, "%s", names->name[i]);
		if (rc || replies[i].error.status != MVMP_OK)
			continue;
		if (!mvctl_source_decode(&sources[i], &replies[i]))
			mvctl_bad_answer(&replies[i]);
		/* The aggregator has counted the age up to now. */
		sources[i].extra_age_ns = 0;
		sources[i].after.wall_ns = mvmp_wall_s(NULL) * MVMP_NS_PER_S;
	}
	return rc;
}

int mvctl_read_samples(struct mvctl *ctl, const struct mvctl_nodes *nodes, uint32_t kinds,
	const char *domain, struct mvctl_source *sources, struct mvctl_reply *replies)
{
	size_t len;
	uint8_t *body = pack_request(kinds, domain, &len);
	int rc = mvctl_ask_all(
		ctl, nodes, MVMP_ROLE_NODE, MVMP_VERB_SAMPLE_READ, body, len, replies);

	free(body);
	for (unsigned i = 0; i < nodes->count && !rc; i++) {
		if (replies[i].error.status == MVMP_OK &&
			!mvctl_source_decode(&sources[i], &replies[i]))
			mvctl_bad_answer(&replies[i]);
	}
	return rc;
}
