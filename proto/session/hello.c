/* SPDX-License-Identifier: Apache-2.0 */
#include "hello.h"
#include <mvmp/bytes.h>
#include <string.h>

void mvmp_hello_encode(uint8_t out[static MVMP_HELLO_LEN], const struct mvmp_hello *hello)
{
	struct mvmp_writer w = mvmp_writer(out, MVMP_HELLO_LEN);
	size_t name_len = strnlen(hello->name, MVMP_NAME_MAX);

	memset(out, 0, MVMP_HELLO_LEN);
	mvmp_put_u64(&w, hello->probe);
	mvmp_put_u16(&w, hello->spread_ms);
	mvmp_put_u16(&w, hello->mtu);
	mvmp_put_u16(&w, hello->roles);
	mvmp_put_u8(&w, (uint8_t)hello->macs);
	mvmp_put_u8(&w, (uint8_t)name_len);
	mvmp_put_bytes(&w, hello->host_boot, MVMP_ID_LEN);
	mvmp_put_bytes(&w, hello->instance, MVMP_ID_LEN);
	mvmp_put_bytes(&w, hello->fingerprint, sizeof(hello->fingerprint));
	mvmp_put_bytes(&w, hello->mac, sizeof(hello->mac));
	mvmp_put_bytes(&w, hello->name, name_len);
}

bool mvmp_hello_decode(struct mvmp_hello *hello, const uint8_t bytes[static MVMP_HELLO_LEN])
{
	struct mvmp_reader r = mvmp_reader(bytes, MVMP_HELLO_LEN);
	size_t name_len;

	*hello = (struct mvmp_hello){.probe = mvmp_get_u64(&r),
		.spread_ms = mvmp_get_u16(&r),
		.mtu = mvmp_get_u16(&r),
		.roles = mvmp_get_u16(&r),
		.macs = mvmp_get_u8(&r)};
	name_len = mvmp_get_u8(&r);
	mvmp_get_bytes(&r, hello->host_boot, MVMP_ID_LEN);
	mvmp_get_bytes(&r, hello->instance, MVMP_ID_LEN);
	mvmp_get_bytes(&r, hello->fingerprint, sizeof(hello->fingerprint));
	mvmp_get_bytes(&r, hello->mac, sizeof(hello->mac));
	if (name_len > MVMP_NAME_MAX)
		return false;
	mvmp_get_bytes(&r, hello->name, name_len);
	return !r.bad && hello->macs <= MVMP_CERT_MACS_MAX && hello->mtu >= MVMP_MTU_MIN &&
	       hello->mtu <= MVMP_FRAME_MAX && mvmp_name_valid(hello->name, name_len);
}

void mvmp_hello_peer(struct mvmp_peer *peer, const struct mvmp_hello *hello,
	const struct mvmp_addr *addr, uint64_t now)
{
	*peer = (struct mvmp_peer){.addr = *addr,
		.roles = hello->roles,
		.mtu = hello->mtu,
		.macs = hello->macs,
		.seen = now};
	memcpy(peer->name, hello->name, sizeof(peer->name));
	memcpy(peer->host_boot, hello->host_boot, MVMP_ID_LEN);
	memcpy(peer->instance, hello->instance, MVMP_ID_LEN);
	memcpy(peer->fingerprint, hello->fingerprint, sizeof(peer->fingerprint));
	memcpy(peer->mac, hello->mac, sizeof(peer->mac));
}
