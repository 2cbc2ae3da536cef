/* SPDX-License-Identifier: Apache-2.0 */
#include "stats_group.h"
#include <errno.h>
#include <mvmp/clean_text.h>

/* What stands before the columns; views into the frame. */
struct group {
	uint64_t kind, count;
	struct mvmp_reader domains, runs, part[KEY_PARTS];
	bool distinct; /* every record has a domain of its own */
	struct mvmp_record *at;
	uint64_t all; /* metrics that every record has, set at the end */
};

struct column {
	uint64_t metric, shift;
	bool is_signed;
	struct mvmp_reader value, present, unsupported;
};

struct wire_tag wire_get_tag(struct mvmp_reader *r)
{
	uint64_t tag = get_varint(r);

	if (tag >> 3 == 0 || tag > UINT32_MAX)
		r->bad = true;
	return (struct wire_tag){.field = (unsigned)(tag >> 3), .wire = tag & 7};
}

struct mvmp_reader wire_get_bytes(struct mvmp_reader *r)
{
	uint64_t len = get_varint(r);
	const uint8_t *view = NULL;

	if (len > r->left)
		r->bad = true;
	else
		view = mvmp_get_view(r, (size_t)len);
	return mvmp_reader(view, view ? (size_t)len : 0);
}

void wire_skip(struct mvmp_reader *r, unsigned wire)
{
	switch (wire) {
	case WIRE_VARINT:
		get_varint(r);
		break;
	case WIRE_FIXED64:
		mvmp_get_view(r, 8);
		break;
	case WIRE_BYTES:
		wire_get_bytes(r);
		break;
	case WIRE_FIXED32:
		mvmp_get_view(r, 4);
		break;
	default:
		r->bad = true;
	}
}

/* Takes a field that may stand there once; a second one, or one that has another wire type
 * (numbers that are not packed), is malformed. */
static void take_once(struct mvmp_reader *to, struct mvmp_reader *r, unsigned wire)
{
	if (wire != WIRE_BYTES || to->at)
		r->bad = true;
	else
		*to = wire_get_bytes(r);
}

static void get_group_field(struct mvmp_reader *r, struct wire_tag tag, struct group *to)
{
	if (tag.field == GROUP_KIND && tag.wire == WIRE_VARINT)
		to->kind = get_varint(r);
	else if (tag.field == GROUP_COUNT && tag.wire == WIRE_VARINT)
		to->count = get_varint(r);
	else if (tag.field == GROUP_DOMAINS)
		take_once(&to->domains, r, tag.wire);
	else if (tag.field == GROUP_RUNS)
		take_once(&to->runs, r, tag.wire);
	else if (tag.field >= GROUP_INDEX && tag.field <= GROUP_STATE)
		take_once(&to->part[tag.field - GROUP_INDEX], r, tag.wire);
	else
		wire_skip(r, tag.wire);
}

/* The first walk: keys may stand after columns. */
static int get_group(struct mvmp_reader r, struct group *to)
{
	*to = (struct group){0};
	while (r.left && !r.bad)
		get_group_field(&r, wire_get_tag(&r), to);
	return r.bad ? -EBADMSG : 0;
}

/* Adds zeroed records; the first of them may be the sample's last one (mvmp.proto, Group). */
static int add_records(struct group *g, struct stats_taking *taking, const struct mvmp_key *first)
{
	struct mvmp_records *records = &taking->into->kind[g->kind];
	uint32_t from = records->count;

	if (!taking->later && from && mvmp_key_equal(&records->at[from - 1].key, first))
		from--;
	while (records->count < from + g->count) {
		if (!mvmp_sample_add(taking->into, (enum mvmp_entity)g->kind))
			return -ENOMEM;
	}
	g->at = &records->at[from];
	return 0;
}

/* One key costs at least one byte: an index, or a domain of its own. So `count` is bounded by
 * the bytes that came. */
static bool keys_are_told(struct group *g)
{
	uint64_t domains = g->domains.left / MVMP_ID_LEN;

	g->distinct = kind_has_domain((unsigned)g->kind) && domains == g->count;
	if (g->count == 0 || g->count > MVMP_RECORDS_MAX)
		return false;
	if (!kind_has_domain((unsigned)g->kind))
		return g->count == 1 || g->count <= g->part[KEY_INDEX].left;
	if (g->domains.left % MVMP_ID_LEN || !domains || domains > g->count)
		return false;
	if (!g->runs.at && domains != g->count)
		return false;
	return g->distinct || g->count <= g->part[KEY_INDEX].left;
}

static struct mvmp_key first_key(const struct group *g)
{
	struct mvmp_reader index = g->part[KEY_INDEX], domains = g->domains;
	struct mvmp_key key = {.index = index.left ? (uint32_t)get_varint(&index) : 0};

