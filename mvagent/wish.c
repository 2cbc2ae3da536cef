/* SPDX-License-Identifier: Apache-2.0 */
#include "wish.h"
#include <errno.h>
#include <jansson.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 4 << 20, CPUS_TEXT = 4096 };

static const char file[] = "wishes.json", fresh[] = "wishes.json.new";

static bool same_object(const struct mva_wish *w, const uint8_t *uuid, uint32_t vcpu, bool emulator)
{
	return memcmp(w->uuid, uuid, MVMP_ID_LEN) == 0 && w->emulator == emulator &&
	       (emulator || w->vcpu == vcpu);
}

static struct mva_wish *slot_for(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	for (unsigned i = 0; i < wishes->count; i++) {
		if (same_object(&wishes->at[i], wish->uuid, wish->vcpu, wish->emulator))
			return &wishes->at[i];
	}
	if (wishes->count == MVA_WISHES_MAX)
		return NULL;
	if (wishes->count == wishes->capacity) {
		unsigned capacity = wishes->capacity ? wishes->capacity * 2 : 16;
		struct mva_wish *at = realloc(wishes->at, capacity * sizeof *at);

		if (!at)
			return NULL;
		wishes->at = at;
		wishes->capacity = capacity;
	}
	return &wishes->at[wishes->count++];
}

uint64_t mva_wishes_keep(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	struct mva_wish *slot = slot_for(wishes, wish);

	if (!slot)
		return 0;
	*slot = *wish;
	slot->number = ++wishes->next;
	wishes->changes++;
	return slot->number;
}

void mva_wishes_forget(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN],
	uint32_t vcpu, bool emulator)
{
	for (unsigned i = 0; i < wishes->count; i++) {
		if (!same_object(&wishes->at[i], uuid, vcpu, emulator))
			continue;
		wishes->count--;
		memmove(&wishes->at[i], &wishes->at[i + 1],
			(wishes->count - i) * sizeof *wishes->at);
		wishes->changes++;
		return;
	}
}

char *mva_wish_object(char *to, size_t size, const struct mva_wish *wish)
{
	if (wish->emulator)
		snprintf(to, size, "%s emulator pin", wish->name);
	else
		snprintf(to, size, "%s vCPU %u pin", wish->name, wish->vcpu);
	return to;
}

static json_t *to_json(const struct mva_wish *w)
{
	char uuid[37], cpus[CPUS_TEXT];

	return json_pack("{sI ss ss si sb ss ss sI sI}", "number", (json_int_t)w->number, "domain",
		mvmp_uuid_text(uuid, w->uuid), "name", w->name, "vcpu", (int)w->vcpu, "emulator",
		(int)w->emulator, "cpus", mva_cpuset_text(cpus, sizeof cpus, &w->cpus), "who",
		w->who, "serial", (json_int_t)w->serial, "wall_ns", (json_int_t)w->wall_ns);
}

static int from_json(struct mva_wish *w, json_t *json)
{
	const char *uuid, *name, *cpus, *who;
	json_int_t number, serial, wall_ns;
	int vcpu, emulator;

	if (json_unpack(json, "{sI ss ss si sb ss ss sI sI}", "number", &number, "domain", &uuid,
		    "name", &name, "vcpu", &vcpu, "emulator", &emulator, "cpus", &cpus, "who", &who,
		    "serial", &serial, "wall_ns", &wall_ns))
		return -EINVAL;
	*w = (struct mva_wish){.number = (uint64_t)number,
		.vcpu = (uint32_t)vcpu,
		.emulator = emulator,
		.serial = (uint64_t)serial,
		.wall_ns = (uint64_t)wall_ns};
	snprintf(w->name, sizeof w->name, "%s", name);
	snprintf(w->who, sizeof w->who, "%s", who);
	if (mvmp_uuid_parse(w->uuid, uuid) || mva_cpuset_parse(&w->cpus, cpus, NULL))
		return -EINVAL;
	return 0;
}

static int take_all(struct mva_wishes *wishes, json_t *json)
{
	json_t *list = json_object_get(json, "wishes");
	struct mva_wish wish, *slot;
	uint64_t next = (uint64_t)json_integer_value(json_object_get(json, "next"));

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (from_json(&wish, json_array_get(list, i)))
			return -EINVAL;
		slot = slot_for(wishes, &wish);
		if (!slot)
			return -ENOMEM;
		*slot = wish;
	}
	wishes->next = next;
	return json_is_array(list) ? 0 : -EINVAL;
}

int mva_wishes_load(struct mva_wishes *wishes, struct mva_disk *disk, struct mvmp_error *err)
{
	char *text = malloc(FILE_MAX);
	json_t *json;
	ssize_t len;
	int rc;

	*wishes = (struct mva_wishes){0};
	if (!text)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	len = disk->ops->read(disk, file, 0, text, FILE_MAX);
	if (len < 0) {
		free(text);
		return len == -ENOENT ? 0
				      : mvmp_fail(err, MVMP_IO, "cannot read %s: %s", file,
						strerror((int)-len));
	}
	json = json_loadb(text, (size_t)len, 0, NULL);
	free(text);
	rc = json ? take_all(wishes, json) : -EINVAL;
	json_decref(json);
	return rc ? mvmp_fail(err, MVMP_INVALID, "%s is damaged", file) : 0;
}

void mva_wishes_clear(struct mva_wishes *wishes)
{
	free(wishes->at);
	*wishes = (struct mva_wishes){0};
}

bool mva_wishes_dirty(const struct mva_wishes *wishes)
{
	return wishes->changes > wishes->saved;
}

void mva_wishes_save(struct mva_wishes *wishes, struct mva_batch *batch)
{
	json_t *list, *json;
	char *text;

	if (!mva_wishes_dirty(wishes) || wishes->saving)
		return;
	list = json_array();
	for (unsigned i = 0; i < wishes->count; i++)
		json_array_append_new(list, to_json(&wishes->at[i]));
	json = json_pack("{sI so}", "next", (json_int_t)wishes->next, "wishes", list);
	text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (!text) {
		batch->failed = -ENOMEM;
		return;
	}
	wishes->saving = wishes->changes;
	mva_batch_add(batch, MVA_STEP_REMOVE, fresh);
	mva_batch_append(batch, fresh, text, strlen(text));
	mva_batch_add(batch, MVA_STEP_SYNC, fresh);
	mva_batch_rename(batch, fresh, file);
	mva_batch_add(batch, MVA_STEP_SYNC_NAMES, "");
	free(text);
}

void mva_wishes_saved(struct mva_wishes *wishes, int rc)
{
	if (wishes->saving && !rc)
		wishes->saved = wishes->saving;
	wishes->saving = 0;
}
