/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_GREETING_H
#define MVMP_SESSION_GREETING_H

/* The Noise payloads of INIT and REPLY: who speaks, readable for the cluster only. */

#include <mvmp/cert.h>
#include <mvmp/frame.h>

struct mvmp_greeting {
	uint64_t timestamp; /* INIT: grows with every INIT of an instance */
	uint32_t index;	    /* the sender's session index */
	uint32_t replaces;  /* INIT: the receiver's index of the session this renews, or 0 */
	uint16_t mtu;
	uint16_t cert_len;
	uint8_t host_boot[MVMP_ID_LEN], instance[MVMP_ID_LEN];
	uint64_t cluster_number;
	uint8_t cert[MVMP_CERT_MAX];
};

void mvmp_init_encode(uint8_t out[static MVMP_INIT_SECRET_LEN], const struct mvmp_greeting *g);
void mvmp_reply_encode(uint8_t out[static MVMP_REPLY_SECRET_LEN], const struct mvmp_greeting *g);

/* False when a field is out of its range. */
bool mvmp_init_decode(struct mvmp_greeting *g, const uint8_t bytes[static MVMP_INIT_SECRET_LEN]);
bool mvmp_reply_decode(struct mvmp_greeting *g, const uint8_t bytes[static MVMP_REPLY_SECRET_LEN]);

#endif
