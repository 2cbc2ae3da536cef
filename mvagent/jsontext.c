/* SPDX-License-Identifier: Apache-2.0 */
#include "jsontext.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Without memory jansson tells of an invalid token, loses a character and says nothing, or ends
 * the program by an assertion. So it is fed a few bytes at a time; when memory runs out it gets
 * what those bytes need from a reserve, then the end of the text, and the outcome is thrown away.
 * Only the thread of the loop parses.
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

int mva_json_parse(const char *text, size_t len, json_t **ret)
{
	struct feed from = {text, len};

	starved = false;
	reserve_used = 0;
	json_get_alloc_funcs(&given_malloc, &given_free);
	json_set_alloc_funcs(take, release);
	*ret = json_load_callback(feed, &from, 0, NULL);
	if (starved) {
		json_decref(*ret);
		*ret = NULL;
	}
	json_set_alloc_funcs(given_malloc, given_free);
	return *ret ? 0 : starved ? -ENOMEM : -EINVAL;
}
