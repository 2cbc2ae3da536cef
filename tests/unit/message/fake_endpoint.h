/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAKE_ENDPOINT_H
#define FAKE_ENDPOINT_H

/*
 * An endpoint whose peer is the test: what is asked of it is written down, what it tells is
 * scripted. Linked in place of the real one.
 */

#include <mvmp/endpoint.h>

enum { FAKE_SESSIONS = 8, FAKE_LOG = 512 };

struct fake_session {
	mvmp_session id; /* 0: free */
	struct mvmp_addr addr;
	bool up;
	struct mvmp_cert cert;
	struct mvmp_peer peer;
	uint8_t expect_mac[MVMP_MAC_LEN];
	uint64_t give_up;
};

struct mvmp_endpoint {
	struct fake_session session[FAKE_SESSIONS];
	unsigned sessions_max;
	mvmp_session last;
	unsigned probes;
	struct {
		unsigned link;
		bool unicast;
	} probe[FAKE_LOG];
	unsigned connects, closes;
	/* Messages given to mvmp_endpoint_send() and not taken by the test yet. */
	unsigned sent;
	struct {
		mvmp_session session;
		uint8_t *bytes;
		size_t len;
	} message[FAKE_LOG];
	int send_result; /* of the next sends */
	/* The next connect fails from inside, with this. */
	enum mvmp_status connect_fails;
	void (*event)(void *ctx, const struct mvmp_event *event);
	void *ctx;
};

void fake_endpoint_init(struct mvmp_endpoint *ep,
	void (*event)(void *ctx, const struct mvmp_event *event), void *ctx);
void fake_endpoint_clear(struct mvmp_endpoint *ep);

/* What the other side does. */
void fake_beacon(struct mvmp_endpoint *ep, const struct mvmp_peer *peer);
void fake_up(struct mvmp_endpoint *ep, mvmp_session session, const struct mvmp_cert *cert);
void fake_down(
	struct mvmp_endpoint *ep, mvmp_session session, enum mvmp_status status, const char *text);
void fake_message(struct mvmp_endpoint *ep, mvmp_session session, const void *bytes, size_t len);
void fake_writable(struct mvmp_endpoint *ep, mvmp_session session);

/* A session that the other side opened. */
mvmp_session fake_incoming(struct mvmp_endpoint *ep, const struct mvmp_cert *cert);

/* Frees the message that was sent first. */
void fake_take(struct mvmp_endpoint *ep);

#endif
