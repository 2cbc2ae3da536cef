/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"
#include <mvmp/bytes.h>
#include <mvmp/frame.h>
#include <stdio.h>

enum { TYPE_AT = 12, TAGGED = 0x8100 };

enum { KINDS_TEXT_SIZE = 128 };

/* Of frames whose MVMP header begins at byte `at`; "" for all of them. */
static void kinds_text(char to[static KINDS_TEXT_SIZE], unsigned at, enum filter_frames frames)
{
	to[0] = '\0';
	if (frames == FILTER_STATS)
		return;
	snprintf(to, KINDS_TEXT_SIZE,
		" and %s(ether[%u] & 15 = %d or ether[%u] & 15 = %d or ether[%u] & 15 = %d)",
		frames == FILTER_SESSION ? "not " : "", at, MVMP_PROBE, at, MVMP_INIT, at,
		MVMP_ENROL);
}

/* What is not ours, or is another ring's, is refused by its first bytes. Not by the word "vlan": it
 * shifts the type, but no other byte that is asked for. The kernel mostly has taken the tag out of
 * the frame before it gets here, which then is as one without. */
void filter_text(char to[static FILTER_TEXT_SIZE], const struct ethernet_rules *rules,
	enum filter_frames frames)
{
	enum mvmp_channel channel = frames == FILTER_STATS ? MVMP_STATS : MVMP_CONTROL;
	char mac[18], group[18], kinds[KINDS_TEXT_SIZE], tagged_kinds[KINDS_TEXT_SIZE];
	unsigned type = rules->ethertype[channel], inner = TYPE_AT + ETHERNET_TAG_LEN;

	mvmp_mac_text(mac, rules->mac);
	mvmp_mac_text(group, mvmp_group);
	kinds_text(kinds, ETHERNET_HEADER_LEN, frames);
	kinds_text(tagged_kinds, ETHERNET_HEADER_LEN + ETHERNET_TAG_LEN, frames);
	snprintf(to, FILTER_TEXT_SIZE,
		"((ether[%d:2] = %u%s) or (ether[%d:2] = %d and ether[%u:2] = %u%s)) and "
		"(ether dst %s or ether dst %s) and not ether src %s",
		TYPE_AT, type, kinds, TYPE_AT, TAGGED, inner, type, tagged_kinds, mac, group, mac);
}
