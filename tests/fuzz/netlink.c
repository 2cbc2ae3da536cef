/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>
#include <watch.h>

/* News of an interface as netlink tells them, up to 255 bytes after a length. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct interface interface = {.name = "eth1", .index = 3, .mtu = 1500};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		abort();
	for (size_t at = 0; at < len;) {
		size_t one = bytes[at++];

		if (one > len - at)
			one = len - at;
		if (one && send(pair[1], bytes + at, one, 0) < 0)
			break;
		at += one;
	}
	interface_hear(pair[0], &interface);
	fuzz_holds(!strcmp(interface.name, "eth1") && interface.index == 3,
		"news change properties, not who it is");
	close(pair[0]);
	close(pair[1]);
	return 0;
}
