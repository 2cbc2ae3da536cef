/* SPDX-License-Identifier: Apache-2.0 */
#include "greeting.h"
#include <mvmp/bytes.h>
#include <string.h>

/* What both have, in this order. */
static void put_common(struct mvmp_writer *w, const struct mvmp_greeting *g)
{
	mvmp_put_u16(w, g->mtu);
	mvmp_put_u16(w, g->cert_len);
	mvmp_put_bytes(w, g->host_boot, MVMP_ID_LEN);
	mvmp_put_bytes(w, g->instance, MVMP_ID_LEN);
	mvmp_put_u64(w, g->cluster_number);
	mvmp_put_bytes(w, g->cert, MVMP_CERT_MAX);
}

static bool get_common(struct mvmp_reader *r, struct mvmp_greeting *g)
{
	g->mtu = mvmp_get_u16(r);
	g->cert_len = mvmp_get_u16(r);
	mvmp_get_bytes(r, g->host_boot, MVMP_ID_LEN);
	mvmp_get_bytes(r, g->instance, MVMP_ID_LEN);
	g->cluster_number = mvmp_get_u64(r);
	mvmp_get_bytes(r, g->cert, MVMP_CERT_MAX);
	return !r->bad && g->index && g->cert_len <= MVMP_CERT_MAX && g->mtu >= MVMP_MTU_MIN &&
	       g->mtu <= MVMP_FRAME_MAX;
}

void mvmp_init_encode(uint8_t out[static MVMP_INIT_SECRET_LEN], const struct mvmp_greeting *g)
{
	struct mvmp_writer w = mvmp_writer(out, MVMP_INIT_SECRET_LEN);

	mvmp_put_u64(&w, g->timestamp);
	mvmp_put_u32(&w, g->index);
	mvmp_put_u32(&w, g->replaces);
	put_common(&w, g);
}

void mvmp_reply_encode(uint8_t out[static MVMP_REPLY_SECRET_LEN], const struct mvmp_greeting *g)
{
	struct mvmp_writer w = mvmp_writer(out, MVMP_REPLY_SECRET_LEN);

	mvmp_put_u32(&w, g->index);
	put_common(&w, g);
}

bool mvmp_init_decode(struct mvmp_greeting *g, const uint8_t bytes[static MVMP_INIT_SECRET_LEN])
{
	struct mvmp_reader r = mvmp_reader(bytes, MVMP_INIT_SECRET_LEN);

	*g = (struct mvmp_greeting){.timestamp = mvmp_get_u64(&r),
		.index = mvmp_get_u32(&r),
		.replaces = mvmp_get_u32(&r)};
	return get_common(&r, g);
}

bool mvmp_reply_decode(struct mvmp_greeting *g, const uint8_t bytes[static MVMP_REPLY_SECRET_LEN])
{
	struct mvmp_reader r = mvmp_reader(bytes, MVMP_REPLY_SECRET_LEN);

	*g = (struct mvmp_greeting){.index = mvmp_get_u32(&r)};
	return get_common(&r, g);
}
