/* SPDX-License-Identifier: Apache-2.0 */
#include "thief.h"
#include <err.h>
#include <mvmp/bytes.h>
#include <mvmp/keyfile.h>
#include <string.h>
#include <time.h>

enum { HELLO_AD_LEN = MVMP_HEADER_LEN + MVMP_ID_LEN };

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static void derive(const struct thief *thief, uint8_t *key, const void *salt, const char *label)
{
	mvmp_hkdf(crypto, key, MVMP_KEY_LEN, salt, salt ? MVMP_ID_LEN : 0, thief->cluster_key,
		MVMP_KEY_LEN, label);
}

static struct mvmp_aead *derive_aead(const struct thief *thief, const void *salt, const char *label)
{
	uint8_t key[MVMP_KEY_LEN];
	struct mvmp_aead *aead;

	derive(thief, key, salt, label);
	aead = crypto->aead_new(key);
	if (!aead)
		errx(1, "no memory");
	return aead;
}

void thief_load(struct thief *thief, const char *directory)
{
	struct mvmp_error e;
	int len;

	*thief = (struct thief){0};
	if (mvmp_keyfile_read_in(&mvmp_cluster_key, directory, thief->cluster_key, &e) < 0)
		errx(1, "%s", e.text);
	len = mvmp_keyfile_read_in(&mvmp_member_cert, directory, thief->cert_bytes, &e);
	if (len < 0 || mvmp_cert_decode(&thief->cert, thief->cert_bytes, (size_t)len))
		errx(1, "%s: no certificate", directory);
	thief->cert_len = (size_t)len;
	thief->has_secret =
		mvmp_keyfile_read_in(&mvmp_member_key, directory, thief->secret, &e) >= 0;
	if (!thief->has_secret)
		mvmp_random_os(NULL, thief->secret, MVMP_KEY_LEN);
	derive(thief, thief->psk[0], NULL, "mvmp v1 session psk0");
	derive(thief, thief->psk[1], NULL, "mvmp v1 session psk2");
	derive(thief, thief->member_key, NULL, "mvmp v1 member mac");
	mvmp_cert_fingerprint(crypto, thief->fingerprint, thief->cert_bytes, thief->cert_len);
	thief_new_sender(thief);
}

/* ---- PROBE and BEACON ---- */

void thief_new_sender(struct thief *thief)
{
	crypto->aead_free(thief->hello_key);
	mvmp_random_os(NULL, thief->hello_id, MVMP_ID_LEN);
	thief->hello_key = derive_aead(thief, thief->hello_id, "mvmp v1 hello");
	thief->hello_counter = 0;
}

void thief_describe(const struct thief *thief, struct mvmp_hello *hello)
{
	*hello = (struct mvmp_hello){
		.mtu = 1500, .roles = thief->cert.roles, .macs = thief->cert.macs};
	memcpy(hello->mac, thief->cert.mac, sizeof hello->mac);
	memcpy(hello->name, thief->cert.name, sizeof hello->name);
	memcpy(hello->fingerprint, thief->fingerprint, sizeof hello->fingerprint);
	mvmp_random_os(NULL, &hello->probe, sizeof hello->probe);
	mvmp_random_os(NULL, hello->instance, MVMP_ID_LEN);
}

void thief_hello(
	struct thief *thief, enum mvmp_kind kind, const struct mvmp_hello *hello, uint8_t *frame)
{
	struct mvmp_frame head = {
		.kind = kind, .payload_len = MVMP_PROBE_PAYLOAD, .counter = thief->hello_counter++};
	uint8_t *body = frame + HELLO_AD_LEN;

	mvmp_frame_encode(frame, &head);
	memcpy(frame + MVMP_HEADER_LEN, thief->hello_id, MVMP_ID_LEN);
	mvmp_hello_encode(body, hello);
	crypto->seal(
		thief->hello_key, head.counter, frame, HELLO_AD_LEN, body, MVMP_HELLO_LEN, body);
}

bool thief_open_hello(
	const struct thief *thief, const uint8_t *frame, size_t len, struct mvmp_hello *hello)
{
	uint8_t plain[MVMP_HELLO_LEN];
	struct mvmp_frame head;
	struct mvmp_aead *key;
	int rc;

	if (mvmp_frame_decode(&head, MVMP_CONTROL, frame, len) || head.kind > MVMP_BEACON)
		return false;
	key = derive_aead(thief, head.payload, "mvmp v1 hello");
	rc = crypto->open(key, head.counter, frame, HELLO_AD_LEN, head.payload + MVMP_ID_LEN,
		MVMP_HELLO_LEN + MVMP_TAG_LEN, plain);
	crypto->aead_free(key);
	return !rc && mvmp_hello_decode(hello, plain);
}

/* ---- INIT ---- */

