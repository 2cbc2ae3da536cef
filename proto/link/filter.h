/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_FILTER_H
#define MVMP_FILTER_H

/* Which frames the kernel puts into which ring, as pcap-filter(7). No I/O. */

#include "ethernet.h"

enum filter_frames {
	FILTER_SESSION,	 /* control frames that belong to a session or to a question of ours */
	FILTER_STRANGER, /* those that anybody may send unasked: PROBE, INIT, ENROL */
	FILTER_STATS,
};

enum { FILTER_TEXT_SIZE = 512 };

/* Our EtherType, with or without an 802.1Q tag, to our MAC or the group, not from us, of these
 * kinds. */
void filter_text(char to[static FILTER_TEXT_SIZE], const struct ethernet_rules *rules,
	enum filter_frames frames);

#endif
