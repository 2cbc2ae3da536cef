/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_ETHERNET_H
#define MVMP_ETHERNET_H

/* The Ethernet header around MVMP frames, tagged (IEEE 802.1Q) or not. No I/O. */

#include <mvmp/link.h>

enum {
	ETHERNET_HEADER_LEN = 14,
	ETHERNET_TAG_LEN = 4,
};

/* Which frames of a wire are ours. */
struct ethernet_rules {
	uint8_t mac[MVMP_MAC_LEN];
	uint16_t ethertype[2]; /* by enum mvmp_channel */
	uint16_t vlan;	       /* 0: untagged or priority-tagged frames; else only this VLAN */
};

/* Writes the header into the MVMP_LINK_HEADROOM before `frame`; returns where it begins, and
 * adds its length to *len. */
uint8_t *ethernet_wrap(const struct ethernet_rules *rules, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t *len);

/* A received frame, taken apart; points into the wire bytes. */
struct ethernet_frame {
	const uint8_t *src;
	enum mvmp_channel channel;
	const uint8_t *payload;
	size_t len;
};

/* False when the bytes are not ours: too short, another type, VLAN or destination, our own. */
bool ethernet_unwrap(struct ethernet_frame *ret, const struct ethernet_rules *rules,
	const uint8_t *wire, size_t len);

/* The EtherTypes that an option names, else the defaults. */
void ethernet_set_types(struct ethernet_rules *rules, const struct mvmp_pcap_options *options);

/* Splits "eth1", "eth1@100" or "eth1@100/88b7,88b8" into a name (at most 15 characters), a VLAN of
 * 1 to 4094 and the EtherTypes of control and stats; rules keep what is not said. MVMP_INVALID
 * names what is wrong. */
int ethernet_parse_interface(char name[static 16], struct ethernet_rules *rules, const char *text,
	struct mvmp_error *err);

#endif
