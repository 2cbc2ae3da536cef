/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/link.h>

const uint8_t mvmp_group[MVMP_MAC_LEN] = {0x03, 'M', 'V', 'M', 'P', 0x01};

void mvmp_link_close(struct mvmp_link *link)
{
	if (link)
		link->ops->close(link);
}
