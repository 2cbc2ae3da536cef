/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_LINK_WATCH_H
#define MVMP_LINK_WATCH_H

/* What the kernel tells of an open interface's changes: rtnetlink(7), group RTMGRP_LINK. */

#include "interface.h"
#include <stdbool.h>

/* The latest news; `interface` holds them all. */
struct interface_news {
	bool gone, mac, mtu;
};

/* A non-blocking socket that is readable when some interface changed. -1 where there is none to be
 * had: the interface is then used as it was when it was opened. */
int interface_watch(const struct interface *interface);

/* Takes what is waiting there over into *interface and says what is new. */
struct interface_news interface_hear(int fd, struct interface *interface);

#endif
