/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_INTERFACE_H
#define MVMP_INTERFACE_H

/* What the kernel says of a network interface (netdevice(7), packet(7)). */

#include <mvmp/link.h>

struct interface {
	char name[16];
	int index;
	uint8_t mac[MVMP_MAC_LEN];
	unsigned mtu;
};

/* MVMP_NOT_FOUND (the hint lists those that exist), MVMP_INVALID (not Ethernet, down, MTU below
 * MVMP_MTU_MIN), MVMP_IO. */
int interface_read(struct interface *ret, const char *name, struct mvmp_error *err);

/* Lets a packet socket hold a membership of `group`: without it a real NIC filters the group away.
 */
int interface_join(int fd, const struct interface *interface,
	const uint8_t group[static MVMP_MAC_LEN], struct mvmp_error *err);

#endif
