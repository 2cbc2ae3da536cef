/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/noise.h>
#include <string.h>

/* Section 4.3 of the Noise specification: HKDF of two or three outputs without info. */
static void derive(const struct mvmp_noise *n, const uint8_t *secret, size_t len,
	uint8_t (*out)[MVMP_HASH_LEN], unsigned outputs)
{
	const struct mvmp_crypto_ops *crypto = n->config.crypto;
	uint8_t extracted[MVMP_HASH_LEN];

	crypto->hmac(extracted, n->chain, sizeof n->chain, secret, len, NULL, 0);
	for (unsigned i = 0; i < outputs; i++) {
		uint8_t number = (uint8_t)(i + 1);

		crypto->hmac(out[i], extracted, sizeof extracted, i ? out[i - 1] : NULL,
			i ? MVMP_HASH_LEN : 0, &number, 1);
	}
	mvmp_wipe(extracted, sizeof extracted);
}

static void set_key(struct mvmp_noise *n, const uint8_t key[static MVMP_KEY_LEN])
{
	memcpy(n->key, key, sizeof n->key);
	n->has_key = true;
	n->nonce = 0;
}

static void mix_key(struct mvmp_noise *n, const uint8_t *secret, size_t len)
{
	uint8_t out[2][MVMP_HASH_LEN];

	derive(n, secret, len, out, 2);
	memcpy(n->chain, out[0], sizeof n->chain);
	set_key(n, out[1]);
	mvmp_wipe(out, sizeof out);
}

static void mix_hash(struct mvmp_noise *n, const void *bytes, size_t len)
{
	uint8_t mixed[MVMP_HASH_LEN];

	n->config.crypto->hash(mixed, n->hash, sizeof n->hash, bytes, len);
	memcpy(n->hash, mixed, sizeof mixed);
}

static void mix_key_and_hash(struct mvmp_noise *n, const uint8_t secret[static MVMP_KEY_LEN])
{
	uint8_t out[3][MVMP_HASH_LEN];

	derive(n, secret, MVMP_KEY_LEN, out, 3);
	memcpy(n->chain, out[0], sizeof n->chain);
	mix_hash(n, out[1], MVMP_HASH_LEN);
	set_key(n, out[2]);
	mvmp_wipe(out, sizeof out);
}

static size_t tag_len(const struct mvmp_noise *n)
{
	return n->has_key ? MVMP_TAG_LEN : 0;
}

/* EncryptAndHash: appends len bytes, and a tag once there is a key. */
static int put_sealed(struct mvmp_noise *n, struct mvmp_writer *w, const void *plain, size_t len)
{
	const struct mvmp_crypto_ops *crypto = n->config.crypto;
	uint8_t *at = w->buf + w->used;
	struct mvmp_aead *aead;
	int ret;

	if (w->size - w->used < tag_len(n) || w->size - w->used - tag_len(n) < len)
		return -EMSGSIZE;
	w->used += len + tag_len(n);
	if (n->has_key) {
		aead = crypto->aead_new(n->key);
		ret = aead ? crypto->seal(aead, n->nonce++, n->hash, sizeof n->hash, plain, len, at)
			   : -ENOMEM;
		crypto->aead_free(aead);
		if (ret)
			return ret;
	} else if (len) {
		memcpy(at, plain, len);
	}
	mix_hash(n, at, len + tag_len(n));
	return 0;
}

/* DecryptAndHash: takes `len` bytes of plain text and their tag; `out` holds len bytes. */
static int get_sealed(struct mvmp_noise *n, struct mvmp_reader *r, uint8_t *out, size_t len)
{
	const struct mvmp_crypto_ops *crypto = n->config.crypto;
	size_t sealed_len = len + tag_len(n);
	const uint8_t *from = mvmp_get_view(r, sealed_len);
	struct mvmp_aead *aead;
	int ret;

	if (!from)
		return -EBADMSG;
	if (n->has_key) {
		aead = crypto->aead_new(n->key);
		ret = aead ? crypto->open(aead, n->nonce++, n->hash, sizeof n->hash, from,
				     sealed_len, out)
			   : -ENOMEM;
		crypto->aead_free(aead);
		if (ret)
			return ret;
	} else if (len) {
		memcpy(out, from, len);
	}
	mix_hash(n, from, sealed_len);
	return 0;
}

static void mix_ephemeral(struct mvmp_noise *n, const uint8_t key[static MVMP_KEY_LEN])
{
	mix_hash(n, key, MVMP_KEY_LEN);
	if (n->config.pattern->psks)
		mix_key(n, key, MVMP_KEY_LEN);
}