	if (kind_has_domain((unsigned)g->kind))
		mvmp_get_bytes(&domains, key.domain, MVMP_ID_LEN);
	return key;
}

/* Domains of the records, run by run. */
static int set_domains(struct group *g)
{
	bool single = !g->runs.at;
	uint64_t at = 0;

	while (g->domains.left) {
		uint64_t run = single ? 1 : get_varint(&g->runs);
		const uint8_t *domain = mvmp_get_view(&g->domains, MVMP_ID_LEN);

		if (!domain || run == 0 || run > g->count - at)
			return -EBADMSG;
		for (; run; run--)
			memcpy(g->at[at++].key.domain, domain, MVMP_ID_LEN);
	}
	return at != g->count || g->runs.left || g->runs.bad ? -EBADMSG : 0;
}

static void set_part(struct mvmp_record *r, enum key_part part, uint64_t v)
{
	switch (part) {
	case KEY_INDEX:
		r->key.index = (uint32_t)v;
		break;
	case KEY_INCARNATION:
		r->incarnation = (uint32_t)v;
		break;
	case KEY_AGE:
		r->age_ns = v;
		break;
	default:
		r->quality = (v & 15) == MVMP_FRESH ? MVMP_FRESH : MVMP_LAST_GOOD;
		r->reason = v >> 4 & 15;
	}
}

/* One number for all records, or one for each; none means 0. */
static int set_parts(struct group *g, enum key_part part)
{
	struct mvmp_reader r = g->part[part];
	uint64_t v;

	if (!r.left)
		return r.bad ? -EBADMSG : 0;
	v = get_varint(&r);
	if (!r.left && part == KEY_INDEX && !g->distinct && g->count > 1)
		return -EBADMSG;
	if (!r.left) {
		for (uint64_t i = 0; i < g->count; i++)
			set_part(&g->at[i], part, v);
		return r.bad ? -EBADMSG : 0;
	}
	set_part(&g->at[0], part, v);
	for (uint64_t i = 1; i < g->count; i++)
		set_part(&g->at[i], part, get_varint(&r));
	return r.bad || r.left ? -EBADMSG : 0;
}

static int set_keys(struct group *g)
{
	int err = kind_has_domain((unsigned)g->kind) ? set_domains(g) : 0;

	for (unsigned part = 0; part < KEY_PARTS && !err; part++)
		err = set_parts(g, part);
	return err;
}

static void get_column(struct mvmp_reader *r, struct column *to)
{
	*to = (struct column){0};
	while (r->left && !r->bad) {
		struct wire_tag tag = wire_get_tag(r);

		if (tag.field == COLUMN_METRIC && tag.wire == WIRE_VARINT)
			to->metric = get_varint(r);
		else if (tag.field == COLUMN_SHIFT && tag.wire == WIRE_VARINT)
			to->shift = get_varint(r);
		else if (tag.field == COLUMN_IS_SIGNED && tag.wire == WIRE_VARINT)
			to->is_signed = get_varint(r);
		else if (tag.field == COLUMN_VALUE)
			take_once(&to->value, r, tag.wire);
		else if (tag.field == COLUMN_PRESENT)
			take_once(&to->present, r, tag.wire);
		else if (tag.field == COLUMN_UNSUPPORTED)
			take_once(&to->unsupported, r, tag.wire);
		else
			wire_skip(r, tag.wire);
	}
}

static bool bit(const uint8_t *map, uint64_t n)
{
	return map[n / 8] >> n % 8 & 1;
}

static inline uint64_t decoded(const struct column *c, uint64_t v)
{
	return c->is_signed ? (uint64_t)mvmp_unzigzag(v) : v << c->shift;
}

/* The inner loop of unpacking: what it needs in locals. */
static struct mvmp_reader set_each(struct group *g, const struct column *c)
{
	struct mvmp_reader values = c->value;
	struct mvmp_record *r = g->at, *end = r + g->count;
	const struct column column = *c;

	for (; r < end; r++)
		r->value[column.metric] = decoded(&column, get_varint(&values));
	return values;
}

static int set_all_values(struct group *g, struct column *c)
{
	struct mvmp_record *r = g->at, *end = r + g->count;
	struct mvmp_reader values = c->value;
	uint64_t v = get_varint(&values);

	if (values.left) {
		values = set_each(g, c);
	} else {
		for (; r < end; r++)
			r->value[c->metric] = decoded(c, v);
	}
	g->all |= 1ull << c->metric;
	return values.left || values.bad ? -EBADMSG : 0;
}

