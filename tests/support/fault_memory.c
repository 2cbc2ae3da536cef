/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_private.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What is held, by address; a place is free when `at` is NULL. */
enum { PLACES = 1 << 17 };

struct held {
	void *at, *caller;
	size_t size;
	unsigned watch;
};

static struct held held[PLACES];
static unsigned holding, watch_number, allocations;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);

static uint32_t start_of(const void *at)
{
	return (uint32_t)((uintptr_t)at * 0x9e3779b97f4a7c15ull >> 40) % PLACES;
}

static void hold(void *at, size_t size, void *caller)
{
	uint32_t i = start_of(at);

	pthread_mutex_lock(&lock);
	if (holding < PLACES / 2) { /* else it is not watched */
		while (held[i].at && held[i].at != at)
			i = (i + 1) % PLACES;
		holding += !held[i].at;
		held[i] = (struct held){at, caller, size, watch_number};
	}
	pthread_mutex_unlock(&lock);
}

/* Empties a place and moves back what was put behind it for want of it. */
static void empty(uint32_t hole)
{
	for (uint32_t i = (hole + 1) % PLACES; held[i].at; i = (i + 1) % PLACES) {
		uint32_t start = start_of(held[i].at);

		if ((i - start) % PLACES < (i - hole) % PLACES)
			continue;
		held[hole] = held[i];
		hole = i;
	}
	held[hole].at = NULL;
	holding--;
}

static void let_go(void *at)
{
	uint32_t i = start_of(at);

	pthread_mutex_lock(&lock);
	while (held[i].at && held[i].at != at)
		i = (i + 1) % PLACES;
	if (held[i].at)
		empty(i);
	pthread_mutex_unlock(&lock);
}

void fault_watch(void)
{
	watch_number++;
}

unsigned fault_leaked(void)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < PLACES; i++) {
		if (!held[i].at || held[i].watch != watch_number)
			continue;
		if (!count++)
			fprintf(stderr, "not freed: %zu bytes of %s\n", held[i].size,
				fault_symbol(held[i].caller));
	}
	return count;
}

unsigned fault_allocations(void)
{
	return allocations;
}

static bool fails(void *caller)
{
	allocations++;
	if (!fault_here(FAULT_MEMORY, caller))
		return false;
	errno = ENOMEM;
	return true;
}

static void *given(void *memory, size_t size, void *caller)
{
	if (memory)
		hold(memory, size, caller);
	return memory;
}

void *fault_malloc_for(size_t size, void *caller)
{
	return fails(caller) ? NULL : given(__real_malloc(size), size, caller);
}

WRAPPED(void *, malloc, size_t size)
{
	return fault_malloc_for(size, __builtin_return_address(0));
}

WRAPPED(void *, calloc, size_t count, size_t size)
{
	void *caller = __builtin_return_address(0);

	return fails(caller) ? NULL : given(__real_calloc(count, size), count * size, caller);
}

static void *resize(void *old, size_t size, void *caller)
{
	void *memory;

	if (fails(caller))
		return NULL;
	memory = __real_realloc(old, size);
	if (memory && old)
		let_go(old);
	return given(memory, size, caller);
}

WRAPPED(void *, realloc, void *old, size_t size)
{
	return resize(old, size, __builtin_return_address(0));
}

WRAPPED(void *, reallocarray, void *old, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(old, count * size, __builtin_return_address(0));
}

WRAPPED(void, free, void *memory)
{
	if (memory)
		let_go(memory);
	__real_free(memory);
}

static char *copy(const char *text, size_t len, void *caller)
{
	char *to = fault_malloc_for(len + 1, caller);

	if (!to)
		return NULL;
	memcpy(to, text, len);
	to[len] = '\0';
	return to;
}

WRAPPED(char *, strdup, const char *text)
{
	return copy(text, strlen(text), __builtin_return_address(0));
}

WRAPPED(char *, strndup, const char *text, size_t max)
{
	return copy(text, strnlen(text, max), __builtin_return_address(0));
}

__attribute__((format(printf, 2, 0))) static int print(
	char **to, const char *format, va_list args, void *caller)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*to = len < 0 ? NULL : fault_malloc_for((size_t)len + 1, caller);
	return *to ? vsnprintf(*to, (size_t)len + 1, format, args) : -1;
}

int __wrap_vasprintf(char **to, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_vasprintf(char **to, const char *format, va_list args)
{
	return print(to, format, args, __builtin_return_address(0));
}

int __wrap_asprintf(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **to, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = print(to, format, args, __builtin_return_address(0));
	va_end(args);
	return len;
}

/* Its bytes are libc's: they are freed, but not watched. */
WRAPPED(FILE *, open_memstream, char **bytes, size_t *size)
{
	return fails(__builtin_return_address(0)) ? NULL : __real_open_memstream(bytes, size);
}

void *fault_malloc(size_t size)
{
	return fault_malloc_for(size, __builtin_return_address(0));
}

void fault_free(void *memory)
{
	__wrap_free(memory);
}
