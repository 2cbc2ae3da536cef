/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that protobuf-c decodes for us come from the memory that may fail. */

#include "fault_private.h"
#include <protobuf-c/protobuf-c.h>

static __thread void *caller;

static void *message_alloc(void *ctx, size_t size)
{
	return fault_malloc_for(size, caller);
}

static void message_free(void *ctx, void *memory)
{
	fault_free(memory);
}

static ProtobufCAllocator memory = {.alloc = message_alloc, .free = message_free};

WRAPPED(ProtobufCMessage *, protobuf_c_message_unpack, const ProtobufCMessageDescriptor *descriptor,
	ProtobufCAllocator *allocator, size_t len, const uint8_t *bytes)
{
	caller = __builtin_return_address(0);
	return __real_protobuf_c_message_unpack(
		descriptor, allocator ? allocator : &memory, len, bytes);
}

WRAPPED(void, protobuf_c_message_free_unpacked, ProtobufCMessage *message,
	ProtobufCAllocator *allocator)
{
	__real_protobuf_c_message_free_unpacked(message, allocator ? allocator : &memory);
}
