/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/bytes.h>
#include <mvmp/frame.h>

_Static_assert(MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD <= MVMP_MTU_MIN, "INIT fits every path");
_Static_assert(
	(int)MVMP_REPLY_PAYLOAD <= (int)MVMP_INIT_PAYLOAD, "no answer outgrows its question");
_Static_assert(
	(int)MVMP_COOKIE_PAYLOAD <= (int)MVMP_INIT_PAYLOAD, "no answer outgrows its question");

/* What a kind's header must look like. An index or counter that is not used is 0. */
static const struct kind_rule {
	const char *name;
	uint16_t payload_min, payload_max;
	bool index, counter, stats;
} rules[] = {
	[MVMP_PROBE] = {"probe", MVMP_PROBE_PAYLOAD, MVMP_PROBE_PAYLOAD, .counter = true},
	[MVMP_BEACON] = {"beacon", MVMP_PROBE_PAYLOAD, MVMP_PROBE_PAYLOAD, .counter = true},
	[MVMP_INIT] = {"init", MVMP_INIT_PAYLOAD, MVMP_INIT_PAYLOAD},
	[MVMP_REPLY] = {"reply", MVMP_REPLY_PAYLOAD, MVMP_REPLY_PAYLOAD, .index = true},
	[MVMP_COOKIE] = {"cookie", MVMP_COOKIE_PAYLOAD, MVMP_COOKIE_PAYLOAD, .index = true},
	[MVMP_DATA] = {"data", MVMP_TAG_LEN, MVMP_FRAME_MAX - MVMP_HEADER_LEN, .index = true,
		.counter = true, .stats = true},
	[MVMP_ENROL] = {"enrol", MVMP_ENROL_PAYLOAD, MVMP_ENROL_PAYLOAD, .counter = true},
};

static const struct kind_rule *kind_rule(unsigned kind)
{
	if (kind >= sizeof(rules) / sizeof(rules[0]) || !rules[kind].name)
		return NULL;
	return &rules[kind];
}

const char *mvmp_kind_name(unsigned kind)
{
	const struct kind_rule *rule = kind_rule(kind);

	return rule ? rule->name : "unknown";
}

static enum mvmp_verdict check_fields(
	const struct kind_rule *rule, const struct mvmp_frame *f, uint8_t flags)
{
	if (flags || (!rule->index) != (!f->index) || (!rule->counter && f->counter))
		return MVMP_DROP_RESERVED;
	if (!rule->stats && (f->counter & MVMP_COUNTER_STATS))
		return MVMP_DROP_RESERVED;
	return MVMP_ACCEPTED;
}

enum mvmp_verdict mvmp_frame_decode(
	struct mvmp_frame *frame, enum mvmp_channel channel, const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	uint8_t version_kind = mvmp_get_u8(&r);
	uint8_t flags = mvmp_get_u8(&r);
	struct mvmp_frame f = {.payload_len = mvmp_get_u16(&r),
		.index = mvmp_get_u32(&r),
		.counter = mvmp_get_u64(&r)};
	const struct kind_rule *rule = kind_rule(version_kind & 15);
	enum mvmp_verdict verdict;

	if (r.bad)
		return MVMP_DROP_SHORT;
	if (version_kind >> 4 != MVMP_VERSION)
		return MVMP_DROP_VERSION;
	if (!rule)
		return MVMP_DROP_KIND;
	if (r.left < rule->payload_min)
		return MVMP_DROP_SHORT;
	if (f.payload_len > r.left || f.payload_len < rule->payload_min ||
		f.payload_len > rule->payload_max)
		return MVMP_DROP_LENGTH;
	verdict = check_fields(rule, &f, flags);
	if (verdict)
		return verdict;
	if ((f.counter & MVMP_COUNTER_STATS ? MVMP_STATS : MVMP_CONTROL) != channel)
		return MVMP_DROP_ETHERTYPE;
	f.kind = (enum mvmp_kind)(version_kind & 15);
	f.payload = r.at;
	*frame = f;
	return MVMP_ACCEPTED;
}

void mvmp_frame_encode(uint8_t out[static MVMP_HEADER_LEN], const struct mvmp_frame *frame)
{
	struct mvmp_writer w = mvmp_writer(out, MVMP_HEADER_LEN);

	mvmp_put_u8(&w, (uint8_t)(MVMP_VERSION << 4 | frame->kind));
	mvmp_put_u8(&w, 0);
	mvmp_put_u16(&w, frame->payload_len);
	mvmp_put_u32(&w, frame->index);
	mvmp_put_u64(&w, frame->counter);
}
