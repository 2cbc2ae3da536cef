/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <mvmp/bytes.h>
#include <mvmp/noise.h>
#include <string.h>

static const struct mvmp_noise_pattern *const patterns[] = {
	&mvmp_noise_ix,
	&mvmp_noise_ixpsk2,
	&mvmp_noise_ixpsk0psk2,
	&mvmp_noise_nnpsk0,
};

/* One end of a vector's conversation. */
struct end {
	uint8_t prologue[128], psks[2][32], secret[32], public[32];
	struct mvmp_noise noise;
};

static const struct mvmp_noise_pattern *pattern_of(const json_t *vector)
{
	const char *name = json_string_value(json_object_get(vector, "protocol_name"));

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		if (!strcmp(patterns[i]->name, name))
			return patterns[i];
	}
	fail_msg("no pattern for %s", name);
	return NULL;
}

static size_t unhex(uint8_t *to, size_t size, const json_t *text)
{
	const char *hex = json_string_value(text);
	size_t len = hex ? strlen(hex) / 2 : 0;

	assert_true(len <= size);
	if (hex)
		assert_int_equal(mvmp_unhex(to, len, hex), 0);
	return len;
}

static json_t *field(const json_t *vector, bool initiator, const char *name)
{
	char key[32];

	snprintf(key, sizeof key, "%s_%s", initiator ? "init" : "resp", name);
	return json_object_get(vector, key);
}

static void start(struct end *end, const json_t *vector, bool initiator)
{
	struct mvmp_noise_config config = {
		.crypto = &mvmp_crypto_openssl,
		.pattern = pattern_of(vector),
		.initiator = initiator,
		.prologue = end->prologue,
		.psk = {end->psks[0], end->psks[1]},
		.static_secret = end->secret,
		.static_public = end->public,
	};
	const json_t *psks = field(vector, initiator, "psks");
	uint8_t ephemeral[32];

	config.prologue_len =
		unhex(end->prologue, sizeof end->prologue, field(vector, initiator, "prologue"));
	assert_int_equal(json_array_size(psks), config.pattern->psks);
	for (size_t i = 0; i < json_array_size(psks); i++)
		unhex(end->psks[i], 32, json_array_get(psks, i));
	if (unhex(end->secret, 32, field(vector, initiator, "static")))
		mvmp_crypto_openssl.dh_public(end->public, end->secret);
	mvmp_noise_start(&end->noise, &config);
	assert_int_equal(unhex(ephemeral, 32, field(vector, initiator, "ephemeral")), 32);
	mvmp_noise_set_ephemeral(&end->noise, ephemeral);
}

static void exchange(struct end *from, struct end *to, const json_t *message)
{
	uint8_t payload[256], expected[512], sealed[512], opened[256];
	size_t len = unhex(payload, sizeof payload, json_object_get(message, "payload"));
	size_t sealed_len =
		unhex(expected, sizeof expected, json_object_get(message, "ciphertext"));

	assert_int_equal(
		mvmp_noise_write(&from->noise, payload, len, sealed, sizeof sealed), sealed_len);
	assert_memory_equal(sealed, expected, sealed_len);
	assert_int_equal(
		mvmp_noise_read(&to->noise, sealed, sealed_len, opened, sizeof opened), len);
	assert_memory_equal(opened, payload, len);
}

static void check_transport(
	const struct mvmp_noise_keys *keys, const json_t *message, bool initiator, uint64_t counter)
{
	const struct mvmp_crypto_ops *crypto = &mvmp_crypto_openssl;
	uint8_t payload[256], expected[256], sealed[256];
	size_t len = unhex(payload, sizeof payload, json_object_get(message, "payload"));
	size_t sealed_len =
		unhex(expected, sizeof expected, json_object_get(message, "ciphertext"));
	struct mvmp_aead *aead = crypto->aead_new(initiator ? keys->send : keys->receive);

	assert_int_equal(sealed_len, len + MVMP_TAG_LEN);
	assert_int_equal(crypto->seal(aead, counter, NULL, 0, payload, len, sealed), 0);
	assert_memory_equal(sealed, expected, sealed_len);
	crypto->aead_free(aead);
}

