/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_MVCTL_H
#define MVCTL_MVCTL_H

/* What every command of mvctl and mvctl-perfc shares: options, output, errors. */

#include "command.h"
#include <jansson.h>
#include <mvmp/limits.h>
#include <mvmp/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum mvctl_format {
	MVCTL_TEXT_FORMAT,
	MVCTL_JSON,
	MVCTL_JSONL,
	MVCTL_TSV,
};

/* The options that every command takes, wherever they stand. Texts are borrowed from argv. */
struct mvctl_options {
	const char *nodes; /* -n; NULL: the only node there is */
	bool all;
	const char *interface; /* -i: the wire instead of this host's Unix links */
	const char *run_dir;   /* NULL: the usual one, and the configured interface besides */
	const char *identity;
	const char *aggregator;
	const char *key_log; /* file that gets session keys */
	enum mvctl_format format;
	bool no_header, wide, reverse, dry_run, help, version;
	const char *columns, *sort, *color;
	double timeout_s;
	unsigned confirm; /* number of targets the caller agreed to */
};

struct mvctl_net;

struct mvctl {
	const char *program; /* "mvctl" */
	struct mvctl_options opt;
	FILE *out, *err;
	bool color;
	char schema[48]; /* "mvctl.nodes/1" */
	json_t *items;	 /* of the JSON document, NULL while there are none */
	json_t *extra;	 /* further members of the document */
	json_t *errors;
	bool summarized;       /* the last line of a JSON stream is printed */
	unsigned done, failed; /* targets */
	int code;	       /* exit code of the failures so far; -1: they differ */
	struct mvctl_net *net; /* the connection once it is made (net.h) */
};

void mvctl_init(struct mvctl *ctl, const char *program);
void mvctl_clear(struct mvctl *ctl);

/* The exit code of an outcome. */
enum mvctl_exit mvctl_exit_code(int status);

/* Prints "PROGRAM: sentence" and the hint to stderr, keeps both for the JSON document, counts a
 * failed target. `node` and `operation` may be NULL. Returns the exit code. */
int mvctl_report(struct mvctl *ctl, const struct mvmp_error *error, const char *node,
	const uint8_t *operation);

/* The same without printing: the caller shows it in its own way. */
int mvctl_keep_error(struct mvctl *ctl, const struct mvmp_error *error, const char *node,
	const uint8_t *operation);

/* mvctl_report() of a bad argument: exit code 2. */
int mvctl_usage(struct mvctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of information on stderr (summaries, notes), nothing for --json. */
void mvctl_note(struct mvctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0 when all targets did well, their common code when all failed alike, else 6. */
int mvctl_result(const struct mvctl *ctl);

/* Names the schema of the answer: "nodes" becomes "mvctl.nodes/1". */
void mvctl_set_schema(struct mvctl *ctl, const char *noun);

/* Adds an item to the document, or prints it as a line of the stream (the reference is taken). */
void mvctl_add_item(struct mvctl *ctl, json_t *item);

/* Prints the JSON document where JSON was asked for and there is something to say. */
void mvctl_print_document(struct mvctl *ctl);

/* Prints one line of a JSON stream (the reference is taken). */
void mvctl_print_line(struct mvctl *ctl, json_t *object);

static inline bool mvctl_wants_json(const struct mvctl *ctl)
{
	return ctl->opt.format == MVCTL_JSON || ctl->opt.format == MVCTL_JSONL;
}

/* malloc(3) and friends that end the program with a sentence when there is no memory. */
void *mvctl_alloc(size_t count, size_t size);
void *mvctl_grow(void *array, size_t count, size_t size);
char *mvctl_text(const char *text);
char *mvctl_format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Replaces control characters (those of 8 bits too) and broken UTF-8, in place: what a node says
 * may not steer a terminal. Returns `text`. */
char *mvctl_clean(char *text);

extern const struct mvctl_command *const mvctl_commands[];

/* The command of that name, or NULL and the closest name in *closest (NULL when none is). */
const struct mvctl_command *mvctl_find_command(const char *name, const char **closest);

/* Number of edits between two texts (a character more, less, another, two swapped); at most 32. */
unsigned mvctl_distance(const char *a, const char *b);

#endif
