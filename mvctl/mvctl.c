/* SPDX-License-Identifier: Apache-2.0 */
#include "mvctl.h"
#include "jsonout.h"
#include <mvmp/bytes.h>
#include <mvmp/clean_text.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void no_memory(void)
{
	fprintf(stderr, "mvctl: out of memory\n");
	exit(MVCTL_EXIT_FAILED);
}

/* Without memory jansson leaves out what found none: half a document is worse than none. */
static void *json_memory(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		no_memory();
	return memory;
}

void mvctl_init(struct mvctl *ctl, const char *program)
{
	/* Keys are in memory: they shall not be in core files. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	json_set_alloc_funcs(json_memory, free);
	memset(ctl, 0, sizeof *ctl);
	ctl->program = program;
	ctl->out = stdout;
	ctl->err = stderr;
	ctl->opt.timeout_s = 5;
	mvctl_set_schema(ctl, "error");
}

void mvctl_clear(struct mvctl *ctl)
{
	json_decref(ctl->items);
	json_decref(ctl->extra);
	json_decref(ctl->errors);
	ctl->items = ctl->extra = ctl->errors = NULL;
}

void mvctl_set_schema(struct mvctl *ctl, const char *noun)
{
	snprintf(ctl->schema, sizeof ctl->schema, "mvctl.%s/1", noun);
}

void mvctl_add_item(struct mvctl *ctl, json_t *item)
{
	if (ctl->opt.format == MVCTL_JSONL) {
		json_object_set_new(item, "type", json_string("item"));
		mvctl_print_line(ctl, item);
		return;
	}
	if (!ctl->items)
		ctl->items = json_array();
	json_array_append_new(ctl->items, item);
}

static json_t *now_text(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return mvctl_json_time((uint64_t)now.tv_sec * MVMP_NS_PER_S + (uint64_t)now.tv_nsec);
}

/* The last line of a stream: what went wrong, if anything. */
static void print_summary(struct mvctl *ctl)
{
	json_t *summary = json_object();

	json_object_set_new(summary, "type", json_string("summary"));
	json_object_set_new(summary, "schema", json_string(ctl->schema));
	json_object_set_new(
		summary, "errors", ctl->errors ? json_incref(ctl->errors) : json_array());
	mvctl_print_line(ctl, summary);
}

/* One document whatever happened, so that a reader need not look at the exit code first. */
void mvctl_print_document(struct mvctl *ctl)
{
	json_t *document;

	if (ctl->opt.format == MVCTL_JSONL && !ctl->summarized)
		print_summary(ctl);
	if (ctl->opt.format != MVCTL_JSON || (!ctl->items && !ctl->errors))
		return;
	document = json_object();
	json_object_set_new(document, "schema", json_string(ctl->schema));
	json_object_set_new(document, "at", now_text());
	if (ctl->extra)
		json_object_update(document, ctl->extra);
	json_object_set_new(document, "items", ctl->items ? json_incref(ctl->items) : json_array());
	json_object_set_new(
		document, "errors", ctl->errors ? json_incref(ctl->errors) : json_array());
	mvctl_json_print(ctl->out, document, false);
	json_decref(document);
}

void mvctl_print_line(struct mvctl *ctl, json_t *object)
{
	mvctl_json_print(ctl->out, object, true);
	fflush(ctl->out);
	json_decref(object);
}

void mvctl_note(struct mvctl *ctl, const char *format, ...)
{
	va_list args;

	if (mvctl_wants_json(ctl))
		return;
	fflush(ctl->out);
	va_start(args, format);
	vfprintf(ctl->err, format, args);
	va_end(args);
	fputc('\n', ctl->err);
}

void *mvctl_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		no_memory();
	return memory;
}

void *mvctl_grow(void *array, size_t count, size_t size)
{
	void *memory = reallocarray(array, count, size);

	if (!memory)
		no_memory();
	return memory;
}

char *mvctl_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		no_memory();
	return copy;
}

char *mvctl_format_text(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		no_memory();
	return text;
}

char *mvctl_clean(char *text)
{
	size_t len = strlen(text);

	if (len) /* an empty text of a message is a constant */
		mvmp_clean_text(text, len + 1, text, len);
	return text;
}
