/* SPDX-License-Identifier: Apache-2.0 */
#include "jsontext.h"
#include "wish_private.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* LOG_MIN: the log is folded into the file when it is larger than both. */
enum { FILE_MAX = 16 << 20, CPUS_TEXT = 4096, LOG_MIN = 256 * 1024, PENDING_MAX = 1 << 20 };

static const char file[] = "wishes.json", fresh[] = "wishes.json.new", changes[] = "wishes.log";

static json_t *to_json(const struct mva_wish *w)
{
	char uuid[37], cpus[CPUS_TEXT];

	return json_pack("{sI ss ss si sb ss ss sI sI}", "number", (json_int_t)w->number, "domain",
		mvmp_uuid_text(uuid, w->uuid), "name", w->name, "vcpu", (int)w->vcpu, "emulator",
		(int)w->emulator, "cpus", mva_cpuset_text(cpus, sizeof cpus, &w->cpus), "who",
		w->who, "serial", (json_int_t)w->serial, "wall_ns", (json_int_t)w->wall_ns);
}

/* What stands under a name; where it is not there or of another type, *good becomes false. Not by
 * json_unpack(), which needs memory and takes a want of it for a damaged file. */
static const char *text_of(const json_t *json, const char *name, bool *good)
{
	const char *text = json_string_value(json_object_get(json, name));

	*good &= text != NULL;
	return text ? text : "";
}

static json_int_t number_of(const json_t *json, const char *name, bool *good)
{
	const json_t *value = json_object_get(json, name);

	*good &= json_is_integer(value);
	return json_integer_value(value);
}

static bool flag_of(const json_t *json, const char *name, bool *good)
{
	const json_t *value = json_object_get(json, name);

	*good &= json_is_boolean(value);
	return json_is_true(value);
}

static int from_json(struct mva_wish *w, const json_t *json)
{
	bool good = true;

	*w = (struct mva_wish){.number = (uint64_t)number_of(json, "number", &good),
		.vcpu = (uint32_t)number_of(json, "vcpu", &good),
		.emulator = flag_of(json, "emulator", &good),
		.serial = (uint64_t)number_of(json, "serial", &good),
		.wall_ns = (uint64_t)number_of(json, "wall_ns", &good)};
	snprintf(w->name, sizeof w->name, "%s", text_of(json, "name", &good));
	snprintf(w->who, sizeof w->who, "%s", text_of(json, "who", &good));
	if (mvmp_uuid_parse(w->uuid, text_of(json, "domain", &good)) ||
		mva_cpuset_parse(&w->cpus, text_of(json, "cpus", &good), NULL) || !good)
		return -EINVAL;
	return 0;
}

/* ---- changes ---- */

/* What cannot be noted as a line is saved by writing the whole file. */
static void note(struct mva_wishes *wishes, json_t *json)
{
	char *line = json ? mva_json_text(json, JSON_COMPACT) : NULL;
	size_t len = line ? strlen(line) + 1 : 0;
	char *grown = NULL;

	json_decref(json);
	if (line && wishes->used + len <= PENDING_MAX)
		grown = wishes->used + len <= wishes->size
				? wishes->pending
				: realloc(wishes->pending, (wishes->used + len) * 2);
	if (!grown) {
		wishes->rewrite = true;
		free(line);
		return;
	}
	if (wishes->used + len > wishes->size)
		wishes->size = (wishes->used + len) * 2;
	wishes->pending = grown;
	memcpy(wishes->pending + wishes->used, line, len - 1);
	wishes->pending[wishes->used + len - 1] = '\n';
	wishes->used += len;
	free(line);
}

void wish_log_kept(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	note(wishes, to_json(wish));
}

void wish_log_forgotten(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN],
	uint32_t vcpu, bool emulator)
{
	char text[37];

	note(wishes, json_pack("{ss si sb sb}", "domain", mvmp_uuid_text(text, uuid), "vcpu",
			     (int)vcpu, "emulator", (int)emulator, "forgotten", 1));
}

/* ---- loading ---- */

