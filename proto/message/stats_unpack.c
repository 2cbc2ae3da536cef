/* SPDX-License-Identifier: Apache-2.0 */
#include "stats_group.h"
#include <errno.h>

struct frame_fields {
	struct mvmp_stats_head head;
	uint64_t number, wall_ns, mono_ns;
	uint8_t instance[MVMP_ID_LEN], host_boot[MVMP_ID_LEN];
	uint32_t flags, kinds;
};

static void get_number(struct mvmp_reader *r, unsigned field, struct frame_fields *to)
{
	uint64_t v = get_varint(r);

	switch (field) {
	case FRAME_SUBSCRIPTION:
		to->head.subscription = (uint32_t)v;
		break;
	case FRAME_SEQUENCE:
		to->head.sequence = v;
		break;
	case FRAME_INTERVAL_MS:
		to->head.interval_ms = (uint32_t)v;
		break;
	case FRAME_FLAGS:
		to->flags = (uint32_t)v;
		break;
	case FRAME_SAMPLE:
		to->number = v;
		break;
	case FRAME_WALL_NS:
		to->wall_ns = v;
		break;
	case FRAME_MONO_NS:
		to->mono_ns = v;
		break;
	case FRAME_KINDS:
		to->kinds = (uint32_t)v;
		break;
	}
}

static int get_id(struct mvmp_reader *r, uint8_t to[static MVMP_ID_LEN])
{
	struct mvmp_reader id = wire_get_bytes(r);

	if (id.left != MVMP_ID_LEN)
		return -EBADMSG;
	mvmp_get_bytes(&id, to, MVMP_ID_LEN);
	return 0;
}

/* Walks the frame. Groups go to `taking` when it is not NULL. */
static int walk(
	const uint8_t *bytes, size_t len, struct frame_fields *to, struct stats_taking *taking)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	int err = 0;

	while (r.left && !r.bad && !err) {
		struct wire_tag tag = wire_get_tag(&r);

		if (tag.wire == WIRE_VARINT)
			get_number(&r, tag.field, to);
		else if (tag.wire == WIRE_BYTES && tag.field == FRAME_INSTANCE)
			err = get_id(&r, to->instance);
		else if (tag.wire == WIRE_BYTES && tag.field == FRAME_HOST_BOOT)
			err = get_id(&r, to->host_boot);
		else if (tag.wire == WIRE_BYTES && tag.field == FRAME_GROUP && taking)
			err = stats_group_take(wire_get_bytes(&r), taking);
		else
			wire_skip(&r, tag.wire);
	}
	to->head.last = to->flags & FRAME_LAST;
	to->head.backfill = to->flags & FRAME_BACKFILL;
	return err ? err : r.bad ? -EBADMSG : 0;
}

static void set_fields(struct mvmp_sample *sample, const struct frame_fields *from)
{
	sample->number = from->number;
	sample->wall_ns = from->wall_ns;
	sample->mono_ns = from->mono_ns;
	memcpy(sample->instance, from->instance, MVMP_ID_LEN);
	memcpy(sample->host_boot, from->host_boot, MVMP_ID_LEN);
	sample->simulated = from->flags & FRAME_SIMULATED;
	sample->kinds = from->kinds & ((1u << MVMP_ENTITY_COUNT) - 1);
}

static void take_back(struct stats_taking *taking, const uint32_t counts[MVMP_ENTITY_COUNT])
{
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		taking->into->kind[kind].count = counts[kind];
	if (taking->continued >= 0)
		taking->into->kind[taking->continued].at[counts[taking->continued] - 1] =
			taking->before;
}

int mvmp_stats_unpack(
	const uint8_t *bytes, size_t len, struct mvmp_stats_head *head, struct mvmp_sample *into)
{
	struct frame_fields fields = {.flags = 0};
	struct stats_taking taking;
	uint32_t counts[MVMP_ENTITY_COUNT];
	int err;

	taking.into = into;
	taking.later = false;
	taking.continued = -1;
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		counts[kind] = into->kind[kind].count;
	err = walk(bytes, len, &fields, &taking);
	if (err) {
		take_back(&taking, counts);
		return err;
	}
	set_fields(into, &fields);
	*head = fields.head;
	return 0;
}

int mvmp_stats_peek(const uint8_t *bytes, size_t len, struct mvmp_stats_head *head,
	struct mvmp_sample *sample_fields)
{
	struct frame_fields fields = {.flags = 0};
	int err = walk(bytes, len, &fields, NULL);

	if (err)
		return err;
	set_fields(sample_fields, &fields);
	*head = fields.head;
	return 0;
}
