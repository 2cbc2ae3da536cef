/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counters of all VIFs by one rtnetlink dump (RTM_GETSTATS with IFLA_STATS_LINK_64, rtnetlink(7)).
 * What a tap device received, the guest sent: the two directions change places, except for
 * macvtap, whose counters are the guest's own.
 */

#include "guests.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DUMP_SIZE = 64 * 1024, DUMPS_MAX = 4096 };

struct mva_ifmap {
	uint32_t ifindex;
	struct mva_vif *vif;
};

void mva_vifs_open(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;
	struct sockaddr_nl local = {.nl_family = AF_NETLINK};
	int size = 1 << 20;

	guests->dump = malloc(DUMP_SIZE);
	guests->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (!guests->dump || guests->netlink < 0 ||
		bind(guests->netlink, (struct sockaddr *)&local, sizeof(local))) {
		mva_linux_can(lx, "vif", false, "no rtnetlink socket");
		mva_linux_close(&guests->netlink);
		return;
	}
	setsockopt(guests->netlink, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	mva_linux_can(lx, "vif", true, NULL);
}

void mva_vifs_close(struct mva_linux *lx)
{
	mva_linux_close(&lx->guests->netlink);
	free(lx->guests->dump);
	free(lx->guests->ifmap);
}

static uint32_t index_of(const struct mva_guests *guests, const char *device)
{
	struct ifreq request = {0};

	if (!device[0] || guests->netlink < 0)
		return 0;
	memcpy(request.ifr_name, device, sizeof(request.ifr_name));
	request.ifr_name[sizeof(request.ifr_name) - 1] = '\0';
	if (ioctl(guests->netlink, SIOCGIFINDEX, &request))
		return 0;
	return (uint32_t)request.ifr_ifindex;
}

/* Open addressing, at most half full. */
static void insert(struct mva_guests *guests, struct mva_vif *vif)
{
	unsigned at = vif->ifindex & (guests->ifmap_size - 1);

	while (guests->ifmap[at].vif)
		at = (at + 1) & (guests->ifmap_size - 1);
	guests->ifmap[at] = (struct mva_ifmap){vif->ifindex, vif};
}

static struct mva_vif *find(const struct mva_guests *guests, uint32_t ifindex)
{
	unsigned at = ifindex & (guests->ifmap_size - 1);

	for (; guests->ifmap[at].vif; at = (at + 1) & (guests->ifmap_size - 1)) {
		if (guests->ifmap[at].ifindex == ifindex)
			return guests->ifmap[at].vif;
	}
	return NULL;
}

void mva_vifs_map(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;
	unsigned vifs = 0, size = 16;

	for (unsigned i = 0; i < guests->count; i++)
		vifs += guests->at[i]->vifs;
	while (size < 2 * vifs)
		size *= 2;
	free(guests->ifmap);
	guests->ifmap = calloc(size, sizeof(*guests->ifmap));
	guests->ifmap_size = guests->ifmap ? size : 0;
	for (unsigned i = 0; guests->ifmap && i < guests->count; i++) {
		for (unsigned k = 0; k < guests->at[i]->vifs; k++) {
			struct mva_vif *vif = &guests->at[i]->vif[k];

			vif->ifindex = index_of(guests, vif->info.device);
			if (vif->ifindex)
				insert(guests, vif);
		}
	}
}

static void take_stats(struct mva_vif *vif, const struct rtnl_link_stats64 *stats)
{
	const uint64_t received[] = {
		stats->rx_bytes, stats->rx_packets, stats->rx_errors, stats->rx_dropped};
	const uint64_t sent[] = {
		stats->tx_bytes, stats->tx_packets, stats->tx_errors, stats->tx_dropped};
	const uint64_t *rx = vif->info.host_view ? received : sent;
	const uint64_t *tx = vif->info.host_view ? sent : received;

	memcpy(&vif->value[MVMP_I_RX_BYTES], rx, sizeof(received));
	memcpy(&vif->value[MVMP_I_TX_BYTES], tx, sizeof(sent));
	vif->counted = true;
}

static void take_message(struct mva_guests *guests, const struct nlmsghdr *head)
{
	const struct if_stats_msg *message = NLMSG_DATA(head);
	int left = (int)head->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*message));
	struct mva_vif *vif = left < 0 ? NULL : find(guests, message->ifindex);
	const struct rtattr *attr;

	if (!vif)
		return;
	attr = (const void *)((const uint8_t *)message + NLMSG_ALIGN(sizeof(*message)));
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		struct rtnl_link_stats64 stats = {0};
		size_t len = RTA_PAYLOAD(attr);

		if (attr->rta_type != IFLA_STATS_LINK_64)
			continue;
		/* Kernels append fields: take what both know. */
		memcpy(&stats, RTA_DATA(attr), len < sizeof(stats) ? len : sizeof(stats));
		take_stats(vif, &stats);
	}
}