static int put(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	struct mva_wish *slot = wish_slot(wishes, wish);

	if (!slot)
		return -ENOMEM;
	*slot = *wish;
	if (wish->number > wishes->next)
		wishes->next = wish->number;
	return 0;
}

/* The right wishes of a file; -EINVAL when some are not. */
static int take_file(struct mva_wishes *wishes, const char *text, size_t len)
{
	json_t *json, *list;
	int rc = mva_json_parse(text, len, &json);
	struct mva_wish wish;

	list = json_object_get(json, "wishes");
	if (json && !json_is_array(list))
		rc = -EINVAL;

	wishes->next = (uint64_t)json_integer_value(json_object_get(json, "next"));
	for (size_t i = 0; i < json_array_size(list) && rc != -ENOMEM; i++)
		rc = from_json(&wish, json_array_get(list, i)) ? -EINVAL
		     : put(wishes, &wish)		       ? -ENOMEM
							       : rc;
	json_decref(json);
	return rc;
}

static int take_forgotten(struct mva_wishes *wishes, const json_t *json)
{
	bool good = true, emulator = flag_of(json, "emulator", &good);
	json_int_t vcpu = number_of(json, "vcpu", &good);
	uint8_t uuid[MVMP_ID_LEN];

	if (mvmp_uuid_parse(uuid, text_of(json, "domain", &good)) || !good)
		return -EINVAL;
	wish_remove(wishes, uuid, (uint32_t)vcpu, emulator);
	return 0;
}

static int take_line(struct mva_wishes *wishes, const char *line, size_t len)
{
	json_t *json;
	int rc = mva_json_parse(line, len, &json);
	struct mva_wish wish;

	if (json_is_true(json_object_get(json, "forgotten")))
		rc = take_forgotten(wishes, json);
	else if (json)
		rc = from_json(&wish, json) ? -EINVAL : put(wishes, &wish);
	json_decref(json);
	return rc;
}

/* The right lines of the log. What a power cut tore off at its end was never promised; it is cut
 * off before the next change. */
static int take_changes(struct mva_wishes *wishes, const char *text, size_t len)
{
	const char *at = text, *end = text + len, *newline;
	int rc = 0;

	while (at < end && rc != -ENOMEM && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		int err = take_line(wishes, at, (size_t)(newline - at));

		rc = err ? err : rc;
		at = newline + 1;
	}
	wishes->log_bytes = (size_t)(at - text);
	wishes->unsure = at < end;
	return rc;
}

/* Damaged bytes are put aside by the next save, which then writes what was right anew. */
static void keep_evidence(
	struct mva_wishes *wishes, unsigned n, const char *name, char *bytes, size_t len)
{
	wishes->evidence[n].bytes = bytes;
	wishes->evidence[n].len = len;
	wishes->rewrite = true;
	snprintf(wishes->damage, sizeof wishes->damage,
		"%s is damaged, it is kept as %s.damaged; %u wishes could be read, others are "
		"gone: see show drift",
		name, name, wishes->count);
}

static int load(
	struct mva_wishes *wishes, struct mva_disk *disk, unsigned n, struct mvmp_error *err)
{
	const char *name = n ? changes : file;
	char *text = malloc(FILE_MAX);
	ssize_t len = text ? disk->ops->read(disk, name, 0, text, FILE_MAX) : -ENOMEM;
	int rc;

	if (len < 0) {
		free(text);
		return len == -ENOENT ? 0
				      : mvmp_fail(err, MVMP_IO, "cannot read %s: %s", name,
						strerror((int)-len));
	}
	rc = n ? take_changes(wishes, text, (size_t)len) : take_file(wishes, text, (size_t)len);
	if (!n)
		wishes->file_bytes = (size_t)len;
	if (rc == -EINVAL)
		keep_evidence(wishes, n, name, text, (size_t)len);
	else
		free(text);
	return rc == -ENOMEM ? mvmp_fail(err, MVMP_NO_MEMORY, "out of memory for %s", name) : 0;
}

int mva_wishes_load(struct mva_wishes *wishes, struct mva_disk *disk, struct mvmp_error *err)
{
	int rc;

	*wishes = (struct mva_wishes){0};
	rc = load(wishes, disk, 0, err);
	return rc ? rc : load(wishes, disk, 1, err);
}