static void run_vector(const json_t *vector)
{
	const json_t *messages = json_object_get(vector, "messages");
	struct mvmp_noise_keys ours, theirs;
	struct end initiator = {0}, responder = {0};
	uint8_t hash[32];

	start(&initiator, vector, true);
	start(&responder, vector, false);
	exchange(&initiator, &responder, json_array_get(messages, 0));
	exchange(&responder, &initiator, json_array_get(messages, 1));
	assert_int_equal(mvmp_noise_split(&initiator.noise, &ours), 0);
	assert_int_equal(mvmp_noise_split(&responder.noise, &theirs), 0);
	assert_memory_equal(ours.send, theirs.receive, 32);
	assert_memory_equal(ours.receive, theirs.send, 32);
	assert_memory_equal(ours.hash, theirs.hash, 32);
	if (unhex(hash, 32, json_object_get(vector, "handshake_hash")))
		assert_memory_equal(ours.hash, hash, 32);
	assert_true(json_array_size(messages) > 2);
	for (size_t i = 2; i < json_array_size(messages); i++)
		check_transport(&ours, json_array_get(messages, i), i % 2 == 0, (i - 2) / 2);
}

/* Every published vector of our suite comes out byte for byte: handshake messages, handshake
 * hash, and the first transport messages under the split keys. */
static void official_vectors(void **state)
{
	json_t *file = json_load_file(VECTORS "/noise.json", 0, NULL);
	const json_t *vectors = json_object_get(file, "vectors");

	assert_int_equal(json_array_size(vectors), 5);
	for (size_t i = 0; i < json_array_size(vectors); i++)
		run_vector(json_array_get(vectors, i));
	json_decref(file);
}

static unsigned dh_calls;

static int counting_dh(
	uint8_t out[static 32], const uint8_t secret[static 32], const uint8_t theirs[static 32])
{
	dh_calls++;
	return mvmp_crypto_openssl.dh(out, secret, theirs);
}

/* A pair of ends that share psks, ready to talk as the sessions do. */
struct pair {
	struct mvmp_crypto_ops crypto;
	uint8_t psk[32], secret[2][32], public[2][32];
	struct mvmp_noise end[2]; /* initiator, responder */
};

static void start_end(struct pair *pair, bool initiator, const uint8_t *psk, const char *prologue)
{
	unsigned i = initiator ? 0 : 1;
	uint8_t ephemeral[32];
	struct mvmp_noise_config config = {
		.crypto = &pair->crypto,
		.pattern = &mvmp_noise_ixpsk0psk2,
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = strlen(prologue),
		.psk = {psk, psk},
		.static_secret = pair->secret[i],
		.static_public = pair->public[i],
	};

	mvmp_random_os(NULL, pair->secret[i], 32);
	mvmp_random_os(NULL, ephemeral, 32);
	assert_int_equal(pair->crypto.dh_public(pair->public[i], pair -> secret[i]), 0);
	mvmp_noise_start(&pair->end[i], &config);
	mvmp_noise_set_ephemeral(&pair->end[i], ephemeral);
}

static void start_pair(struct pair *pair)
{
	pair->crypto = mvmp_crypto_openssl;
	pair->crypto.dh = counting_dh;
	memset(pair->psk, 7, sizeof pair->psk);
	start_end(pair, true, pair->psk, "boot 1");
	start_end(pair, false, pair->psk, "boot 1");
	dh_calls = 0;
}

/* A first message of somebody without the psk costs the responder no Diffie-Hellman, and the
 * responder can still read the message of a member afterwards. */
static void stranger_costs_no_dh(void **state)
{
	static const uint8_t wrong[32];
	struct pair pair;
	struct mvmp_noise member;
	uint8_t message[256], payload[256];
	int len;

	start_pair(&pair);
	member = pair.end[0];
	start_end(&pair, true, wrong, "boot 1");
	dh_calls = 0;
	len = mvmp_noise_write(&pair.end[0], "hi", 2, message, sizeof message);
	assert_int_equal(len, 2 + MVMP_NOISE_IX_OVERHEAD);
	assert_int_equal(
		mvmp_noise_read(&pair.end[1], message, (size_t)len, payload, sizeof payload),
		-EBADMSG);
	assert_null(mvmp_noise_remote_static(&pair.end[1]));
	len = mvmp_noise_write(&member, "hi", 2, message, sizeof message);
	assert_int_equal(
		mvmp_noise_read(&pair.end[1], message, (size_t)len, payload, sizeof payload), 2);
	assert_non_null(mvmp_noise_remote_static(&pair.end[1]));
	assert_int_equal(dh_calls, 0);
}

/* A first message made for another prologue (another boot of the responder) is refused. */
static void other_prologue_is_refused(void **state)
{
	struct pair pair;
	uint8_t message[256], payload[256];
	int len;

	start_pair(&pair);
	start_end(&pair, false, pair.psk, "boot 2");
	len = mvmp_noise_write(&pair.end[0], "hi", 2, message, sizeof message);
	assert_int_equal(
		mvmp_noise_read(&pair.end[1], message, (size_t)len, payload, sizeof payload),
		-EBADMSG);
}

