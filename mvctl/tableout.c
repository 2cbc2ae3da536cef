/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include "mvctl.h"
#include "table.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELL_TEXT_MAX = 512 };

static double cell_number(const struct mvctl_cell *cell)
{
	switch (cell->type) {
	case MVCTL_CELL_INT:
		return (double)cell->i;
	case MVCTL_CELL_REAL:
		return cell->real;
	default:
		return (double)cell->u;
	}
}

static void raw_text(char *to, size_t size, const struct mvctl_cell *cell)
{
	switch (cell->type) {
	case MVCTL_CELL_TEXT:
		snprintf(to, size, "%s", cell->text);
		break;
	case MVCTL_CELL_UINT:
		snprintf(to, size, "%llu", (unsigned long long)cell->u);
		break;
	case MVCTL_CELL_INT:
		snprintf(to, size, "%lld", (long long)cell->i);
		break;
	case MVCTL_CELL_REAL:
		snprintf(to, size, "%.12g", cell->real);
		break;
	case MVCTL_CELL_BOOL:
		snprintf(to, size, "%s", cell->u ? "yes" : "no");
		break;
	default:
		to[0] = '\0';
	}
}

static void cell_text(char to[CELL_TEXT_MAX], const struct mvctl_column *column,
	const struct mvctl_cell *cell, bool tsv)
{
	bool number = cell->type == MVCTL_CELL_UINT || cell->type == MVCTL_CELL_INT ||
		      cell->type == MVCTL_CELL_REAL;

	to[0] = '\0';
	if (cell->type == MVCTL_CELL_NONE || cell->type == MVCTL_CELL_UNSUPPORTED) {
		if (!tsv)
			snprintf(to, CELL_TEXT_MAX, "%s",
				cell->type == MVCTL_CELL_NONE ? "-" : "unsup");
		return;
	}
	if (number && column->human && !tsv)
		column->human(to, CELL_TEXT_MAX - 1, cell_number(cell));
	else
		raw_text(to, CELL_TEXT_MAX - 1, cell);
	mvctl_clean(to);
	if (cell->old && !tsv)
		memcpy(to + strlen(to), "~", 2);
}

