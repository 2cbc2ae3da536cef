/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"
#include "jsontext.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/clean_text.h>
#include <stdlib.h>
#include <string.h>

enum { PENDING_MAX = 256 * 1024, TEXT_MAX = 512 };

static const char current[] = "audit.log", older[] = "audit.log.1";

struct mva_audit {
	struct mva_disk *disk;
	size_t bytes_max;
	char *pending;
	size_t used, size;
	size_t file; /* bytes of the current file that are sure */
	size_t saving;
	bool rotating, unsure;
	bool torn; /* the file's last line has no end */
	uint64_t minute;
	unsigned refusals, left_out;
	unsigned lost; /* lines for which there was no memory, or no room while the disk failed */
};

static void note_size(void *ctx, const char *name, uint64_t size)
{
	struct mva_audit *audit = ctx;

	if (strcmp(name, current) == 0)
		audit->file = (size_t)size;
}

/* A line that a power cut tore must not swallow the next one. */
static bool is_torn(struct mva_audit *audit)
{
	char last;

	return audit->file &&
	       audit->disk->ops->read(audit->disk, current, audit->file - 1, &last, 1) == 1 &&
	       last != '\n';
}

struct mva_audit *mva_audit_new(struct mva_disk *disk, size_t bytes)
{
	struct mva_audit *audit = calloc(1, sizeof *audit);

	if (!audit)
		return NULL;
	audit->disk = disk;
	audit->bytes_max = bytes ? bytes : MVA_AUDIT_BYTES;
	disk->ops->list(disk, note_size, audit);
	audit->torn = is_torn(audit);
	return audit;
}

void mva_audit_free(struct mva_audit *audit)
{
	if (audit)
		free(audit->pending);
	free(audit);
}

/* Names and sentences may hold what callers and guests wrote. */
static const char *cleaned(char to[static TEXT_MAX], const char *from)
{
	mvmp_clean_text(to, TEXT_MAX, from ? from : "", from ? strlen(from) : 0);
	return to;
}

/* Notes how many lines are missing before this one; NULL (and it is freed) without memory. */
static json_t *with_count(json_t *json, const char *name, unsigned count)
{
	if (!json || !count || !json_object_set_new(json, name, json_integer(count)))
		return json;
	json_decref(json);
	return NULL;
}

