/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_TABLE_H
#define MVCTL_TABLE_H

/*
 * Records and their writers. A command fills one table; text, TSV and JSON are written from
 * it, so that they cannot say different things.
 */

#include "human.h"
#include <jansson.h>
#include <mvmp/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum mvctl_cell_type {
	MVCTL_CELL_NONE, /* no value now: "-", null */
	MVCTL_CELL_TEXT,
	MVCTL_CELL_UINT,
	MVCTL_CELL_INT,
	MVCTL_CELL_REAL,
	MVCTL_CELL_BOOL,
	MVCTL_CELL_UNSUPPORTED, /* `text` says why: "unsup", null and the reason */
};

struct mvctl_cell {
	enum mvctl_cell_type type;
	bool old; /* marked "~" in tables */
	union {
		uint64_t u;
		int64_t i;
		double real;
		char *text; /* owned */
	};
};

enum mvctl_column_flags {
	MVCTL_RIGHT = 1 << 0, /* numbers */
	MVCTL_WIDE = 1 << 1,  /* shown with --wide only */
	MVCTL_STATE = 1 << 2, /* a state word: the only thing coloured */
	MVCTL_FIXED = 1 << 3, /* does not age: numbers and sizes of things */
};

struct mvctl_column {
	const char *key;    /* JSON and TSV name, raw unit in it */
	const char *header; /* with the unit shown; NULL: in JSON only */
	unsigned flags;
	mvctl_human *human; /* NULL: as it is */
};

/* What is known about a record's measurement; printed in JSON when `has` is set. */
struct mvctl_measured {
	bool has, simulated, stale;
	bool never; /* not measured yet: neither age nor time */
	uint64_t age_ns, sampled_wall_ns;
	const char *quality; /* "fresh", "stale", "last_good" */
	const char *reason;  /* why it is old, or NULL */
};

struct mvctl_row {
	struct mvctl_cell *cell;
	struct mvctl_measured measured;
};

struct mvctl_table {
	struct mvctl_column *column;
	unsigned columns;
	struct mvctl_row *row;
	unsigned rows;
	unsigned *width; /* kept for follow-up prints (`stats --follow`); NULL: computed */
};

struct mvctl_style {
	bool tsv, no_header, wide, color, reverse;
	const char *columns, *sort; /* names, NULL: the default */
};

void mvctl_table_init(struct mvctl_table *table);
void mvctl_table_clear(struct mvctl_table *table);
void mvctl_table_drop_rows(struct mvctl_table *table);

/* Adds a column (names are borrowed) before the first row; returns its number. */
unsigned mvctl_table_add(struct mvctl_table *table, const struct mvctl_column *column);
void mvctl_table_add_all(
	struct mvctl_table *table, const struct mvctl_column *column, unsigned columns);

/* A row of empty cells; valid until the next. */
struct mvctl_row *mvctl_table_row(struct mvctl_table *table);

/* Cells. Texts are copied; NULL or "" leaves the cell empty. */
void mvctl_put_text(struct mvctl_cell *cell, const char *text);
void mvctl_put_uint(struct mvctl_cell *cell, uint64_t value);
void mvctl_put_int(struct mvctl_cell *cell, int64_t value);
void mvctl_put_real(struct mvctl_cell *cell, double value);
void mvctl_put_bool(struct mvctl_cell *cell, bool value);
void mvctl_put_unsupported(struct mvctl_cell *cell, const char *reason);

/* Checks --columns and --sort against the table; MVMP_INVALID lists what there is. */
int mvctl_table_check(
	const struct mvctl_table *table, const struct mvctl_style *style, struct mvmp_error *err);

/* Writes header and rows; sorts first where the style says so. */
void mvctl_table_print(FILE *out, struct mvctl_table *table, const struct mvctl_style *style);

/* Remembers the widths that a print would use, at least, for prints that follow. */
void mvctl_table_fix_widths(struct mvctl_table *table, const struct mvctl_style *style);

/* One row as a JSON object. */
json_t *mvctl_row_json(const struct mvctl_table *table, const struct mvctl_row *row);

/* Compares texts with numbers by value: n2 before n10. */
int mvctl_natural_compare(const char *a, const char *b);

#endif
