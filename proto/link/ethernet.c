/* SPDX-License-Identifier: Apache-2.0 */
#include "ethernet.h"
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_8021Q = 0x8100,
	VLAN_MAX = 4094,
	VLAN_MASK = 0x0fff,
};

static void put_be16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint16_t get_be16(struct mvmp_reader *r)
{
	uint16_t high = mvmp_get_u8(r);

	return (uint16_t)(high << 8 | mvmp_get_u8(r));
}

uint8_t *ethernet_wrap(const struct ethernet_rules *rules, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t *len)
{
	size_t header = ETHERNET_HEADER_LEN + (rules->vlan ? ETHERNET_TAG_LEN : 0);
	uint8_t *wire = frame - header;

	memcpy(wire, dst, MVMP_MAC_LEN);
	memcpy(wire + MVMP_MAC_LEN, rules->mac, MVMP_MAC_LEN);
	if (rules->vlan) {
		put_be16(wire + 12, TYPE_8021Q);
		put_be16(wire + 14, rules->vlan);
	}
	put_be16(frame - 2, rules->ethertype[channel]);
	*len += header;
	return wire;
}

static bool addressed_to_us(const struct ethernet_rules *rules, const uint8_t *dst)
{
	return !memcmp(dst, rules->mac, MVMP_MAC_LEN) || !memcmp(dst, mvmp_group, MVMP_MAC_LEN);
}

bool ethernet_unwrap(struct ethernet_frame *ret, const struct ethernet_rules *rules,
	const uint8_t *wire, size_t len)
{
	struct mvmp_reader r = mvmp_reader(wire, len);
	const uint8_t *dst = mvmp_get_view(&r, MVMP_MAC_LEN);
	const uint8_t *src = mvmp_get_view(&r, MVMP_MAC_LEN);
	uint16_t type = get_be16(&r);
	uint16_t vlan = 0;

	if (type == TYPE_8021Q) {
		vlan = get_be16(&r) & VLAN_MASK;
		type = get_be16(&r);
	}
	if (r.bad || vlan != rules->vlan)
		return false;
	if (type == rules->ethertype[MVMP_CONTROL])
		ret->channel = MVMP_CONTROL;
	else if (type == rules->ethertype[MVMP_STATS])
		ret->channel = MVMP_STATS;
	else
		return false;
	if (!addressed_to_us(rules, dst) || !memcmp(src, rules->mac, MVMP_MAC_LEN))
		return false;
	ret->src = src;
	ret->payload = r.at;
	ret->len = r.left;
	return true;
}

void ethernet_set_types(struct ethernet_rules *rules, const struct mvmp_pcap_options *options)
{
	rules->ethertype[MVMP_CONTROL] =
		options->ethertype_control ? options->ethertype_control : MVMP_ETHERTYPE_CONTROL;
	rules->ethertype[MVMP_STATS] =
		options->ethertype_stats ? options->ethertype_stats : MVMP_ETHERTYPE_STATS;
}

/* "88b7,88b8": two EtherTypes; 0x0600 and more, below that it is a length (IEEE 802.3). */
static bool parse_ethertypes(uint16_t type[static 2], const char *text)
{
	for (unsigned i = 0; i < 2; i++) {
		char *end;
		unsigned long value = strtoul(text, &end, 16);

		if (end == text || *text == '-' || value < 0x0600 || value > 0xffff ||
			*end != (i ? '\0' : ','))
			return false;
		type[i] = (uint16_t)value;
		text = end + 1;
	}
	return type[0] != type[1];
}

int ethernet_parse_interface(char name[static 16], struct ethernet_rules *rules, const char *text,
	struct mvmp_error *err)
{
	size_t len = strcspn(text, "@/");
	const char *rest = text + len;
	char *end;

	if (len == 0 || len > 15)
		return mvmp_fail(err, MVMP_INVALID,
			"%s is no interface name: it has 1 to 15 characters", text);
	if (*rest == '@') {
		long tag = strtol(rest + 1, &end, 10);

		if (end == rest + 1 || (*end && *end != '/') || tag < 1 || tag > VLAN_MAX)
			return mvmp_fail(err, MVMP_INVALID, "%s: a VLAN is a number from 1 to %d",
				text, VLAN_MAX);
		rules->vlan = (uint16_t)tag;
		rest = end;
	}
	if (*rest == '/' && !parse_ethertypes(rules->ethertype, rest + 1))
		return mvmp_fail(err, MVMP_INVALID,
			"%s: EtherTypes are two different numbers from 600 to ffff, as in "
			"/88b5,88b6",
			text);
	memcpy(name, text, len);
	name[len] = '\0';
	return 0;
}