/* One line; the caller frees it. NULL without memory. */
static char *line_of(const struct mva_audit *audit, const struct mva_audit_entry *e)
{
	char who[TEXT_MAX], arguments[TEXT_MAX], text[TEXT_MAX];
	char operation[2 * MVMP_ID_LEN + 1] = "";
	json_t *json;
	char *line;

	if (e->operation)
		mvmp_hex(operation, e->operation, MVMP_ID_LEN);
	json = json_pack("{sI ss sI ss ss ss ss ss}", "wall_ns", (json_int_t)e->wall_ns, "who",
		cleaned(who, e->who), "serial", (json_int_t)e->serial, "verb", e->verb, "arguments",
		cleaned(arguments, e->arguments), "result", e->result, "text",
		cleaned(text, e->text), "operation", operation);
	json = with_count(json, "refusals_left_out", audit->left_out);
	json = with_count(json, "lines_lost", audit->lost);
	line = json ? mva_json_text(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return line;
}

static bool put(struct mva_audit *audit, const char *line)
{
	size_t start = audit->torn, len = start + strlen(line) + 1;

	if (audit->used + len > PENDING_MAX)
		return false; /* the disk has been failing for long */
	if (audit->used + len > audit->size) {
		size_t size = (audit->used + len) * 2;
		char *grown = realloc(audit->pending, size);

		if (!grown)
			return false;
		audit->pending = grown;
		audit->size = size;
	}
	audit->pending[audit->used] = '\n'; /* ends the torn line */
	memcpy(audit->pending + audit->used + start, line, len - start - 1);
	audit->pending[audit->used + len - 1] = '\n';
	audit->used += len;
	audit->torn = false;
	return true;
}

void mva_audit_add(struct mva_audit *audit, const struct mva_audit_entry *entry)
{
	char *line = line_of(audit, entry);

	if (line && put(audit, line))
		audit->left_out = audit->lost = 0;
	else
		audit->lost++;
	free(line);
}

void mva_audit_refused(struct mva_audit *audit, const struct mva_audit_entry *entry)
{
	uint64_t minute = entry->wall_ns / (60 * MVMP_NS_PER_S);

	if (minute != audit->minute) {
		audit->minute = minute;
		audit->refusals = 0;
	}
	if (audit->refusals++ < MVA_AUDIT_REFUSALS_PER_MINUTE)
		mva_audit_add(audit, entry);
	else
		audit->left_out++;
}

bool mva_audit_dirty(const struct mva_audit *audit)
{
	return audit->used > 0;
}

void mva_audit_save(struct mva_audit *audit, struct mva_batch *batch)
{
	if (!audit->used || audit->saving)
		return;
	audit->saving = audit->used;
	audit->rotating = audit->file && audit->file + audit->used > audit->bytes_max;
	if (audit->unsure && !audit->rotating)
		mva_batch_truncate(batch, current, audit->file);
	if (audit->rotating)
		mva_batch_rename(batch, current, older);
	mva_batch_append(batch, current, audit->pending, audit->used);
	mva_batch_add(batch, MVA_STEP_SYNC, current);
	if (audit->rotating || !audit->file)
		mva_batch_add(batch, MVA_STEP_SYNC_NAMES, "");
}

void mva_audit_saved(struct mva_audit *audit, int rc)
{
	if (!audit->saving)
		return;
	if (rc) {
		/* The rename may have been done: see what is there. */
		audit->file = audit->rotating ? 0 : audit->file;
		audit->unsure = !audit->rotating;
	} else {
		audit->file = (audit->rotating ? 0 : audit->file) + audit->saving;
		audit->unsure = false;
		audit->used -= audit->saving;
		memmove(audit->pending, audit->pending + audit->saving, audit->used);
	}
	audit->saving = 0;
	audit->rotating = false;
}

/* A file's text, "" where there is none; the caller frees it. 0 or -errno. */
static int read_text(struct mva_audit *audit, const char *name, char **ret)
{
	char *text = malloc(audit->bytes_max + PENDING_MAX + 1);
	ssize_t len = text ? audit->disk->ops->read(
				     audit->disk, name, 0, text, audit->bytes_max + PENDING_MAX)
			   : -ENOMEM;

	if (len < 0 && len != -ENOENT) {
		free(text);
		return (int)len;
	}
	len = len < 0 ? 0 : len;
	text[len] = '\0';
	/* Where a file system kept the length of a write but not its bytes, there are zeros. */
	for (char *zero = text; (zero = memchr(zero, '\0', (size_t)(text + len - zero)));)
		*zero = ' ';
	*ret = text;
	return 0;
}

/* Where the newest `*wanted` lines begin; *wanted becomes how many there are. */
static char *last_lines(char *text, unsigned *wanted)
{
	char *at = text + strlen(text);
	unsigned lines = 0;

	if (at > text && at[-1] == '\n')
		at--;
	for (; at > text; at--) {
		if (at[-1] != '\n')
			continue;
		if (++lines == *wanted)
			return at;
	}
	*wanted = lines + (*text != '\0');
	return at;
}

static const char *string_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static int tell(const char *line, size_t len,
	void (*each)(void *ctx, const struct mva_audit_entry *entry), void *ctx)
{
	uint8_t operation[MVMP_ID_LEN];
	struct mva_audit_entry e;
	json_t *json;
	int rc = mva_json_parse(line, len, &json);

	if (rc)
		return rc == -ENOMEM ? rc : 0;
	e = (struct mva_audit_entry){
		.wall_ns = (uint64_t)json_integer_value(json_object_get(json, "wall_ns")),
		.serial = (uint64_t)json_integer_value(json_object_get(json, "serial")),
		.who = string_of(json, "who"),
		.verb = string_of(json, "verb"),
		.arguments = string_of(json, "arguments"),
		.result = string_of(json, "result"),
		.text = string_of(json, "text"),
	};
	if (!mvmp_unhex(operation, MVMP_ID_LEN, string_of(json, "operation")))
		e.operation = operation;
	each(ctx, &e);
	json_decref(json);
	return 1;
}

static int tell_lines(
	const char *at, void (*each)(void *ctx, const struct mva_audit_entry *entry), void *ctx)
{
	int count = 0, rc = 0;

	while (*at && rc >= 0) {
		size_t len = strcspn(at, "\n");

		rc = tell(at, len, each, ctx);
		count += rc;
		at += len + (at[len] == '\n');
	}
	return rc < 0 ? rc : count;
}

int mva_audit_read(struct mva_audit *audit, unsigned newest,
	void (*each)(void *ctx, const struct mva_audit_entry *entry), void *ctx)
{
	char *now = NULL, *before = NULL;
	unsigned here = newest, there;
	int count = 0, rc = read_text(audit, current, &now);
	const char *at = rc ? "" : last_lines(now, &here);

	there = newest - here;
	if (!rc && there)
		rc = read_text(audit, older, &before);
	if (!rc && before)
		rc = tell_lines(last_lines(before, &there), each, ctx);
	count = rc;
	if (rc >= 0)
		rc = tell_lines(at, each, ctx);
	free(before);
	free(now);
	return rc < 0 ? rc : count + rc;
}