static int same_public(uint8_t out[static 32], const uint8_t secret[static 32])
{
	static uint8_t kept[32];
	static bool has;

	if (!has)
		mvmp_crypto_openssl.dh_public(kept, secret);
	has = true;
	memcpy(out, kept, sizeof kept);
	return 0;
}

/* The library's algorithms, with one ephemeral key for all handshakes. */
static const struct mvmp_crypto_ops *cheap_crypto(void)
{
	static struct mvmp_crypto_ops cheap;

	cheap = mvmp_crypto_openssl;
	cheap.dh_public = same_public;
	return &cheap;
}

static void start_noise(const struct thief *thief, struct mvmp_noise *noise,
	const uint8_t instance[static MVMP_ID_LEN], bool cheap)
{
	static const char label[16] = "mvmp v1 session";
	uint8_t prologue[sizeof label + MVMP_ID_LEN], ephemeral[MVMP_KEY_LEN];
	struct mvmp_noise_config config = {.crypto = cheap ? cheap_crypto() : crypto,
		.pattern = &mvmp_noise_ixpsk0psk2,
		.initiator = true,
		.prologue = prologue,
		.prologue_len = sizeof prologue,
		.psk = {thief->psk[0], thief->psk[1]},
		.static_secret = thief->secret,
		.static_public = thief->cert.key};

	memcpy(prologue, label, sizeof label);
	memcpy(prologue + sizeof label, instance, MVMP_ID_LEN);
	mvmp_noise_start(noise, &config);
	memset(ephemeral, 7, sizeof ephemeral);
	if (!cheap)
		mvmp_random_os(NULL, ephemeral, sizeof ephemeral);
	mvmp_noise_set_ephemeral(noise, ephemeral);
}

static void greet(const struct thief *thief, struct mvmp_greeting *g, uint32_t index)
{
	*g = (struct mvmp_greeting){.timestamp = (uint64_t)time(NULL),
		.index = index,
		.mtu = 1500,
		.cert_len = (uint16_t)thief->cert_len,
		.cluster_number = 1};
	mvmp_random_os(NULL, g->instance, MVMP_ID_LEN);
	memcpy(g->cert, thief->cert_bytes, thief->cert_len);
}

static void mac(uint8_t *out, const uint8_t *key, size_t key_len, const uint8_t *frame, size_t len)
{
	uint8_t whole[MVMP_HASH_LEN];

	crypto->hmac(whole, key, key_len, frame, len, NULL, 0);
	memcpy(out, whole, MVMP_MAC_FIELD_LEN);
}

void thief_init(struct thief *thief, struct thief_shake *shake,
	const uint8_t instance[static MVMP_ID_LEN], uint32_t replaces, bool cheap)
{
	struct mvmp_frame head = {.kind = MVMP_INIT, .payload_len = MVMP_INIT_PAYLOAD};
	uint8_t *payload = shake->frame + MVMP_HEADER_LEN, secret[MVMP_INIT_SECRET_LEN];
	struct mvmp_writer w = mvmp_writer(payload, 4);
	struct mvmp_greeting g;

	mvmp_random_os(NULL, &shake->index, sizeof shake->index);
	shake->index |= 1;
	greet(thief, &g, shake->index);
	g.replaces = replaces;
	mvmp_init_encode(secret, &g);
	start_noise(thief, &shake->noise, instance, cheap);
	memset(shake->frame, 0, sizeof shake->frame);
	mvmp_frame_encode(shake->frame, &head);
	mvmp_put_u32(&w, shake->index);
	if (mvmp_noise_write(&shake->noise, secret, sizeof secret, payload + 4,
		    MVMP_INIT_NOISE_LEN) != MVMP_INIT_NOISE_LEN)
		errx(1, "no INIT");
	mac(shake->frame + THIEF_MEMBER_AT, thief->member_key, MVMP_KEY_LEN, shake->frame,
		THIEF_MEMBER_AT);
}

/* ---- COOKIE ---- */

void thief_prove(uint8_t *init, const uint8_t cookie[static MVMP_MAC_FIELD_LEN])
{
	mac(init + THIEF_COOKIE_AT, cookie, MVMP_MAC_FIELD_LEN, init, THIEF_COOKIE_AT);
}

bool thief_open_cookie(const struct thief *thief, const uint8_t *init, const uint8_t *frame,
	size_t len, uint8_t body[static MVMP_COOKIE_SECRET_LEN])
{
	struct mvmp_frame head;
	struct mvmp_aead *key;
	int rc;

	if (mvmp_frame_decode(&head, MVMP_CONTROL, frame, len) || head.kind != MVMP_COOKIE)
		return false;
	key = derive_aead(thief, head.payload, "mvmp v1 cookie");
	rc = crypto->open(key, 0, init + THIEF_MEMBER_AT, MVMP_MAC_FIELD_LEN,
		head.payload + MVMP_ID_LEN, MVMP_COOKIE_SECRET_LEN + MVMP_TAG_LEN, body);
	crypto->aead_free(key);
	return !rc;
}
