/* SPDX-License-Identifier: Apache-2.0 */
#include "mvctl.h"
#include "view_columns.h"
#include <math.h>
#include <mvmp/bytes.h>
#include <string.h>

const struct mvctl_view *const mvctl_views[] = {
	&mvctl_view_nodes,
	&mvctl_view_cpus,
	&mvctl_view_numa,
	&mvctl_view_pools,
	&mvctl_view_domains,
	&mvctl_view_vcpus,
	&mvctl_view_vifs,
	&mvctl_view_vbds,
	NULL,
};

const struct mvctl_view *mvctl_view_find(const char *noun)
{
	for (unsigned i = 0; mvctl_views[i]; i++) {
		if (!strcmp(mvctl_views[i]->noun, noun) ||
			!strcmp(mvmp_entities[mvctl_views[i]->kind].name, noun))
			return mvctl_views[i];
	}
	return NULL;
}

static bool has_key(const struct mvctl_table *table, const char *key)
{
	for (unsigned c = 0; c < table->columns; c++) {
		if (!strcmp(table->column[c].key, key))
			return true;
	}
	return false;
}

/* The columns that JSON alone gets: what the view does not show already. */
static void add_rest(const struct mvctl_view *view, struct mvctl_table *table)
{
	const struct mvmp_entity_info *info = &mvmp_entities[view->kind];

	for (unsigned m = 0; m < info->metrics; m++) {
		struct mvctl_column column = {.key = info->metric[m].name};

		if (!has_key(table, column.key))
			mvctl_table_add(table, &column);
	}
	for (unsigned t = 0; t < info->texts; t++) {
		struct mvctl_column column = {.key = info->text_name[t]};

		if (!has_key(table, column.key))
			mvctl_table_add(table, &column);
	}
}

void mvctl_view_begin(const struct mvctl_view *view, struct mvctl_table *table, bool many)
{
	for (unsigned i = 0; i < view->columns; i++) {
		struct mvctl_column column = view->column[i].column;

		if (view->column[i].from == MVCTL_FROM_NODE && !many && view->kind != MVMP_NODE)
			column.flags |= MVCTL_WIDE;
		mvctl_table_add(table, &column);
	}
	add_rest(view, table);
}

static void put_metric(struct mvctl_cell *cell, const struct mvctl_pair *pair, unsigned metric)
{
	const struct mvmp_metric *info = &mvmp_entities[pair->kind].metric[metric];
	const struct mvmp_record *record = pair->now;

	if (record->unsupported >> metric & 1)
		mvctl_put_unsupported(
			cell, mvctl_unsupported_reason(pair->source, pair->kind, info->name));
	else if (mvmp_has(record, metric) && info->unit == MVMP_UNIT_MILLIDEG)
		mvctl_put_int(cell, (int64_t)record->value[metric]);
	else if (mvmp_has(record, metric) && info->unit == MVMP_UNIT_STATE)
		mvctl_put_text(cell,
			mvmp_domain_state_name((enum mvmp_domain_state)record->value[metric]));
	else if (mvmp_has(record, metric))
		mvctl_put_uint(cell, record->value[metric]);
}

/* The most that a share can be. Ticks are counted when they end and figures are read one after
 * another, so that over a short time a share may seem to exceed its whole. */
static double limit_of(const struct mvctl_pair *pair, const struct mvctl_view_column *column)
{
	const struct mvmp_record *r = pair->now;

	if (column->scale != NS_TO_PERCENT)
		return INFINITY;
	if (pair->kind == MVMP_PCPU && column->metric != MVMP_P_WAIT)
		return 100;
	if (pair->kind == MVMP_POOL && mvmp_has(r, MVMP_L_CPUS))
		return 100.0 * (double)r->value[MVMP_L_CPUS];
	return INFINITY;
}

static void put_rate(struct mvctl_cell *cell, const struct mvctl_pair *pair,
	const struct mvctl_view_column *column)
{
	const struct mvmp_metric *info = &mvmp_entities[pair->kind].metric[column->metric];
	double rate, limit = limit_of(pair, column);

	if (pair->now->unsupported >> column->metric & 1)
		mvctl_put_unsupported(
			cell, mvctl_unsupported_reason(pair->source, pair->kind, info->name));
	else if (mvctl_pair_rate(&rate, pair, column->metric))
		mvctl_put_real(cell, rate * column->scale < limit ? rate * column->scale : limit);
}

