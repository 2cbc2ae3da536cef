/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_endpoint.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void fake_endpoint_init(struct mvmp_endpoint *ep,
	void (*event)(void *ctx, const struct mvmp_event *event), void *ctx)
{
	*ep = (struct mvmp_endpoint){.sessions_max = FAKE_SESSIONS, .event = event, .ctx = ctx};
}

void fake_take(struct mvmp_endpoint *ep)
{
	if (!ep->sent)
		abort();
	free(ep->message[0].bytes);
	memmove(&ep->message[0], &ep->message[1], --ep->sent * sizeof ep->message[0]);
}

void fake_endpoint_clear(struct mvmp_endpoint *ep)
{
	while (ep->sent)
		fake_take(ep);
}

static struct fake_session *find(const struct mvmp_endpoint *ep, mvmp_session id)
{
	for (unsigned i = 0; i < FAKE_SESSIONS; i++) {
		if (id && ep->session[i].id == id)
			return (struct fake_session *)(uintptr_t)&ep->session[i];
	}
	return NULL;
}

static struct fake_session *open_session(struct mvmp_endpoint *ep)
{
	for (unsigned i = 0; i < ep->sessions_max; i++) {
		if (ep->session[i].id)
			continue;
		ep->session[i] = (struct fake_session){.id = ++ep->last};
		return &ep->session[i];
	}
	return NULL;
}

void fake_beacon(struct mvmp_endpoint *ep, const struct mvmp_peer *peer)
{
	ep->event(ep->ctx, &(struct mvmp_event){.type = MVMP_EVENT_BEACON, .peer = peer});
}

void fake_up(struct mvmp_endpoint *ep, mvmp_session session, const struct mvmp_cert *cert)
{
	struct fake_session *s = find(ep, session);

	s->up = true;
	s->cert = *cert;
	s->peer.addr = s->addr;
	memcpy(s->peer.name, cert->name, sizeof s->peer.name);
	ep->event(ep->ctx, &(struct mvmp_event){.type = MVMP_EVENT_SESSION_UP,
				   .session = session,
				   .peer = &s->peer,
				   .cert = &s->cert,
				   .initiated = true});
}

void fake_down(
	struct mvmp_endpoint *ep, mvmp_session session, enum mvmp_status status, const char *text)
{
	find(ep, session)->id = 0;
	ep->event(ep->ctx, &(struct mvmp_event){.type = MVMP_EVENT_SESSION_DOWN,
				   .session = session,
				   .status = status,
				   .text = text});
}

void fake_message(struct mvmp_endpoint *ep, mvmp_session session, const void *bytes, size_t len)
{
	ep->event(ep->ctx, &(struct mvmp_event){.type = MVMP_EVENT_MESSAGE,
				   .session = session,
				   .bytes = bytes,
				   .len = len});
}

void fake_writable(struct mvmp_endpoint *ep, mvmp_session session)
{
	ep->event(ep->ctx, &(struct mvmp_event){.type = MVMP_EVENT_WRITABLE, .session = session});
}

mvmp_session fake_incoming(struct mvmp_endpoint *ep, const struct mvmp_cert *cert)
{
	struct fake_session *s = open_session(ep);

	s->up = true;
	s->cert = *cert;
	return s->id;
}

/* ---- what the code under test calls ---- */

int mvmp_endpoint_probe(struct mvmp_endpoint *ep, unsigned link, const uint8_t *mac,
	unsigned spread_ms, uint64_t now)
{
	ep->probe[ep->probes % FAKE_LOG].link = link;
	ep->probe[ep->probes++ % FAKE_LOG].unicast = mac;
	return 0;
}

mvmp_session mvmp_endpoint_connect(struct mvmp_endpoint *ep, const struct mvmp_addr *to,
	const uint8_t *expect_mac, uint16_t expect_roles, uint64_t give_up, uint64_t now)
{
	struct fake_session *s = open_session(ep);
	mvmp_session id = s ? s->id : 0;

	ep->connects++;
	if (!s)
		return 0;
	s->addr = *to;
	s->give_up = give_up;
	if (expect_mac)
		memcpy(s->expect_mac, expect_mac, MVMP_MAC_LEN);
	if (ep->connect_fails)
		fake_down(ep, id, ep->connect_fails, "the link is down");
	return id;
}

void mvmp_endpoint_close(struct mvmp_endpoint *ep, mvmp_session session, uint64_t now)
{
	struct fake_session *s = find(ep, session);

	ep->closes++;
	if (s)
		s->id = 0;
}

int mvmp_endpoint_send(
	struct mvmp_endpoint *ep, mvmp_session session, const void *bytes, size_t len, uint64_t now)
{
	struct fake_session *s = find(ep, session);

	if (!s || !s->up)
		return -ENOTCONN;
	if (ep->send_result)
		return ep->send_result;
	if (ep->sent == FAKE_LOG)
		abort();
	ep->message[ep->sent].session = session;
	ep->message[ep->sent].len = len;
	ep->message[ep->sent].bytes = malloc(len);
	memcpy(ep->message[ep->sent++].bytes, bytes, len);
	return 0;
}

const struct mvmp_cert *mvmp_endpoint_cert(const struct mvmp_endpoint *ep, mvmp_session session)
{
	const struct fake_session *s = find(ep, session);

	return s && s->up ? &s->cert : NULL;
}

const uint8_t *mvmp_endpoint_instance(const struct mvmp_endpoint *ep)
{
	return (const uint8_t *)"instance of fake";
}
