/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <string.h>

/*
 * The lines of a key log (docs/wireshark.md): a word, what a frame shows that the key opens, the
 * key. The cluster key is not among them, only what it yields for one sender or one frame.
 */

enum { LINE_SIZE = 256 };

/* Appends a blank and the bytes in hex. */
static void put_hex(char line[static LINE_SIZE], const uint8_t *bytes, size_t len)
{
	size_t at = strlen(line);

	line[at++] = ' ';
	for (size_t i = 0; i < len && at + 3 <= LINE_SIZE; i++, at += 2)
		snprintf(line + at, LINE_SIZE - at, "%02x", bytes[i]);
}

static void end_line(struct mvmp_endpoint *ep, char line[static LINE_SIZE])
{
	ep->config.key_log(ep->config.env.ctx, line);
	mvmp_wipe(line, LINE_SIZE);
}

/* Of the cluster key in `slot`. */
static void put_derived(struct mvmp_endpoint *ep, unsigned slot, const char *word,
	const uint8_t *id, const char *label)
{
	uint8_t key[MVMP_KEY_LEN];
	char line[LINE_SIZE] = "";

	if (!ep->config.key_log)
		return;
	mvmp_hkdf(ep->crypto, key, sizeof(key), id, MVMP_ID_LEN, ep->keys[slot].cluster_key,
		MVMP_KEY_LEN, label);
	snprintf(line, sizeof(line), "%s", word);
	put_hex(line, id, MVMP_ID_LEN);
	put_hex(line, key, sizeof(key));
	mvmp_wipe(key, sizeof(key));
	end_line(ep, line);
}

void mvmp_keylog_hello(
	struct mvmp_endpoint *ep, unsigned slot, const uint8_t id[static MVMP_ID_LEN])
{
	put_derived(ep, slot, "hello", id, "mvmp v1 hello");
}

void mvmp_keylog_cookie(
	struct mvmp_endpoint *ep, unsigned slot, const uint8_t salt[static MVMP_ID_LEN])
{
	put_derived(ep, slot, "cookie", salt, "mvmp v1 cookie");
}

void mvmp_keylog_noise(void *ctx, unsigned message, const uint8_t *bytes,
	const uint8_t key[static MVMP_KEY_LEN], const uint8_t hash[static MVMP_HASH_LEN])
{
	char line[LINE_SIZE] = "";

	snprintf(line, sizeof(line), "%s", message ? "reply" : "init");
	put_hex(line, bytes, MVMP_KEY_LEN); /* the ephemeral key comes first */
	put_hex(line, key, MVMP_KEY_LEN);
	put_hex(line, hash, MVMP_HASH_LEN);
	end_line(ctx, line);
}

static void put_direction(struct mvmp_endpoint *ep, uint32_t index, const char *direction,
	const uint8_t key[static MVMP_KEY_LEN])
{
	char line[LINE_SIZE] = "";

	snprintf(line, sizeof(line), "data %08x %s", index, direction);
	put_hex(line, key, MVMP_KEY_LEN);
	end_line(ep, line);
}

void mvmp_keylog_data(
	struct mvmp_endpoint *ep, const struct keypair *pair, const struct mvmp_noise_keys *keys)
{
	if (!ep->config.key_log)
		return;
	put_direction(ep, pair->remote, "out", keys->send);
	put_direction(ep, pair->local, "in", keys->receive);
}
