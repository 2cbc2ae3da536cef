/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"
#include "../linux/source.h"
#include <errno.h>
#include <mvmp/identity.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PID_IO_MAX = 1024 };

/* What a row gives back: a length or -errno, and bytes or a descriptor. */
struct outcome {
	struct mvmp_error error;
	int fd;
	uint8_t bytes[PID_IO_MAX];
	size_t len;
};

static int malformed(struct outcome *out)
{
	mvmp_fail(&out->error, MVMP_INVALID, "malformed question to the helper");
	return -EBADMSG;
}

static int do_open(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out)
{
	struct mva_open what;
	uint32_t source = mvmp_get_u32(r);

	what.source = source;
	mvmp_get_bytes(r, what.name, MVA_NAME_LEN);
	what.number = mvmp_get_u32(r);
	what.perf_type = mvmp_get_u32(r);
	what.perf_config = mvmp_get_u64(r);
	if (r->bad || r->left || source >= MVA_SRC_COUNT || !memchr(what.name, 0, MVA_NAME_LEN))
		return malformed(out);
	out->fd = mva_linux_source_open(&what, env->root, &out->error);
	return out->fd < 0 ? out->fd : 0;
}

static int do_pid_io(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out)
{
	uint32_t pid = mvmp_get_u32(r);
	int len;

	if (r->bad || r->left)
		return malformed(out);
	len = mva_linux_read_pid_io(pid, env->root, (char *)out->bytes, sizeof out->bytes);
	out->len = len > 0 ? (size_t)len : 0;
	return len;
}

/* Takes over only what the directory as it is says is right: mvmp_identity_keep(). */
static int do_keep(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out)
{
	uint32_t part = mvmp_get_u32(r);

	if (r->bad || r->left > MVMP_CLUSTER_MAX || part < MVMP_PART_STATE ||
		part > MVMP_PART_FORMER || !env->identity)
		return malformed(out);
	return mvmp_identity_keep(env->identity, (enum mvmp_part)part, r->at, r->left,
		       (uint64_t)time(NULL), &out->error)
		       ? -EIO
		       : 0;
}

static int do_ready(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out)
{
	if (r->left)
		return malformed(out);
	env->ready(env->ctx);
	return 0;
}

static int do_watch(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out)
{
	char name[IF_NAMESIZE] = "";

	if (!r->left || r->left >= sizeof name || memchr(r->at, 0, r->left) ||
		memchr(r->at, '/', r->left))
		return malformed(out);
	memcpy(name, r->at, r->left);
	env->watch(env->ctx, name);
	return 0;
}

static const struct {
	enum mva_wire_kind kind;
	int (*run)(const struct mva_table_env *env, struct mvmp_reader *r, struct outcome *out);
} table[] = {
	{MVA_WIRE_OPEN, do_open},
	{MVA_WIRE_READ_PID_IO, do_pid_io},
	{MVA_WIRE_KEEP, do_keep},
	{MVA_WIRE_READY, do_ready},
	{MVA_WIRE_WATCH, do_watch},
};

enum { ROWS = sizeof table / sizeof table[0] };

size_t mva_table_do(const struct mva_table_env *env, const uint8_t *question, size_t len,
	uint8_t *answer, size_t size, int *fd)
{
	struct mvmp_reader r = mvmp_reader(question, len);
	struct mvmp_writer w = mvmp_writer(answer, size);
	struct outcome out = {.fd = -1, .error = {.status = MVMP_OK}};
	uint32_t kind = mvmp_get_u32(&r), number = mvmp_get_u32(&r);
	size_t row = 0;
	int rc;

	while (row < ROWS && (r.bad || table[row].kind != kind))
		row++;
	rc = row < ROWS ? table[row].run(env, &r, &out) : malformed(&out);
	mvmp_put_u32(&w, MVA_WIRE_ANSWER);
	mvmp_put_u32(&w, r.bad && row == ROWS ? 0 : number);
	mvmp_put_u32(&w, (uint32_t)rc);
	mva_wire_put_error(&w, &out.error);
	mvmp_put_bytes(&w, out.bytes, out.len);
	*fd = out.fd >= 0 ? out.fd : -1;
	return w.used;
}
