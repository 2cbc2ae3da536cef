/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/verdict.h>
#include <stddef.h>

static const char *const names[MVMP_VERDICT_COUNT] = {
	[MVMP_ACCEPTED] = "accepted",
	[MVMP_DROP_SHORT] = "short",
	[MVMP_DROP_VERSION] = "version",
	[MVMP_DROP_KIND] = "kind",
	[MVMP_DROP_LENGTH] = "length",
	[MVMP_DROP_RESERVED] = "reserved",
	[MVMP_DROP_ETHERTYPE] = "ethertype",
	[MVMP_DROP_SOURCE] = "source",
	[MVMP_DROP_STRANGER] = "stranger",
	[MVMP_DROP_BOOT] = "boot",
	[MVMP_DROP_SESSION] = "session",
	[MVMP_DROP_TAG] = "tag",
	[MVMP_DROP_REPLAY] = "replay",
	[MVMP_DROP_STATE] = "state",
	[MVMP_DROP_CERT] = "cert",
	[MVMP_DROP_EXPIRED] = "expired",
	[MVMP_DROP_REVOKED] = "revoked",
	[MVMP_DROP_ROLE] = "role",
	[MVMP_DROP_MAC] = "mac",
	[MVMP_DROP_STALE] = "stale",
	[MVMP_DROP_RATE] = "rate",
	[MVMP_DROP_FULL] = "full",
	[MVMP_DROP_RECORD] = "record",
	[MVMP_DROP_WINDOW] = "window",
	[MVMP_DROP_COOKIE] = "cookie",
};

const char *mvmp_verdict_name(enum mvmp_verdict verdict)
{
	if ((unsigned)verdict >= MVMP_VERDICT_COUNT)
		return "unknown-verdict";
	return names[verdict];
}
