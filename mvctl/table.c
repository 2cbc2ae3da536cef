/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
#include "mvctl.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void mvctl_table_init(struct mvctl_table *table)
{
	memset(table, 0, sizeof *table);
}

static bool owns_text(const struct mvctl_cell *cell)
{
	return cell->type == MVCTL_CELL_TEXT || cell->type == MVCTL_CELL_UNSUPPORTED;
}

static void clear_cell(struct mvctl_cell *cell)
{
	if (owns_text(cell))
		free(cell->text);
	cell->type = MVCTL_CELL_NONE;
}

void mvctl_table_drop_rows(struct mvctl_table *table)
{
	for (unsigned r = 0; r < table->rows; r++) {
		for (unsigned c = 0; c < table->columns; c++)
			clear_cell(&table->row[r].cell[c]);
		free(table->row[r].cell);
	}
	table->rows = 0;
}

void mvctl_table_clear(struct mvctl_table *table)
{
	mvctl_table_drop_rows(table);
	free(table->row);
	free(table->column);
	free(table->width);
	mvctl_table_init(table);
}

unsigned mvctl_table_add(struct mvctl_table *table, const struct mvctl_column *column)
{
	table->column = mvctl_grow(table->column, table->columns + 1, sizeof table->column[0]);
	table->column[table->columns] = *column;
	return table->columns++;
}

void mvctl_table_add_all(
	struct mvctl_table *table, const struct mvctl_column *column, unsigned columns)
{
	for (unsigned i = 0; i < columns; i++)
		mvctl_table_add(table, &column[i]);
}

struct mvctl_row *mvctl_table_row(struct mvctl_table *table)
{
	struct mvctl_row *row;

	/* Doubles at powers of two. */
	if (!(table->rows & (table->rows - 1)))
		table->row = mvctl_grow(
			table->row, table->rows ? 2 * table->rows : 1, sizeof table->row[0]);
	row = &table->row[table->rows++];
	memset(row, 0, sizeof *row);
	row->cell = mvctl_alloc(table->columns, sizeof row->cell[0]);
	return row;
}

void mvctl_put_text(struct mvctl_cell *cell, const char *text)
{
	clear_cell(cell);
	if (!text || !*text)
		return;
	cell->text = mvctl_text(text);
	cell->type = MVCTL_CELL_TEXT;
}

void mvctl_put_uint(struct mvctl_cell *cell, uint64_t value)
{
	clear_cell(cell);
	cell->type = MVCTL_CELL_UINT;
	cell->u = value;
}

void mvctl_put_int(struct mvctl_cell *cell, int64_t value)
{
	clear_cell(cell);
	cell->type = MVCTL_CELL_INT;
	cell->i = value;
}

void mvctl_put_real(struct mvctl_cell *cell, double value)
{
	clear_cell(cell);
	cell->type = MVCTL_CELL_REAL;
	cell->real = value;
}

void mvctl_put_bool(struct mvctl_cell *cell, bool value)
{
	clear_cell(cell);
	cell->type = MVCTL_CELL_BOOL;
	cell->u = value;
}

void mvctl_put_unsupported(struct mvctl_cell *cell, const char *reason)
{
	clear_cell(cell);
	cell->text = mvctl_text(reason && *reason ? reason : "this node cannot tell");
	cell->type = MVCTL_CELL_UNSUPPORTED;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t la, lb;

	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	la = strspn(*a, "0123456789");
	lb = strspn(*b, "0123456789");
	if (la != lb)
		return la < lb ? -1 : 1;
	for (; la; la--, (*a)++, (*b)++) {
		if (**a != **b)
			return **a < **b ? -1 : 1;
	}
	return 0;
}

int mvctl_natural_compare(const char *a, const char *b)
{
	const char *whole_a = a, *whole_b = b;

	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			int order = compare_numbers(&a, &b);

			if (order)
				return order;
			continue;
		}
		if (*a != *b)
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		a++;
		b++;
	}
	if (*a || *b)
		return *a ? 1 : -1;
	return strcmp(whole_a, whole_b); /* n1 and n01: any order, but always the same */
}
