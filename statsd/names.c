/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"
#include <string.h>

/*
 * Nodes by what they are called, so that a BEACON does not look at all of them: by the name of the
 * certificate, or by what was asked for until that is known. A MAC is filed by its six bytes,
 * however it was written.
 */

enum key_kind { KEY_TEXT = 1, KEY_MAC };

static uint64_t key_of_mac(const uint8_t mac[static MVMP_MAC_LEN])
{
	return mvmp_index_key(KEY_MAC, mac, MVMP_MAC_LEN);
}

static uint64_t key_of(const char *label)
{
	uint8_t mac[MVMP_MAC_LEN];

	if (mvmp_mac_parse(mac, label) == 0)
		return key_of_mac(mac);
	return mvmp_index_key(KEY_TEXT, label, strlen(label));
}

int mvs_names_put(struct mvs_node *node)
{
	return mvmp_index_put(
		&node->core->named, &node->by_name, key_of(mvs_node_label(node)), node);
}

struct mvs_node *mvs_names_proved(const struct mvs_core *core, const char *name)
{
	struct mvmp_index_entry *at;
	struct mvs_node *node = mvmp_index_first(&core->named, key_of(name), &at);

	while (node && strcmp(node->name, name) != 0)
		node = mvmp_index_next(&at);
	return node;
}

static struct mvs_node *find_label(const struct mvs_core *core, const char *label)
{
	struct mvmp_index_entry *at;
	struct mvs_node *node = mvmp_index_first(&core->named, key_of(label), &at);

	while (node && strcmp(mvs_node_label(node), label) != 0)
		node = mvmp_index_next(&at);
	return node;
}

static bool is_asked_by(const struct mvs_node *node, const uint8_t mac[static MVMP_MAC_LEN])
{
	uint8_t asked[MVMP_MAC_LEN];

	return !node->name[0] && mvmp_mac_parse(asked, node->text) == 0 &&
	       memcmp(asked, mac, MVMP_MAC_LEN) == 0;
}

static struct mvs_node *find_mac(
	const struct mvs_core *core, const uint8_t mac[static MVMP_MAC_LEN])
{
	struct mvmp_index_entry *at;
	struct mvs_node *node = mvmp_index_first(&core->named, key_of_mac(mac), &at);

	while (node && !is_asked_by(node, mac))
		node = mvmp_index_next(&at);
	return node;
}

struct mvs_node *mvs_names_heard(const struct mvs_core *core, const struct mvmp_peer *peer)
{
	struct mvs_node *node = find_label(core, peer->name);
	char id[9];

	for (unsigned i = 0; i < peer->macs && !node; i++)
		node = find_mac(core, peer->mac[i]);
	if (node || !peer->macs)
		return node;
	mvmp_hex(id, peer->mac[0] + 2, 4);
	node = find_label(core, id);
	return node && !node->name[0] ? node : NULL;
}