/* True when the dump goes on. */
static bool take_datagram(struct mva_guests *guests, size_t len)
{
	struct nlmsghdr *head = (struct nlmsghdr *)guests->dump;
	unsigned left = (unsigned)len;

	while (NLMSG_OK(head, left)) {
		bool ours = head->nlmsg_seq == guests->sequence;

		if (ours && (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR))
			return false;
		if (ours && head->nlmsg_type == RTM_NEWSTATS)
			take_message(guests, head);
		if (NLMSG_ALIGN(head->nlmsg_len) >= left)
			break; /* the last one may lack its padding */
		head = NLMSG_NEXT(head, left);
	}
	return true;
}

static bool request_dump(struct mva_guests *guests)
{
	struct {
		struct nlmsghdr head;
		struct if_stats_msg message;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETSTATS,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = ++guests->sequence},
		.message = {.family = AF_UNSPEC,
			.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)},
	};

	return send(guests->netlink, &request, sizeof(request), MSG_DONTWAIT) ==
	       (ssize_t)sizeof(request);
}

static void forget_counted(struct mva_guests *guests)
{
	for (unsigned i = 0; i < guests->ifmap_size; i++) {
		if (guests->ifmap[i].vif)
			guests->ifmap[i].vif->counted = false;
	}
}

void mva_vifs_dump(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;

	forget_counted(guests);
	if (guests->netlink < 0 || !guests->ifmap || !request_dump(guests))
		return;
	/* The kernel fills the socket as it is read: there is always more until DONE. */
	for (unsigned turn = 0; turn < DUMPS_MAX; turn++) {
		ssize_t len = recv(guests->netlink, guests->dump, DUMP_SIZE, MSG_DONTWAIT);

		if (len <= 0 || !take_datagram(guests, (size_t)len))
			return;
	}
}

static void set_vif(const struct mva_guest *guest, const struct mva_vif *vif, struct mvmp_record *r)
{
	memcpy(r->key.domain, guest->uuid, MVMP_ID_LEN);
	r->key.index = vif->info.index;
	r->incarnation = mva_guest_incarnation(guest) ^ vif->ifindex * 2654435761u;
	for (unsigned m = 0; m < MVMP_VIF_METRIC_COUNT; m++) {
		if (vif->counted)
			mvmp_set(r, m, vif->value[m]);
		else if (!vif->info.device[0])
			mva_unsupported(r, m); /* user-mode networking has no device */
	}
	mvmp_set_text(r, MVMP_IT_NAME, vif->name);
	mvmp_set_text(r, MVMP_IT_DEVICE, vif->info.device);
	mvmp_set_text(r, MVMP_IT_MAC, vif->mac);
	mvmp_set_text(r, MVMP_IT_BRIDGE, vif->info.bridge);
}

void mva_vifs_sample(struct mva_guest *guest, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < guest->vifs; i++) {
		struct mvmp_record *r = mvmp_sample_add(out, MVMP_VIF);

		if (!r)
			return;
		set_vif(guest, &guest->vif[i], r);
	}
}
