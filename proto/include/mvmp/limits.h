/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_LIMITS_H
#define MVMP_LIMITS_H

/*
 * Every constant of the protocol that two implementations must agree on, and every bound
 * this implementation keeps. SPECIFICATION.md's limits table uses these names.
 */

#define MVMP_ETHERTYPE_CONTROL 0x88B5 /* IEEE 802 local experimental 1 */
#define MVMP_ETHERTYPE_STATS   0x88B6 /* IEEE 802 local experimental 2 */

enum mvmp_limits {
	MVMP_VERSION = 1,
	MVMP_MAC_LEN = 6,
	MVMP_ID_LEN = 16,  /* boot ids, operation ids, UUIDs */
	MVMP_KEY_LEN = 32, /* X25519, Ed25519, AES-256, cluster key */
	MVMP_SIGNATURE_LEN = 64,
	MVMP_TAG_LEN = 16, /* AES-256-GCM */
	MVMP_HASH_LEN = 32,
	MVMP_FINGERPRINT_LEN = 16, /* of a certificate */
	MVMP_TICKET_ID_LEN = 8,
	MVMP_TICKET_SECRET_LEN = 16,

	MVMP_MTU_MIN = 576,
	MVMP_MTU_MAX = 9216,
	MVMP_HEADER_LEN = 16,
	MVMP_LINK_HEADROOM = 24, /* writable bytes before a frame handed to a link */
	MVMP_FRAME_MAX = 9216,	 /* longest frame (MVMP header and payload) */

	MVMP_NAME_MAX = 63, /* member names: 1 to 63 of a-z 0-9 . - */
	MVMP_CERT_MACS_MAX = 8,
	MVMP_CERT_MAX = 320,		/* encoded certificate */
	MVMP_REVOKED_MAX = 4096,	/* serials in a cluster state */
	MVMP_GRACE_MAX_S = 366 * 86400, /* of a former cluster key */
	MVMP_MESSAGE_MAX = 1 << 20,	/* bytes of one reliable message */
	MVMP_REQUEST_MAX = 1 << 16,	/* the same, to who is asked */
	MVMP_LINKS_MAX = 8,		/* links of one endpoint */
	MVMP_STATS_INTERVAL_MIN_MS = 100,
	MVMP_STATS_INTERVAL_MAX_MS = 3600 * 1000,
};

#define MVMP_NS_PER_MS 1000000ull
#define MVMP_NS_PER_S  1000000000ull

#endif
