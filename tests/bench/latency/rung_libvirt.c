/* SPDX-License-Identifier: Apache-2.0 */
/* The peer: the cheapest remote call of libvirt over its Unix socket (it takes no lock of a
 * domain). Needs a libvirtd at $LIBVIRT_URI. */
#include "rung.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void quiet(void *ctx, virErrorPtr error)
{
}

static void answer(struct rung_channel *told)
{
	pause();
}

static int ask(struct rung_times *times)
{
	const char *uri = getenv("LIBVIRT_URI");
	virConnectPtr connection;

	virSetErrorFunc(NULL, quiet);
	connection = uri ? virConnectOpen(uri) : NULL;
	if (!connection) {
		fprintf(stderr, "left out: LIBVIRT_URI names no libvirtd\n");
		return -1;
	}
	for (size_t i = 0; i < times->count; i++) {
		uint64_t start = rung_now();
		unsigned long version;

		if (virConnectGetLibVersion(connection, &version))
			return -1;
		times->ns[i] = rung_now() - start;
	}
	virConnectClose(connection);
	return 0;
}

const struct rung rung_libvirt = {
	"libvirt", "libvirt call, Unix socket", answer, ask, .slow = true, .elsewhere = true};
