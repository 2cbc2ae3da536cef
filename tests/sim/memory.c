/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"
#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 1 << 12 };

/* A block by its address; open addressing, at most half full. */
struct block {
	uintptr_t at; /* 0: free, 1: was used */
	size_t len;
	unsigned owner;
};

static struct {
	struct block *block;
	size_t slots, used; /* used: with those that were */
	unsigned owner;
	size_t held[SIM_OWNERS_MAX], peak[SIM_OWNERS_MAX];
} memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
ProtobufCMessage *__real_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
	ProtobufCAllocator *own, size_t len, const uint8_t *bytes);
void __real_protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *own);
ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
	ProtobufCAllocator *own, size_t len, const uint8_t *bytes);
void __wrap_protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *own);

static size_t hash(uintptr_t at)
{
	uint64_t h = (uint64_t)at * 0x9e3779b97f4a7c15ull;

	return (size_t)(h >> 20);
}

static struct block *find(uintptr_t at)
{
	for (size_t i = hash(at); memory.slots; i++) {
		struct block *b = &memory.block[i & (memory.slots - 1)];

		if (b->at == at)
			return b;
		if (!b->at)
			return NULL;
	}
	return NULL;
}

static void place(const struct block *block)
{
	size_t i = hash(block->at);

	while (memory.block[i & (memory.slots - 1)].at > 1)
		i++;
	memory.used += memory.block[i & (memory.slots - 1)].at == 0;
	memory.block[i & (memory.slots - 1)] = *block;
}

static void grow(void)
{
	struct block *old = memory.block;
	size_t slots = memory.slots, live = 0;

	for (size_t i = 0; i < slots; i++)
		live += old[i].at > 1;
	memory.slots = SLOTS_FIRST;
	while (memory.slots < 4 * live)
		memory.slots *= 2;
	memory.block = __real_calloc(memory.slots, sizeof *memory.block);
	if (!memory.block)
		abort();
	memory.used = 0;
	for (size_t i = 0; i < slots; i++) {
		if (old[i].at > 1)
			place(&old[i]);
	}
	__real_free(old);
}

/* The test's own memory is not kept in the table. */
static void note(void *at, size_t len)
{
	unsigned owner = memory.owner;

	if (!at || !owner)
		return;
	if (2 * (memory.used + 1) > memory.slots)
		grow();
	place(&(struct block){(uintptr_t)at, len, owner});
	memory.held[owner] += len;
	if (memory.held[owner] > memory.peak[owner])
		memory.peak[owner] = memory.held[owner];
}

static void forget(void *at)
{
	struct block *b = at ? find((uintptr_t)at) : NULL;

	if (!b)
		return;
	memory.held[b->owner] -= b->len;
	b->at = 1;
}

void *__wrap_malloc(size_t size)
{
	void *at = __real_malloc(size);

	note(at, size);
	return at;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *at = __real_calloc(count, size);

	note(at, count * size);
	return at;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *at;

	forget(old);
	at = __real_realloc(old, size);
	note(at, size);
	return at;
}

void __wrap_free(void *old)
{
	forget(old);
	__real_free(old);
}

/* Messages that protobuf-c unpacks are the programs' memory, too. */

static void *message_alloc(void *ctx, size_t size)
{
	return __wrap_malloc(size);
}

static void message_free(void *ctx, void *at)
{
	__wrap_free(at);
}

static ProtobufCAllocator allocator = {.alloc = message_alloc, .free = message_free};

ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
	ProtobufCAllocator *own, size_t len, const uint8_t *bytes)
{
	return __real_protobuf_c_message_unpack(descriptor, own ? own : &allocator, len, bytes);
}

void __wrap_protobuf_c_message_free_unpacked(ProtobufCMessage *message, ProtobufCAllocator *own)
{
	__real_protobuf_c_message_free_unpacked(message, own ? own : &allocator);
}

unsigned sim_memory_enter(unsigned owner)
{
	unsigned was = memory.owner;

	memory.owner = owner < SIM_OWNERS_MAX ? owner : 0;
	return was;
}

size_t sim_memory_held(unsigned owner)
{
	return memory.held[owner];
}

size_t sim_memory_peak(unsigned owner)
{
	return memory.peak[owner];
}

void sim_memory_reset(void)
{
	memcpy(memory.peak, memory.held, sizeof memory.peak);
}
