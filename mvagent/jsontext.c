/* SPDX-License-Identifier: Apache-2.0 */
#include "jsontext.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Without memory jansson, reading or writing, loses a character and says nothing, tells of an
 * invalid token, or ends the program by an assertion. So its lack is noted where it happens, and
 * the outcome thrown away. It reads a few bytes at a time; when memory runs out it gets what those
 * bytes need from a reserve, then the end of the text. Only the thread of the loop comes here.
 */
enum { FEED = 64, RESERVE = 64 * 1024 };

static json_malloc_t given_malloc;
static json_free_t given_free;
static _Alignas(16) uint8_t reserve[RESERVE];
static size_t reserve_used;
static bool starved;

static void *take(size_t size)
{
	void *memory = starved ? NULL : given_malloc(size);
	size_t rounded = (size + 15) & ~(size_t)15;

	if (memory)
		return memory;
	starved = true;
	if (rounded < size || rounded > RESERVE - reserve_used)
		return NULL;
	memory = reserve + reserve_used;
	reserve_used += rounded;
	return memory;
}

static void release(void *memory)
{
	if ((uintptr_t)memory - (uintptr_t)reserve >= RESERVE)
		given_free(memory);
}

struct feed {
	const char *at;
	size_t left;
};

static size_t feed(void *to, size_t room, void *ctx)
{
	struct feed *from = ctx;
	size_t len = from->left < FEED ? from->left : FEED;

	if (starved)
		return 0;
	len = len < room ? len : room;
	memcpy(to, from->at, len);
	from->at += len;
	from->left -= len;
	return len;
}

static void begin(void)
{
	starved = false;
	reserve_used = 0;
	json_get_alloc_funcs(&given_malloc, &given_free);
	json_set_alloc_funcs(take, release);
}

int mva_json_parse(const char *text, size_t len, json_t **ret)
{
	struct feed from = {text, len};

	begin();
	*ret = json_load_callback(feed, &from, 0, NULL);
	if (starved) {
		json_decref(*ret);
		*ret = NULL;
	}
	json_set_alloc_funcs(given_malloc, given_free);
	return *ret ? 0 : starved ? -ENOMEM : -EINVAL;
}

char *mva_json_text(const json_t *json, size_t flags)
{
	char *text;

	begin();
	text = json_dumps(json, flags);
	json_set_alloc_funcs(given_malloc, given_free);
	if (starved && text) {
		release(text);
		text = NULL;
	}
	return text;
}