static int mix_dh(struct mvmp_noise *n, const uint8_t *secret, const uint8_t *theirs)
{
	uint8_t shared[MVMP_KEY_LEN];
	int ret = n->config.crypto->dh(shared, secret, theirs);

	if (!ret)
		mix_key(n, shared, sizeof shared);
	mvmp_wipe(shared, sizeof shared);
	return ret;
}

/* Tokens that both ends take alike. In es and se the first letter names the initiator's key. */
static int mix_token(struct mvmp_noise *n, enum mvmp_noise_token token)
{
	const uint8_t *own_static = n->config.static_secret;

	switch (token) {
	case MVMP_NOISE_EE:
		return mix_dh(n, n->ephemeral, n->remote_ephemeral);
	case MVMP_NOISE_SS:
		return mix_dh(n, own_static, n->remote_static);
	case MVMP_NOISE_ES:
		return n->config.initiator ? mix_dh(n, n->ephemeral, n->remote_static)
					   : mix_dh(n, own_static, n->remote_ephemeral);
	case MVMP_NOISE_SE:
		return n->config.initiator ? mix_dh(n, own_static, n->remote_ephemeral)
					   : mix_dh(n, n->ephemeral, n->remote_static);
	case MVMP_NOISE_PSK:
		mix_key_and_hash(n, n->config.psk[n->psk++]);
		return 0;
	default:
		return -EPROTO;
	}
}

static int put_ephemeral(struct mvmp_noise *n, struct mvmp_writer *w)
{
	uint8_t key[MVMP_KEY_LEN];
	int ret;

	if (!n->has_ephemeral)
		return -EPROTO;
	ret = n->config.crypto->dh_public(key, n->ephemeral);
	if (ret)
		return ret;
	mvmp_put_bytes(w, key, sizeof key);
	mix_ephemeral(n, key);
	return w->bad ? -EMSGSIZE : 0;
}

static int write_token(struct mvmp_noise *n, struct mvmp_writer *w, enum mvmp_noise_token token)
{
	if (token == MVMP_NOISE_E)
		return put_ephemeral(n, w);
	if (token == MVMP_NOISE_S)
		return put_sealed(n, w, n->config.static_public, MVMP_KEY_LEN);
	return mix_token(n, token);
}

static int get_ephemeral(struct mvmp_noise *n, struct mvmp_reader *r)
{
	mvmp_get_bytes(r, n->remote_ephemeral, MVMP_KEY_LEN);
	if (r->bad)
		return -EBADMSG;
	mix_ephemeral(n, n->remote_ephemeral);
	return 0;
}

static int get_static(struct mvmp_noise *n, struct mvmp_reader *r)
{
	int ret = get_sealed(n, r, n->remote_static, MVMP_KEY_LEN);

	n->has_remote_static = !ret;
	return ret;
}

static int read_token(struct mvmp_noise *n, struct mvmp_reader *r, enum mvmp_noise_token token)
{
	if (token == MVMP_NOISE_E)
		return get_ephemeral(n, r);
	if (token == MVMP_NOISE_S)
		return get_static(n, r);
	return mix_token(n, token);
}

static bool own_turn(const struct mvmp_noise *n)
{
	return !mvmp_noise_done(n) && (n->message % 2 == 0) == n->config.initiator;
}

static enum mvmp_noise_token next_token(struct mvmp_noise *n)
{
	return n->config.pattern->tokens[n->message][n->token++];
}

static void end_message(struct mvmp_noise *n)
{
	n->message++;
	n->token = 0;
}

static void tell(const struct mvmp_noise *n, const uint8_t *bytes, const uint8_t *hash)
{
	if (n->config.told && n->has_key)
		n->config.told(n->config.told_ctx, n->message, bytes, n->key, hash);
}

static int write_message(
	struct mvmp_noise *n, struct mvmp_writer *w, const void *payload, size_t len)
{
	enum mvmp_noise_token token;
	uint8_t hash[MVMP_HASH_LEN];
	int ret = 0;

	while (!ret && (token = next_token(n)) != MVMP_NOISE_END)
		ret = write_token(n, w, token);
	memcpy(hash, n->hash, sizeof hash);
	if (!ret)
		ret = put_sealed(n, w, payload, len);
	if (!ret)
		tell(n, w->buf, hash);
	end_message(n);
	return ret ? ret : (int)w->used;
}

