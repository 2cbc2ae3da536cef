/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_VIRT_H
#define MVA_LINUX_VIRT_H

/* What workers ask of libvirt; every call may block for as long as libvirt does. */

#include "blockstats.h"
#include "inventory.h"
#include "pinning.h"
#include <libvirt/libvirt.h>

/* The connection of this process, opened when there is none or the last is dead. NULL with
 * MVMP_UNSUPPORTED when no URI was set, MVMP_IO when libvirt is away. */
virConnectPtr mva_virt_connect(const char *uri, struct mvmp_error *err);

/* Closes it: the next call opens another. */
void mva_virt_disconnect(void);

/* -status with libvirt's own words after ours. */
int mva_virt_fail(struct mvmp_error *err, enum mvmp_status status, const char *what);

/* A domain by its UUID, over a new connection when the old one turns out to be dead. NULL with
 * MVMP_NOT_FOUND, or what mva_virt_connect() says. The caller frees it. */
virDomainPtr mva_virt_find(
	const char *uri, const uint8_t uuid[static MVMP_ID_LEN], struct mvmp_error *err);

/* Active domains: states by one call, and their descriptions, which libvirt holds itself (no
 * QEMU is asked); known domains are described anew every minute, or now when `fresh`. */
int mva_virt_inventory(const char *uri, bool fresh, struct mvmp_writer *w, struct mvmp_error *err);

/* Reads a domain's description. False when malformed. */
bool mva_virt_parse(const char *xml, struct mva_libvirt_domain *ret);

/* Asks QEMU, by libvirt, for block (if `disks`) and balloon statistics. A domain whose last
 * question is still unanswered gives MVMP_NO_ANSWER at once and holds no thread of libvirt's. */
int mva_virt_block(virDomainPtr domain, bool disks, struct mvmp_writer *w, struct mvmp_error *err);

int mva_virt_pin(
	virDomainPtr domain, const struct mva_pin_request *request, struct mvmp_error *err);

#endif