static void put_domain(struct mvctl_cell *cell, const struct mvctl_pair *pair)
{
	struct mvmp_key key = {0};
	const struct mvmp_record *domain;
	char uuid[37];

	memcpy(key.domain, pair->now->key.domain, sizeof key.domain);
	domain = mvmp_sample_find(&pair->source->after, MVMP_DOMAIN, &key);
	if (domain && domain->text[MVMP_DT_NAME][0])
		mvctl_put_text(cell, domain->text[MVMP_DT_NAME]);
	else
		mvctl_put_text(cell, mvmp_uuid_text(uuid, key.domain));
}

static void put_column(struct mvctl_row *row, struct mvctl_cell *cell,
	const struct mvctl_pair *pair, const struct mvctl_view_column *column)
{
	char uuid[37];

	switch (column->from) {
	case MVCTL_FROM_METRIC:
		put_metric(cell, pair, column->metric);
		break;
	case MVCTL_FROM_RATE:
		put_rate(cell, pair, column);
		break;
	case MVCTL_FROM_TEXT:
		mvctl_put_text(cell, pair->now->text[column->metric]);
		break;
	case MVCTL_FROM_INDEX:
		mvctl_put_uint(cell, pair->now->key.index);
		break;
	case MVCTL_FROM_UUID:
		mvctl_put_text(cell, mvmp_uuid_text(uuid, pair->now->key.domain));
		break;
	case MVCTL_FROM_DOMAIN:
		put_domain(cell, pair);
		break;
	case MVCTL_FROM_NODE:
		mvctl_put_text(cell, pair->source->node);
		break;
	case MVCTL_FROM_AGE:
		if (!row->measured.never)
			mvctl_put_uint(cell, row->measured.age_ns / MVMP_NS_PER_MS);
		break;
	case MVCTL_FROM_REASON:
		mvctl_put_text(cell, row->measured.reason);
		break;
	case MVCTL_FROM_CALL:
		column->call(pair, cell);
		break;
	}
}

/* Whether a value that is old says so. */
static bool ages(const struct mvctl_view_column *column, const struct mvctl_cell *cell)
{
	return cell->type != MVCTL_CELL_NONE && cell->type != MVCTL_CELL_UNSUPPORTED &&
	       !(column->column.flags & MVCTL_FIXED) &&
	       (column->from == MVCTL_FROM_METRIC || column->from == MVCTL_FROM_RATE ||
		       column->from == MVCTL_FROM_CALL);
}

/* Fills the columns that mvctl_view_begin() added behind the view's own. */
static void put_rest(const struct mvctl_view *view, const struct mvctl_table *table,
	struct mvctl_row *row, const struct mvctl_pair *pair)
{
	const struct mvmp_entity_info *info = &mvmp_entities[view->kind];
	unsigned c = view->columns;

	for (unsigned m = 0; m < info->metrics && c < table->columns; m++) {
		if (!strcmp(table->column[c].key, info->metric[m].name))
			put_metric(&row->cell[c++], pair, m);
	}
	for (unsigned t = 0; t < info->texts && c < table->columns; t++) {
		if (!strcmp(table->column[c].key, info->text_name[t]))
			mvctl_put_text(&row->cell[c++], pair->now->text[t]);
	}
}

void mvctl_view_fill(
	const struct mvctl_view *view, struct mvctl_table *table, const struct mvctl_source *source)
{
	const struct mvmp_records *records = &source->after.kind[view->kind];

	for (uint32_t i = 0; i < records->count; i++) {
		const struct mvmp_record *now = &records->at[i];
		struct mvctl_pair pair = {
			source, view->kind, now, mvctl_earlier(source, view->kind, now)};
		struct mvctl_row *row = mvctl_table_row(table);

		mvctl_measure(&row->measured, source, now);
		for (unsigned c = 0; c < view->columns; c++) {
			struct mvctl_cell *cell = &row->cell[c];

			put_column(row, cell, &pair, &view->column[c]);
			cell->old = row->measured.stale && ages(&view->column[c], cell);
		}
		put_rest(view, table, row, &pair);
	}
}
