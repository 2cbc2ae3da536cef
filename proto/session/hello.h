/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_HELLO_H
#define MVMP_SESSION_HELLO_H

/* The plaintext of PROBE and BEACON: who the sender says it is. */

#include <mvmp/endpoint.h>
#include <mvmp/frame.h>

struct mvmp_hello {
	uint64_t probe;	    /* PROBE: chosen by the asker; BEACON: the same, 0 when not asked */
	uint16_t spread_ms; /* PROBE: answer after a random time up to this */
	uint16_t mtu, roles;
	uint8_t host_boot[MVMP_ID_LEN], instance[MVMP_ID_LEN], fingerprint[16];
	unsigned macs;
	uint8_t mac[MVMP_CERT_MACS_MAX][MVMP_MAC_LEN];
	char name[MVMP_NAME_MAX + 1];
};

void mvmp_hello_encode(uint8_t out[static MVMP_HELLO_LEN], const struct mvmp_hello *hello);

/* False when a field is out of its range. */
bool mvmp_hello_decode(struct mvmp_hello *hello, const uint8_t bytes[static MVMP_HELLO_LEN]);

/* The peer that a BEACON from `addr` speaks of. */
void mvmp_hello_peer(struct mvmp_peer *peer, const struct mvmp_hello *hello,
	const struct mvmp_addr *addr, uint64_t now);

#endif
