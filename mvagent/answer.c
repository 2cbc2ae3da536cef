/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 32768 };

static int add(struct mva_frames *frames, const uint8_t *bytes, size_t len)
{
	ProtobufCBinaryData *at;

	if (frames->bytes + len > MVMP_MESSAGE_MAX)
		return -EMSGSIZE;
	if (frames->count == frames->capacity) {
		size_t capacity = frames->capacity ? frames->capacity * 2 : 8;

		at = realloc(frames->at, capacity * sizeof *at);
		if (!at)
			return -ENOMEM;
		frames->at = at;
		frames->capacity = capacity;
	}
	at = &frames->at[frames->count];
	at->data = malloc(len);
	if (!at->data)
		return -ENOMEM;
	memcpy(at->data, bytes, len);
	at->len = len;
	frames->bytes += len;
	frames->count++;
	return 0;
}

int mva_frames_pack(
	struct mva_frames *frames, const struct mvmp_sample *sample, uint32_t kinds, bool texts)
{
	struct mvmp_stats_cursor cursor = {.sample = sample, .kinds = kinds, .texts = texts};
	struct mvmp_stats_head head = {.subscription = 0};
	uint8_t *buf = malloc(ROOM);
	int rc = buf ? 0 : -ENOMEM;

	while (!rc && !cursor.done) {
		int len = mvmp_stats_pack(&cursor, &head, buf, ROOM);

		rc = len > 0 ? add(frames, buf, (size_t)len) : len;
	}
	free(buf);
	return rc;
}

void mva_frames_clear(struct mva_frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		free(frames->at[i].data);
	free(frames->at);
	*frames = (struct mva_frames){0};
}

int mva_capabilities(
	struct mva_agent *agent, Mvmp__SampleAnswer *answer, Mvmp__Capability **ret_items)
{
	const struct mva_capability *from;
	size_t count = agent->backend->ops->capabilities(agent->backend, &from);

	answer->capability = calloc(count + 1, sizeof *answer->capability);
	*ret_items = calloc(count + 1, sizeof **ret_items);
	if (!answer->capability || !*ret_items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		Mvmp__Capability *to = &(*ret_items)[i];

		mvmp__capability__init(to);
		to->name = (char *)from[i].name;
		to->supported = from[i].supported;
		to->reason = (char *)from[i].reason;
		answer->capability[i] = to;
	}
	answer->n_capability = count;
	return 0;
}