static int set_some_values(struct group *g, struct column *c)
{
	struct mvmp_reader values = c->value;
	uint64_t v = get_varint(&values);
	bool same = !values.left, first = true;

	if (c->present.left != (g->count + 7) / 8)
		return -EBADMSG;
	for (uint64_t i = 0; i < g->count; i++) {
		if (!bit(c->present.at, i))
			continue;
		if (!first && !same)
			v = get_varint(&values);
		first = false;
		mvmp_set(&g->at[i], (unsigned)c->metric, decoded(c, v));
	}
	return values.left || values.bad ? -EBADMSG : 0;
}

static int set_unsupported(struct group *g, const struct column *c)
{
	bool all = c->unsupported.left == 1 && c->unsupported.at[0] == 0xff;

	if (!c->unsupported.left)
		return 0;
	if (!all && c->unsupported.left != (g->count + 7) / 8)
		return -EBADMSG;
	for (uint64_t i = 0; i < g->count; i++) {
		if (all || bit(c->unsupported.at, i))
			g->at[i].unsupported |= 1ull << c->metric;
	}
	return 0;
}

static int set_column(struct group *g, struct mvmp_reader r)
{
	struct column c;
	int err = 0;

	get_column(&r, &c);
	if (r.bad || c.shift > 63)
		return -EBADMSG;
	if (c.metric >= mvmp_entities[g->kind].metrics)
		return 0;
	if (c.value.left)
		err = c.present.at ? set_some_values(g, &c) : set_all_values(g, &c);
	return err ? err : set_unsupported(g, &c);
}

struct text_column {
	uint64_t text, values;
	struct mvmp_reader first; /* from the first value on */
};

static void get_text_column(struct mvmp_reader *r, struct text_column *to)
{
	*to = (struct text_column){0};
	while (r->left && !r->bad) {
		struct mvmp_reader here = *r;
		struct wire_tag tag = wire_get_tag(r);

		if (tag.field == TEXT_TEXT && tag.wire == WIRE_VARINT) {
			to->text = get_varint(r);
			continue;
		}
		if (tag.field == TEXT_VALUE && tag.wire == WIRE_BYTES && to->values++ == 0)
			to->first = here;
		wire_skip(r, tag.wire);
	}
}

/* The next value of a column that was walked before. */
static struct mvmp_reader next_text(struct mvmp_reader *r)
{
	for (;;) {
		struct wire_tag tag = wire_get_tag(r);

		if (r->bad || (tag.field == TEXT_VALUE && tag.wire == WIRE_BYTES))
			return wire_get_bytes(r);
		wire_skip(r, tag.wire);
	}
}

static int set_text(struct group *g, struct mvmp_reader r)
{
	struct text_column c;
	struct mvmp_reader text = {0};

	get_text_column(&r, &c);
	if (r.bad || (c.values > 1 && c.values != g->count))
		return -EBADMSG;
	if (!c.values || c.text >= mvmp_entities[g->kind].texts)
		return 0;
	for (uint64_t i = 0; i < g->count; i++) {
		if (i < c.values)
			text = next_text(&c.first);
		mvmp_clean_text(g->at[i].text[c.text], MVMP_TEXT_LEN, text.at, text.left);
	}
	return 0;
}

static int take_columns(struct group *g, struct mvmp_reader r)
{
	int err = 0;

	while (r.left && !err) {
		struct wire_tag tag = wire_get_tag(&r);

		if (tag.field == GROUP_COLUMN && tag.wire == WIRE_BYTES)
			err = set_column(g, wire_get_bytes(&r));
		else if (tag.field == GROUP_TEXT && tag.wire == WIRE_BYTES)
			err = set_text(g, wire_get_bytes(&r));
		else
			wire_skip(&r, tag.wire);
	}
	for (uint64_t i = 0; i < g->count; i++) {
		g->at[i].present |= g->all;
		g->at[i].unsupported &= ~g->at[i].present;
	}
	return err;
}

int stats_group_take(struct mvmp_reader bytes, struct stats_taking *taking)
{
	struct mvmp_key first;
	struct group g;
	uint32_t count;
	int err = get_group(bytes, &g);

	if (err || g.kind >= MVMP_ENTITY_COUNT)
		return err;
	if (!keys_are_told(&g))
		return -EBADMSG;
	first = first_key(&g);
	count = taking->into->kind[g.kind].count;
	err = add_records(&g, taking, &first);
	if (err)
		return err;
	if (g.at < &taking->into->kind[g.kind].at[count]) {
		taking->continued = (int)g.kind;
		taking->before = *g.at;
	}
	taking->later = true;
	err = set_keys(&g);
	return err ? err : take_columns(&g, bytes);
}
