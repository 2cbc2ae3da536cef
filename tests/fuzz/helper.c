/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../../mvagent/helper/table.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ready(void *ctx)
{
}

static void watch(void *ctx, const char *interface)
{
	if (!*interface || strlen(interface) > 15 || strchr(interface, '/'))
		abort();
}

/* What a protocol process that fell into wrong hands may say to the helper. There is nothing
 * below the root, so that no source can be opened; every answer is well formed. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct mva_table_env env = {
		.root = "/nonexistent", .ready = ready, .watch = watch};
	uint8_t answer[8192];
	struct mvmp_error err;
	struct mvmp_reader r;
	int fd;

	r = mvmp_reader(answer, mva_table_do(&env, bytes, len, answer, sizeof answer, &fd));
	if (fd >= 0 || mvmp_get_u32(&r) != MVA_WIRE_ANSWER)
		abort();
	mvmp_get_u32(&r); /* number */
	mvmp_get_u32(&r); /* code */
	mva_wire_get_error(&r, &err);
	if (r.bad)
		abort();
	return 0;
}
