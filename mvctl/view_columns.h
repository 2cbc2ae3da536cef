/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_VIEW_COLUMNS_H
#define MVCTL_VIEW_COLUMNS_H

/* Short forms for the tables of views_*.c. */

#include "view.h"

#define NS_TO_PERCENT 1e-7 /* ns of one pCPU per second, as percent of it */

/* clang-format off */
#define TEXT(key, header, flags, text) \
	{{key, header, flags, NULL}, MVCTL_FROM_TEXT, text, 0, NULL}
#define METRIC(key, header, flags, human, metric) \
	{{key, header, MVCTL_RIGHT | (flags), human}, MVCTL_FROM_METRIC, metric, 0, NULL}
#define RATE(key, header, flags, human, metric, scale) \
	{{key, header, MVCTL_RIGHT | (flags), human}, MVCTL_FROM_RATE, metric, scale, NULL}
#define CALL(key, header, flags, human, call) \
	{{key, header, MVCTL_RIGHT | (flags), human}, MVCTL_FROM_CALL, 0, 0, call}
#define INDEX(key, header) \
	{{key, header, MVCTL_RIGHT, NULL}, MVCTL_FROM_INDEX, 0, 0, NULL}
#define NODE_NAME \
	{{"node", "NODE", 0, NULL}, MVCTL_FROM_NODE, 0, 0, NULL}
#define DOMAIN_NAME \
	{{"domain", "DOMAIN", 0, NULL}, MVCTL_FROM_DOMAIN, 0, 0, NULL}
#define UUID(key) \
	{{key, "UUID", MVCTL_WIDE, NULL}, MVCTL_FROM_UUID, 0, 0, NULL}
#define AGE(flags) \
	{{"age_ms", "AGE", MVCTL_RIGHT | (flags), mvctl_human_ms_age}, MVCTL_FROM_AGE, 0, 0, NULL}
#define REASON \
	{{"reason", "REASON", MVCTL_WIDE, NULL}, MVCTL_FROM_REASON, 0, 0, NULL}
/* clang-format on */

#endif
