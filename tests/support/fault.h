/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

/*
 * Lets the n-th allocation, file operation, socket operation, disk operation or sending of our
 * own code fail. The linker sends the calls of the program and of its static libraries here
 * (--wrap, `fault_link_args` of meson); shared libraries keep theirs, but for what protobuf-c
 * and jansson allocate for us. Memory of ours is watched: fault_leaked() tells what was not
 * freed, with or without a sanitizer.
 */

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
	FAULT_MEMORY = 1 << 0,	/* malloc and its kin, messages, JSON */
	FAULT_CRYPTO = 1 << 1,	/* libcrypto's objects, as without memory */
	FAULT_FILE = 1 << 2,	/* open, write, fsync, rename, ... */
	FAULT_READ = 1 << 3,	/* read, pread, fstat, opendir */
	FAULT_SOCKET = 1 << 4,	/* socket, socketpair, sendmsg, recvmsg, ... */
	FAULT_SEND = 1 << 5,	/* fault_link() */
	FAULT_DISK = 1 << 6,	/* fault_disk() */
	FAULT_PROCESS = 1 << 7, /* fork, posix_spawn, pthread_create */
};

/* From now on the n-th call (from 1) of these kinds fails with `error`, and all after it as well
 * where `stay`. Writes of bytes write half of them first where `halfway`. */
void fault_arm(unsigned kinds, unsigned n, int error, bool stay, bool halfway);

/* Ends it. True when a call failed; fault_place() is the caller of the first that did. */
bool fault_disarm(void);
const char *fault_place(void);

/* Calls by the same thread in between neither count nor fail: what the test itself does. */
void fault_pause(void);
void fault_resume(void);

/* For what else may fail: 0, or the error that this call shall have (positive). */
int fault_here(enum fault_kind kind, void *caller);

/* Forgets what is allocated now; afterwards, what was allocated since and is still held. The
 * first of it is printed. */
void fault_watch(void);
unsigned fault_leaked(void);

/* Allocations so far, whether they failed or not. */
unsigned fault_allocations(void);

/* For json_set_alloc_funcs(). */
void *fault_malloc(size_t size);
void fault_free(void *memory);

#endif
