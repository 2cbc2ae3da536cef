/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_WIRE_H
#define MVA_WIRE_H

/*
 * The messages between the protocol process and the helper, on two seqpacket socket pairs: one
 * for questions that are answered at once, one for tasks. Each message begins with a u32: what
 * it is. The helper reads every byte as if a stranger had sent it.
 *
 * On the first pair, question and answer in turn; each begins with what it is and a u32, the
 * question's number, so that an answer that comes too late is nobody else's:
 *   OPEN           u32 source, 32 bytes name, u32 number, u32 perf type, u64 perf config
 *   READ_PID_IO    u32 pid
 *   KEEP           u32 part of the identity (enum mvmp_part), bytes: what was handed over
 *   READY          (nothing): the protocol process serves
 *   WATCH          interface name: restart the protocol process when it is there (again)
 *   ANSWER         i32 length or -errno, error (below), bytes; OPEN: with a descriptor
 * On the second pair:
 *   START          u64 id, u32 task, u32 deadline ms, bytes: the request
 *   CANCEL         u64 id
 *   DONE           u64 id, error, u32 length, bytes; longer answers in a memory file that
 *                  comes along
 * error: u32 status, u16 length and text, u16 length and hint
 */

#include "../privops.h"
#include <mvmp/bytes.h>
#include <sys/types.h>

enum mva_wire_kind {
	MVA_WIRE_OPEN = 1,
	MVA_WIRE_READ_PID_IO,
	MVA_WIRE_KEEP,
	MVA_WIRE_READY,
	MVA_WIRE_WATCH,
	MVA_WIRE_ANSWER,
	MVA_WIRE_START,
	MVA_WIRE_CANCEL,
	MVA_WIRE_DONE,
};

enum {
	MVA_WIRE_MAX = 128 * 1024,
	MVA_WIRE_INLINE_MAX = 8 * 1024, /* longer answers of tasks travel in a memory file */
	MVA_NAME_LEN = 32,
};

void mva_wire_put_error(struct mvmp_writer *w, const struct mvmp_error *err);
void mva_wire_get_error(struct mvmp_reader *r, struct mvmp_error *err);

/* Sends one message, with a descriptor unless fd < 0. 0 or -errno. */
int mva_wire_send(int socket, const void *bytes, size_t len, int fd);
/* Receives one. Length (0: the other side is gone) or -errno; *fd is -1 or a descriptor the
 * caller closes. */
ssize_t mva_wire_receive(int socket, void *bytes, size_t size, int *fd);

#endif