static int read_message(struct mvmp_noise *n, struct mvmp_reader *r, uint8_t *payload, size_t size)
{
	const uint8_t *bytes = r->at;
	enum mvmp_noise_token token;
	uint8_t hash[MVMP_HASH_LEN];
	size_t len;
	int ret = 0;

	while (!ret && (token = next_token(n)) != MVMP_NOISE_END)
		ret = read_token(n, r, token);
	/* Keys that make an all-zero secret are the sender's fault. */
	if (ret)
		return ret == -EINVAL ? -EBADMSG : ret;
	if (r->left < tag_len(n))
		return -EBADMSG;
	len = r->left - tag_len(n);
	if (len > size)
		return -EMSGSIZE;
	memcpy(hash, n->hash, sizeof hash);
	ret = get_sealed(n, r, payload, len);
	if (!ret)
		tell(n, bytes, hash);
	end_message(n);
	return ret ? ret : (int)len;
}

/* Keeps the state of a message that went well, forgets what a bad one did. */
static int conclude(struct mvmp_noise *noise, struct mvmp_noise *tried, int ret)
{
	if (ret >= 0)
		*noise = *tried;
	mvmp_noise_clear(tried);
	return ret;
}

int mvmp_noise_write(
	struct mvmp_noise *noise, const void *payload, size_t len, uint8_t *out, size_t size)
{
	struct mvmp_writer w = mvmp_writer(out, size < MVMP_NOISE_MAX ? size : MVMP_NOISE_MAX);
	struct mvmp_noise tried = *noise;

	if (!own_turn(noise))
		return conclude(noise, &tried, -EPROTO);
	return conclude(noise, &tried, write_message(&tried, &w, payload, len));
}

int mvmp_noise_read(
	struct mvmp_noise *noise, const uint8_t *message, size_t len, uint8_t *payload, size_t size)
{
	struct mvmp_reader r = mvmp_reader(message, len);
	struct mvmp_noise tried = *noise;

	if (mvmp_noise_done(noise) || own_turn(noise))
		return conclude(noise, &tried, -EPROTO);
	if (len > MVMP_NOISE_MAX)
		return conclude(noise, &tried, -EBADMSG);
	return conclude(noise, &tried, read_message(&tried, &r, payload, size));
}

/* A name that is not longer than a hash is the first hash itself, padded with zeros. */
static void start_hash(struct mvmp_noise *n, const char *name)
{
	size_t len = strlen(name);

	if (len <= sizeof n->hash)
		memcpy(n->hash, name, len);
	else
		n->config.crypto->hash(n->hash, name, len, NULL, 0);
	memcpy(n->chain, n->hash, sizeof n->chain);
}

void mvmp_noise_start(struct mvmp_noise *noise, const struct mvmp_noise_config *config)
{
	const uint8_t *tokens = config->pattern->tokens[0];

	*noise = (struct mvmp_noise){.config = *config};
	start_hash(noise, config->pattern->name);
	mix_hash(noise, config->prologue, config->prologue_len);
	noise->config.prologue = NULL;
	while (tokens[noise->token] == MVMP_NOISE_PSK)
		mix_token(noise, tokens[noise->token++]);
}

void mvmp_noise_set_ephemeral(struct mvmp_noise *noise, const uint8_t secret[static MVMP_KEY_LEN])
{
	memcpy(noise->ephemeral, secret, sizeof noise->ephemeral);
	noise->has_ephemeral = true;
}

const uint8_t *mvmp_noise_remote_static(const struct mvmp_noise *noise)
{
	return noise->has_remote_static ? noise->remote_static : NULL;
}

bool mvmp_noise_done(const struct mvmp_noise *noise)
{
	return noise->message >= noise->config.pattern->messages;
}

int mvmp_noise_split(const struct mvmp_noise *noise, struct mvmp_noise_keys *keys)
{
	uint8_t out[2][MVMP_HASH_LEN];
	bool initiator = noise->config.initiator;

	if (!mvmp_noise_done(noise))
		return -EPROTO;
	derive(noise, NULL, 0, out, 2);
	memcpy(keys->send, out[initiator ? 0 : 1], sizeof keys->send);
	memcpy(keys->receive, out[initiator ? 1 : 0], sizeof keys->receive);
	memcpy(keys->hash, noise->hash, sizeof keys->hash);
	mvmp_wipe(out, sizeof out);
	return 0;
}

void mvmp_noise_clear(struct mvmp_noise *noise)
{
	mvmp_wipe(noise, sizeof *noise);
}