static void flip_each_byte(struct mvmp_noise *reader, uint8_t *message, size_t len)
{
	uint8_t payload[256];

	for (size_t i = 0; i < len; i++) {
		message[i] ^= 0x10;
		assert_int_equal(
			mvmp_noise_read(reader, message, len, payload, sizeof payload), -EBADMSG);
		message[i] ^= 0x10;
	}
	for (size_t shorter = 0; shorter < len; shorter++)
		assert_int_equal(mvmp_noise_read(reader, message, shorter, payload, sizeof payload),
			-EBADMSG);
}

/* Forged or cut messages, however many, leave a handshake able to end well. */
static void forgeries_do_not_end_a_handshake(void **state)
{
	struct pair pair;
	struct mvmp_noise_keys a, b;
	uint8_t message[256], payload[256];
	int len;

	start_pair(&pair);
	len = mvmp_noise_write(&pair.end[0], "question", 8, message, sizeof message);
	flip_each_byte(&pair.end[1], message, (size_t)len);
	assert_int_equal(
		mvmp_noise_read(&pair.end[1], message, (size_t)len, payload, sizeof payload), 8);
	assert_memory_equal(mvmp_noise_remote_static(&pair.end[1]), pair.public[0], 32);
	len = mvmp_noise_write(&pair.end[1], "answer", 6, message, sizeof message);
	flip_each_byte(&pair.end[0], message, (size_t)len);
	assert_int_equal(
		mvmp_noise_read(&pair.end[0], message, (size_t)len, payload, sizeof payload), 6);
	assert_memory_equal(mvmp_noise_remote_static(&pair.end[0]), pair.public[1], 32);
	assert_int_equal(mvmp_noise_split(&pair.end[0], &a), 0);
	assert_int_equal(mvmp_noise_split(&pair.end[1], &b), 0);
	assert_memory_equal(a.send, b.receive, 32);
	assert_memory_not_equal(a.send, a.receive, 32);
}

/* Calls out of turn, without an ephemeral, or into a small buffer change nothing. */
static void misuse_changes_nothing(void **state)
{
	struct pair pair;
	struct mvmp_noise_keys keys;
	struct mvmp_noise bare;
	uint8_t message[256], payload[256];

	start_pair(&pair);
	assert_int_equal(mvmp_noise_split(&pair.end[0], &keys), -EPROTO);
	assert_int_equal(mvmp_noise_read(&pair.end[0], message, 200, payload, 256), -EPROTO);
	assert_int_equal(mvmp_noise_write(&pair.end[1], "x", 1, message, 256), -EPROTO);
	assert_int_equal(mvmp_noise_write(&pair.end[0], "x", 1, message, 96), -EMSGSIZE);
	bare = pair.end[0];
	bare.has_ephemeral = false;
	assert_int_equal(mvmp_noise_write(&bare, "x", 1, message, 256), -EPROTO);
	assert_int_equal(mvmp_noise_write(&pair.end[0], "xy", 2, message, 98), 98);
	assert_int_equal(mvmp_noise_read(&pair.end[1], message, 98, payload, 1), -EMSGSIZE);
	assert_int_equal(mvmp_noise_read(&pair.end[1], message, 98, payload, 2), 2);
}

static unsigned aeads_left;

static struct mvmp_aead *scarce_aead_new(const uint8_t key[static MVMP_KEY_LEN])
{
	return aeads_left-- ? mvmp_crypto_openssl.aead_new(key) : NULL;
}

/* A want of memory at any point of a message is told, and the same call works afterwards. */
static void want_of_memory_changes_nothing(void **state)
{
	struct pair pair;
	uint8_t message[256], payload[256];

	start_pair(&pair);
	pair.crypto.aead_new = scarce_aead_new;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct mvmp_noise *from = &pair.end[turn], *to = &pair.end[1 - turn];

		for (unsigned n = 0; n < 2; n++) {
			aeads_left = n;
			assert_int_equal(mvmp_noise_write(from, "x", 1, message, 256), -ENOMEM);
		}
		aeads_left = 2;
		assert_int_equal(mvmp_noise_write(from, "x", 1, message, 256), 97);
		for (unsigned n = 0; n < 2; n++) {
			aeads_left = n;
			assert_int_equal(mvmp_noise_read(to, message, 97, payload, 256), -ENOMEM);
		}
		aeads_left = 2;
		assert_int_equal(mvmp_noise_read(to, message, 97, payload, 256), 1);
	}
	assert_true(mvmp_noise_done(&pair.end[0]) && mvmp_noise_done(&pair.end[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(official_vectors),
		cmocka_unit_test(stranger_costs_no_dh),
		cmocka_unit_test(other_prologue_is_refused),
		cmocka_unit_test(forgeries_do_not_end_a_handshake),
		cmocka_unit_test(misuse_changes_nothing),
		cmocka_unit_test(want_of_memory_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
