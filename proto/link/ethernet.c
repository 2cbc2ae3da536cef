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

int ethernet_parse_interface(
	char name[static 16], uint16_t *vlan, const char *text, struct mvmp_error *err)
{
	const char *at = strchr(text, '@');
	size_t len = at ? (size_t)(at - text) : strlen(text);
	char *end = NULL;
	long tag = at ? strtol(at + 1, &end, 10) : 0;

	if (len == 0 || len > 15)
		return mvmp_fail(err, MVMP_INVALID,
			"%s is no interface name: it has 1 to 15 characters", text);
	if (at && (end == at + 1 || *end || tag < 1 || tag > VLAN_MAX))
		return mvmp_fail(
			err, MVMP_INVALID, "%s: a VLAN is a number from 1 to %d", text, VLAN_MAX);
	memcpy(name, text, len);
	name[len] = '\0';
	*vlan = (uint16_t)tag;
	return 0;
}