const char *mva_wishes_damage(const struct mva_wishes *wishes)
{
	return wishes->damage[0] ? wishes->damage : NULL;
}

/* ---- saving ---- */

bool mva_wishes_dirty(const struct mva_wishes *wishes)
{
	return wishes->used || wishes->rewrite;
}

static void save_evidence(struct mva_wishes *wishes, struct mva_batch *batch)
{
	char name[MVA_FILE_NAME_MAX];

	for (unsigned n = 0; n < 2; n++) {
		if (!wishes->evidence[n].bytes)
			continue;
		snprintf(name, sizeof name, "%s.damaged", n ? changes : file);
		mva_batch_add(batch, MVA_STEP_REMOVE, name);
		mva_batch_append(batch, name, wishes->evidence[n].bytes, wishes->evidence[n].len);
		mva_batch_add(batch, MVA_STEP_SYNC, name);
	}
}

/* A log that outlives its folding is no harm: its changes, made again, end as they ended. */
static void save_whole(struct mva_wishes *wishes, struct mva_batch *batch)
{
	json_t *list = json_array(), *json;
	int rc = list ? 0 : -ENOMEM;
	char *text;

	/* A wish that found no memory here would be gone for good. */
	for (unsigned i = 0; i < wishes->count && !rc; i++)
		rc = json_array_append_new(list, to_json(&wishes->at[i]));
	json = json_pack("{sI so}", "next", (json_int_t)wishes->next, "wishes", list);
	text = json && !rc ? mva_json_text(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (!text) {
		batch->failed = -ENOMEM;
		return;
	}
	wishes->whole_bytes = strlen(text);
	save_evidence(wishes, batch);
	mva_batch_add(batch, MVA_STEP_REMOVE, fresh);
	mva_batch_append(batch, fresh, text, wishes->whole_bytes);
	mva_batch_add(batch, MVA_STEP_SYNC, fresh);
	mva_batch_rename(batch, fresh, file);
	mva_batch_add(batch, MVA_STEP_REMOVE, changes);
	mva_batch_add(batch, MVA_STEP_SYNC_NAMES, "");
	free(text);
}

static void save_changes(const struct mva_wishes *wishes, struct mva_batch *batch)
{
	if (wishes->unsure)
		mva_batch_truncate(batch, changes, wishes->log_bytes);
	mva_batch_append(batch, changes, wishes->pending, wishes->used);
	mva_batch_add(batch, MVA_STEP_SYNC, changes);
	if (!wishes->log_bytes)
		mva_batch_add(batch, MVA_STEP_SYNC_NAMES, "");
}

void mva_wishes_save(struct mva_wishes *wishes, struct mva_batch *batch)
{
	size_t log = wishes->log_bytes + wishes->used;

	if (!mva_wishes_dirty(wishes) || wishes->saving)
		return;
	wishes->saving = true;
	wishes->in_flight = wishes->used;
	wishes->whole = wishes->rewrite || (log > LOG_MIN && log > wishes->file_bytes);
	wishes->rewrite = false;
	if (wishes->whole)
		save_whole(wishes, batch);
	else
		save_changes(wishes, batch);
}

static void forget_evidence(struct mva_wishes *wishes)
{
	for (unsigned n = 0; n < 2; n++) {
		free(wishes->evidence[n].bytes);
		wishes->evidence[n].bytes = NULL;
	}
}

void mva_wishes_saved(struct mva_wishes *wishes, int rc)
{
	if (!wishes->saving)
		return;
	wishes->saving = false;
	if (rc) {
		wishes->rewrite |= wishes->whole; /* nobody knows how far it came */
		wishes->unsure = true;
		return;
	}
	if (wishes->whole) {
		wishes->file_bytes = wishes->whole_bytes;
		wishes->log_bytes = 0;
		forget_evidence(wishes);
	} else {
		wishes->log_bytes += wishes->in_flight;
	}
	wishes->unsure = false;
	wishes->used -= wishes->in_flight;
	if (wishes->used)
		memmove(wishes->pending, wishes->pending + wishes->in_flight, wishes->used);
}
