/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"
#include <ctype.h>
#include <mvmp/bytes.h>
#include <string.h>

/* Whatever a person may call a member by leads to it through one key: its name, its node id, each
 * of its MACs. */

enum { KEY_ADDR, KEY_MAC, KEY_TEXT };

uint64_t rpc_addr_key(const struct mvmp_addr *addr)
{
	uint8_t bytes[1 + MVMP_MAC_LEN] = {addr->link};

	memcpy(bytes + 1, addr->mac, MVMP_MAC_LEN);
	return mvmp_index_key(KEY_ADDR, bytes, sizeof bytes);
}

static uint64_t mac_key(const uint8_t *mac)
{
	return mvmp_index_key(KEY_MAC, mac, MVMP_MAC_LEN);
}

/* Node ids may be written in capitals. */
static uint64_t text_key(const char *text)
{
	char lower[TARGET_TEXT_LEN];
	size_t len = 0;

	for (; text[len] && len < sizeof lower; len++)
		lower[len] = (char)tolower((unsigned char)text[len]);
	return mvmp_index_key(KEY_TEXT, lower, len);
}

uint64_t rpc_target_key(const struct rpc_target *target)
{
	return target->has_mac ? mac_key(target->mac) : text_key(target->text);
}

/* A member whose name is its node id has that key once. */
static unsigned put(uint64_t *key, unsigned keys, uint64_t one)
{
	for (unsigned i = 0; i < keys; i++) {
		if (key[i] == one)
			return keys;
	}
	key[keys] = one;
	return keys + 1;
}

static unsigned put_all(
	uint64_t *key, const char *name, const uint8_t (*mac)[MVMP_MAC_LEN], unsigned macs)
{
	unsigned keys = put(key, 0, text_key(name));
	char id[2 * 4 + 1];

	if (macs)
		keys = put(key, keys, text_key(mvmp_hex(id, mac[0] + 2, 4)));
	for (unsigned i = 0; i < macs; i++)
		keys = put(key, keys, mac_key(mac[i]));
	return keys;
}

unsigned rpc_peer_keys(const struct mvmp_peer *peer, uint64_t key[static RPC_KEYS_MAX])
{
	unsigned keys = put_all(key, peer->name, peer->mac, peer->macs);

	return put(key, keys, mac_key(peer->addr.mac));
}

unsigned rpc_cert_keys(const struct mvmp_cert *cert, uint64_t key[static RPC_KEYS_MAX])
{
	return put_all(key, cert->name, cert->mac, cert->macs);
}