static bool named(const char *list, const struct mvctl_column *column)
{
	for (const char *at = list; *at;) {
		size_t len = strcspn(at, ",");

		if ((strlen(column->key) == len && !strncasecmp(at, column->key, len)) ||
			(column->header && strlen(column->header) == len &&
				!strncasecmp(at, column->header, len)))
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

static bool shown(const struct mvctl_column *column, const struct mvctl_style *style)
{
	if (style->columns)
		return named(style->columns, column);
	if (!column->header)
		return false;
	return style->wide || style->tsv || !(column->flags & MVCTL_WIDE);
}

static void list_columns(const struct mvctl_table *table, char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (unsigned c = 0; c < table->columns && used < size; c++)
		used += (size_t)snprintf(to + used, size - used, "%s%s", c ? ", " : "",
			table->column[c].header ? table->column[c].header : table->column[c].key);
}

static int check_list(const struct mvctl_table *table, const char *option, const char *list,
	struct mvmp_error *err)
{
	char one[64], known[180];

	for (const char *at = list; *at;) {
		size_t len = strcspn(at, ",");
		bool found = false;

		snprintf(one, sizeof one, "%.*s", (int)len, at);
		for (unsigned c = 0; c < table->columns && !found; c++)
			found = named(one, &table->column[c]);
		if (!found) {
			list_columns(table, known, sizeof known);
			mvmp_fail(err, MVMP_INVALID, "%s: there is no column %s", option, one);
			return mvmp_hint(err, "columns: %s", known);
		}
		at += len + (at[len] == ',');
	}
	return 0;
}

int mvctl_table_check(
	const struct mvctl_table *table, const struct mvctl_style *style, struct mvmp_error *err)
{
	int rc = 0;

	if (style->columns)
		rc = check_list(table, "--columns", style->columns, err);
	if (!rc && style->sort)
		rc = check_list(table, "--sort", style->sort, err);
	return rc;
}

static int compare_cells(const struct mvctl_cell *a, const struct mvctl_cell *b)
{
	double x, y;

	if (a->type == MVCTL_CELL_TEXT && b->type == MVCTL_CELL_TEXT)
		return mvctl_natural_compare(a->text, b->text);
	x = cell_number(a);
	y = cell_number(b);
	return x < y ? -1 : x > y;
}

static bool has_value(const struct mvctl_cell *cell)
{
	return cell->type != MVCTL_CELL_NONE && cell->type != MVCTL_CELL_UNSUPPORTED;
}

/* Insertion keeps equal rows in their order; rows without a value stay last either way. */
static void sort_rows(struct mvctl_table *table, unsigned column, bool reverse)
{
	for (unsigned i = 1; i < table->rows; i++) {
		struct mvctl_row row = table->row[i];
		unsigned at = i;

		for (; at > 0; at--) {
			const struct mvctl_cell *a = &table->row[at - 1].cell[column];
			const struct mvctl_cell *b = &row.cell[column];
			int order;

			if (!has_value(b))
				break;
			order = has_value(a) ? compare_cells(a, b) : 1;
			if (has_value(a) && reverse)
				order = -order;
			if (order <= 0)
				break;
			table->row[at] = table->row[at - 1];
		}
		table->row[at] = row;
	}
}

static void sort_table(struct mvctl_table *table, const struct mvctl_style *style)
{
	for (unsigned c = 0; style->sort && c < table->columns; c++) {
		if (named(style->sort, &table->column[c])) {
			sort_rows(table, c, style->reverse);
			return;
		}
	}
	if (style->reverse && !style->sort) {
		for (unsigned i = 0; i < table->rows / 2; i++) {
			struct mvctl_row row = table->row[i];

			table->row[i] = table->row[table->rows - 1 - i];
			table->row[table->rows - 1 - i] = row;
		}
	}
}

void mvctl_table_fix_widths(struct mvctl_table *table, const struct mvctl_style *style)
{
	char text[CELL_TEXT_MAX];

	if (!table->width)
		table->width = mvctl_alloc(table->columns, sizeof table->width[0]);
	for (unsigned c = 0; c < table->columns; c++) {
		const struct mvctl_column *column = &table->column[c];
		const char *header = column->header ? column->header : column->key;

		if (strlen(header) > table->width[c])
			table->width[c] = (unsigned)strlen(header);
		for (unsigned r = 0; r < table->rows; r++) {
			cell_text(text, column, &table->row[r].cell[c], false);
			if (strlen(text) > table->width[c])
				table->width[c] = (unsigned)strlen(text);
		}
	}
}

/* Only what needs a hand has a colour. */
static const char *state_color(const char *word)
{
	static const char *const red[] = {"down", "crashed", "failed", "lost", "drifted"};
	static const char *const yellow[] = {"stale", "degraded", "maint", "unknown"};

	for (unsigned i = 0; i < sizeof red / sizeof red[0]; i++) {
		if (!strncmp(word, red[i], strlen(red[i])))
			return "\033[31m";
	}
	for (unsigned i = 0; i < sizeof yellow / sizeof yellow[0]; i++) {
		if (!strncmp(word, yellow[i], strlen(yellow[i])))
			return "\033[33m";
	}
	return NULL;
}

static void print_padded(
	FILE *out, const char *text, unsigned width, bool right, bool last, const char *color)
{
	int pad = (int)width - (int)strlen(text);

	if (pad < 0)
		pad = 0;
	if (right)
		fprintf(out, "%*s", pad, "");
	fprintf(out, "%s%s%s", color ? color : "", text, color ? "\033[0m" : "");
	if (!right && !last)
		fprintf(out, "%*s", pad, "");
}

static unsigned last_shown(const struct mvctl_table *table, const struct mvctl_style *style)
{
	unsigned last = 0;

	for (unsigned c = 0; c < table->columns; c++) {
		if (shown(&table->column[c], style))
			last = c;
	}
	return last;
}

/* Row NULL: the header. */
static void print_line(FILE *out, const struct mvctl_table *table, const struct mvctl_row *row,
	const struct mvctl_style *style)
{
	unsigned last = last_shown(table, style);
	char text[CELL_TEXT_MAX];
	bool first = true;

	for (unsigned c = 0; c < table->columns; c++) {
		const struct mvctl_column *column = &table->column[c];
		const char *color = NULL;

		if (!shown(column, style))
			continue;
		if (row)
			cell_text(text, column, &row->cell[c], style->tsv);
		else
			snprintf(text, sizeof text, "%s",
				style->tsv || !column->header ? column->key : column->header);
		if (row && style->color && column->flags & MVCTL_STATE)
			color = state_color(text);
		if (!first)
			fputs(style->tsv ? "\t" : "  ", out);
		first = false;
		if (style->tsv)
			fputs(text, out);
		else
			print_padded(out, text, table->width[c], column->flags & MVCTL_RIGHT,
				c == last, color);
	}
	if (style->tsv && !style->columns)
		fprintf(out, "\t%s",
			!row			? "quality"
			: row->measured.quality ? row->measured.quality
						: "");
	fputc('\n', out);
}

void mvctl_table_print(FILE *out, struct mvctl_table *table, const struct mvctl_style *style)
{
	sort_table(table, style);
	mvctl_table_fix_widths(table, style);
	if (!style->no_header)
		print_line(out, table, NULL, style);
	for (unsigned r = 0; r < table->rows; r++)
		print_line(out, table, &table->row[r], style);
}

static json_t *cell_json(const struct mvctl_cell *cell)
{
	switch (cell->type) {
	case MVCTL_CELL_TEXT:
		return mvctl_json_text(cell->text);
	case MVCTL_CELL_UINT:
		return mvctl_json_uint(cell->u);
	case MVCTL_CELL_INT:
		return json_integer(cell->i);
	case MVCTL_CELL_REAL:
		return mvctl_json_real(cell->real);
	case MVCTL_CELL_BOOL:
		return json_boolean(cell->u != 0);
	default:
		return json_null();
	}
}

static void add_measured(json_t *object, const struct mvctl_measured *m)
{
	json_object_set_new(object, "age_ms",
		m->never ? json_null() : mvctl_json_uint(m->age_ns / MVMP_NS_PER_MS));
	json_object_set_new(
		object, "sampled_at", m->never ? json_null() : mvctl_json_time(m->sampled_wall_ns));
	json_object_set_new(object, "quality", mvctl_json_text(m->quality));
	json_object_set_new(object, "reason", mvctl_json_text(m->reason));
	json_object_set_new(object, "simulated", json_boolean(m->simulated));
}

json_t *mvctl_row_json(const struct mvctl_table *table, const struct mvctl_row *row)
{
	json_t *object = json_object(), *unsupported = json_object();

	for (unsigned c = 0; c < table->columns; c++) {
		const struct mvctl_cell *cell = &row->cell[c];

		json_object_set_new(object, table->column[c].key, cell_json(cell));
		if (cell->type == MVCTL_CELL_UNSUPPORTED)
			json_object_set_new(
				unsupported, table->column[c].key, mvctl_json_text(cell->text));
	}
	if (row->measured.has) {
		add_measured(object, &row->measured);
		json_object_set(object, "unsupported", unsupported);
	}
	json_decref(unsupported);
	return object;
}
