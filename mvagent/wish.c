/* SPDX-License-Identifier: Apache-2.0 */
#include "wish.h"
#include "wish_private.h"
#include <errno.h>
#include <mvmp/clean_text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_object(const struct mva_wish *w, const uint8_t *uuid, uint32_t vcpu, bool emulator)
{
	return memcmp(w->uuid, uuid, MVMP_ID_LEN) == 0 && w->emulator == emulator &&
	       (emulator || w->vcpu == vcpu);
}

int mva_wishes_reserve(struct mva_wishes *wishes, unsigned more)
{
	unsigned capacity = wishes->capacity ? wishes->capacity : 16;
	struct mva_wish *at;

	while (capacity < wishes->count + more)
		capacity *= 2;
	if (capacity == wishes->capacity)
		return 0;
	at = realloc(wishes->at, capacity * sizeof *at);
	if (!at)
		return -ENOMEM;
	wishes->at = at;
	wishes->capacity = capacity;
	return 0;
}

struct mva_wish *wish_slot(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	for (unsigned i = 0; i < wishes->count; i++) {
		if (same_object(&wishes->at[i], wish->uuid, wish->vcpu, wish->emulator))
			return &wishes->at[i];
	}
	if (wishes->count == MVA_WISHES_MAX)
		return NULL;
	if (mva_wishes_reserve(wishes, 1))
		return NULL;
	return &wishes->at[wishes->count++];
}

uint64_t mva_wishes_keep(struct mva_wishes *wishes, const struct mva_wish *wish)
{
	struct mva_wish *slot = wish_slot(wishes, wish);

	if (!slot)
		return 0;
	*slot = *wish;
	mvmp_clean_text(slot->name, sizeof slot->name, wish->name, strlen(wish->name));
	slot->number = ++wishes->next;
	wish_log_kept(wishes, slot);
	return slot->number;
}

bool wish_remove(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN], uint32_t vcpu,
	bool emulator)
{
	for (unsigned i = 0; i < wishes->count; i++) {
		if (!same_object(&wishes->at[i], uuid, vcpu, emulator))
			continue;
		wishes->count--;
		memmove(&wishes->at[i], &wishes->at[i + 1],
			(wishes->count - i) * sizeof *wishes->at);
		return true;
	}
	return false;
}

void mva_wishes_forget(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN],
	uint32_t vcpu, bool emulator)
{
	if (wish_remove(wishes, uuid, vcpu, emulator))
		wish_log_forgotten(wishes, uuid, vcpu, emulator);
}

char *mva_wish_object(char *to, size_t size, const struct mva_wish *wish)
{
	if (wish->emulator)
		snprintf(to, size, "%s emulator pin", wish->name);
	else
		snprintf(to, size, "%s vCPU %u pin", wish->name, wish->vcpu);
	return to;
}

void mva_wishes_clear(struct mva_wishes *wishes)
{
	free(wishes->at);
	free(wishes->pending);
	for (unsigned i = 0; i < 2; i++)
		free(wishes->evidence[i].bytes);
	*wishes = (struct mva_wishes){0};
}
