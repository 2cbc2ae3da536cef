/* SPDX-License-Identifier: Apache-2.0 */
#include "interface.h"
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int no_such_interface(const char *name, struct mvmp_error *err)
{
	struct if_nameindex *all = if_nameindex();
	char list[128] = "";
	size_t used = 0;
	int rc = mvmp_fail(err, MVMP_NOT_FOUND, "no interface is called %s", name);

	for (struct if_nameindex *one = all; one && one->if_index && used < sizeof list; one++)
		used += (size_t)snprintf(
			list + used, sizeof list - used, "%s%s", used ? ", " : "", one->if_name);
	if (all)
		if_freenameindex(all);
	if (used)
		mvmp_hint(err, "interfaces here: %s", list);
	return rc;
}

static int check_type(
	int fd, struct ifreq *request, struct interface *interface, struct mvmp_error *err)
{
	const char *name = interface->name;

	if (ioctl(fd, SIOCGIFFLAGS, request))
		return mvmp_fail(
			err, MVMP_IO, "cannot ask %s for its state: %s", name, strerror(errno));
	if (!(request->ifr_flags & IFF_UP)) {
		mvmp_fail(err, MVMP_INVALID, "interface %s is down", name);
		return mvmp_hint(err, "ip link set %s up", name);
	}
	if (ioctl(fd, SIOCGIFHWADDR, request))
		return mvmp_fail(
			err, MVMP_IO, "cannot ask %s for its MAC: %s", name, strerror(errno));
	if (request->ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return mvmp_fail(err, MVMP_INVALID, "interface %s is not Ethernet", name);
	memcpy(interface->mac, request->ifr_hwaddr.sa_data, MVMP_MAC_LEN);
	if (ioctl(fd, SIOCGIFMTU, request))
		return mvmp_fail(
			err, MVMP_IO, "cannot ask %s for its MTU: %s", name, strerror(errno));
	interface->mtu = (unsigned)request->ifr_mtu;
	if (interface->mtu < MVMP_MTU_MIN)
		return mvmp_fail(err, MVMP_INVALID,
			"interface %s has MTU %u, at least %d is needed", name, interface->mtu,
			MVMP_MTU_MIN);
	return 0;
}

int interface_read(struct interface *ret, const char *name, struct mvmp_error *err)
{
	struct interface interface = {.index = (int)if_nametoindex(name)};
	struct ifreq request = {0};
	int fd, rc;

	snprintf(interface.name, sizeof interface.name, "%s", name);
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (!interface.index)
		return no_such_interface(name, err);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return mvmp_fail(err, MVMP_IO, "cannot ask %s: %s", name, strerror(errno));
	rc = check_type(fd, &request, &interface, err);
	close(fd);
	if (!rc)
		*ret = interface;
	return rc;
}

int interface_join(int fd, const struct interface *interface,
	const uint8_t group[static MVMP_MAC_LEN], struct mvmp_error *err)
{
	struct packet_mreq request = {.mr_ifindex = interface->index,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = MVMP_MAC_LEN};

	memcpy(request.mr_address, group, MVMP_MAC_LEN);
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request))
		return mvmp_fail(err, MVMP_IO, "cannot join the group on %s: %s", interface->name,
			strerror(errno));
	return 0;
}
