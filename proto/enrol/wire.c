/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/clean_text.h>
#include <string.h>

_Static_assert((int)ENROL_FRAME_LEN == (int)MVMP_HEADER_LEN + (int)MVMP_ENROL_PAYLOAD,
	"the frame is as long as the table of kinds says");

void enrol_keys_derive(const struct mvmp_crypto_ops *crypto, struct enrol_keys *keys,
	const uint8_t secret[static MVMP_ENROL_SECRET_LEN])
{
	mvmp_hkdf(crypto, keys->psk, MVMP_KEY_LEN, NULL, 0, secret, MVMP_ENROL_SECRET_LEN,
		"mvmp v1 enrol psk");
	mvmp_hkdf(crypto, keys->mac, MVMP_KEY_LEN, NULL, 0, secret, MVMP_ENROL_SECRET_LEN,
		"mvmp v1 enrol mac");
}

void enrol_noise_start(const struct mvmp_crypto_ops *crypto, struct mvmp_noise *noise,
	const struct enrol_keys *keys, bool initiator, const uint8_t id[static ENROL_ID_LEN])
{
	static const char label[16] = "mvmp v1 enrol";
	uint8_t prologue[sizeof label + ENROL_ID_LEN];
	struct mvmp_noise_config config = {.crypto = crypto,
		.pattern = &mvmp_noise_nnpsk0,
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = sizeof prologue,
		.psk = {keys->psk}};

	memcpy(prologue, label, sizeof label);
	memcpy(prologue + sizeof label, id, ENROL_ID_LEN);
	mvmp_noise_start(noise, &config);
}

static void code_mac(const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys,
	uint8_t out[static MVMP_HASH_LEN], const uint8_t *frame)
{
	crypto->hmac(
		out, keys->mac, MVMP_KEY_LEN, frame, ENROL_FRAME_LEN - MVMP_MAC_FIELD_LEN, NULL, 0);
}

enum mvmp_verdict enrol_read(const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys,
	struct enrol_frame *frame, enum mvmp_channel channel, const uint8_t *bytes, size_t len)
{
	uint8_t mac[MVMP_HASH_LEN];
	struct mvmp_frame head;
	enum mvmp_verdict verdict = mvmp_frame_decode(&head, channel, bytes, len);

	if (verdict)
		return verdict;
	if (head.kind != MVMP_ENROL)
		return MVMP_DROP_ROLE;
	*frame = (struct enrol_frame){.step = (enum enrol_step)head.payload[0],
		.counter = head.counter,
		.head = bytes,
		.id = bytes + ENROL_HEAD_LEN - ENROL_ID_LEN,
		.body = bytes + ENROL_HEAD_LEN,
		.mac = bytes + ENROL_FRAME_LEN - MVMP_MAC_FIELD_LEN};
	code_mac(crypto, keys, mac, bytes);
	return mvmp_equal(mac, frame->mac, MVMP_MAC_FIELD_LEN) ? MVMP_ACCEPTED : MVMP_DROP_STRANGER;
}

void enrol_write_head(struct enrol_out *out, enum enrol_step step,
	const uint8_t id[static ENROL_ID_LEN], uint64_t counter)
{
	uint8_t *frame = enrol_out_frame(out);
	struct mvmp_frame head = {
		.kind = MVMP_ENROL, .payload_len = MVMP_ENROL_PAYLOAD, .counter = counter};

	mvmp_frame_encode(frame, &head);
	memset(frame + MVMP_HEADER_LEN, 0, 8);
	frame[MVMP_HEADER_LEN] = (uint8_t)step;
	memcpy(frame + MVMP_HEADER_LEN + 8, id, ENROL_ID_LEN);
}

void enrol_write_mac(
	const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys, struct enrol_out *out)
{
	uint8_t mac[MVMP_HASH_LEN];

	code_mac(crypto, keys, mac, enrol_out_frame(out));
	memcpy(enrol_out_body(out) + ENROL_BODY_LEN, mac, MVMP_MAC_FIELD_LEN);
}

int enrol_channel_set(const struct mvmp_crypto_ops *crypto, struct enrol_channel *channel,
	const struct mvmp_noise *noise)
{
	struct mvmp_noise_keys keys;

	if (mvmp_noise_split(noise, &keys))
		return -EPROTO;
	channel->send = crypto->aead_new(keys.send);
	channel->receive = crypto->aead_new(keys.receive);
	mvmp_wipe(&keys, sizeof keys);
	if (channel->send && channel->receive)
		return 0;
	enrol_channel_clear(crypto, channel);
	return -ENOMEM;
}

void enrol_channel_clear(const struct mvmp_crypto_ops *crypto, struct enrol_channel *channel)
{
	crypto->aead_free(channel->send);
	crypto->aead_free(channel->receive);
	*channel = (struct enrol_channel){0};
}

int enrol_seal(const struct mvmp_crypto_ops *crypto, const struct enrol_keys *keys,
	const struct enrol_channel *channel, struct enrol_out *out, enum enrol_step step,
	const uint8_t id[static ENROL_ID_LEN], uint64_t counter,
	const uint8_t plain[static ENROL_PLAIN_LEN])
{
	int ret;

	enrol_write_head(out, step, id, counter);
	ret = crypto->seal(channel->send, counter, enrol_out_frame(out), ENROL_HEAD_LEN, plain,
		ENROL_PLAIN_LEN, enrol_out_body(out));
	if (!ret)
		enrol_write_mac(crypto, keys, out);
	return ret;
}

int enrol_unseal(const struct mvmp_crypto_ops *crypto, const struct enrol_channel *channel,
	const struct enrol_frame *frame, uint8_t plain[static ENROL_PLAIN_LEN])
{
	return crypto->open(channel->receive, frame->counter, frame->head, ENROL_HEAD_LEN,
		frame->body, ENROL_BODY_LEN, plain);
}

/* ---- bodies ---- */

static void fill_up(struct mvmp_writer *w)
{
	memset(w->buf + w->used, 0, w->size - w->used);
}

void enrol_request_encode(
	uint8_t to[static ENROL_REQUEST_LEN], const struct mvmp_enrol_request *request)
{
	struct mvmp_writer w = mvmp_writer(to, ENROL_REQUEST_LEN);

	mvmp_put_bytes(&w, request->key, MVMP_KEY_LEN);
	mvmp_put_u8(&w, (uint8_t)strlen(request->name));
	mvmp_put_u8(&w, (uint8_t)request->macs);
	mvmp_put_u16(&w, 0);
	mvmp_put_u32(&w, 0);
	mvmp_put_bytes(&w, request->mac, sizeof request->mac);
	mvmp_put_bytes(&w, request->name, strlen(request->name));
	fill_up(&w);
}

bool enrol_request_decode(
	struct mvmp_enrol_request *request, const uint8_t from[static ENROL_REQUEST_LEN])
{
	struct mvmp_reader r = mvmp_reader(from, ENROL_REQUEST_LEN);
	struct mvmp_enrol_request read = {.macs = 0};
	uint8_t name_len;

	mvmp_get_bytes(&r, read.key, MVMP_KEY_LEN);
	name_len = mvmp_get_u8(&r);
	read.macs = mvmp_get_u8(&r);
	mvmp_get_view(&r, 6);
	if (name_len > MVMP_NAME_MAX || !read.macs || read.macs > MVMP_CERT_MACS_MAX)
		return false;
	mvmp_get_bytes(&r, read.mac, sizeof read.mac);
	for (unsigned i = read.macs; i < MVMP_CERT_MACS_MAX; i++)
		memset(read.mac[i], 0, MVMP_MAC_LEN);
	mvmp_get_bytes(&r, read.name, name_len);
	if (r.bad || (name_len && !mvmp_name_valid(read.name, name_len)))
		return false;
	*request = read;
	return true;
}

void enrol_piece_encode(uint8_t to[static ENROL_PLAIN_LEN], const struct enrol_piece *piece)
{
	struct mvmp_writer w = mvmp_writer(to, ENROL_PLAIN_LEN);

	mvmp_put_u32(&w, piece->total);
	mvmp_put_u32(&w, piece->offset);
	mvmp_put_u16(&w, piece->len);
	mvmp_put_u16(&w, 0);
	mvmp_put_u32(&w, 0);
	mvmp_put_bytes(&w, piece->bytes, piece->len);
	fill_up(&w);
}

bool enrol_piece_decode(struct enrol_piece *piece, const uint8_t from[static ENROL_PLAIN_LEN])
{
	struct mvmp_reader r = mvmp_reader(from, ENROL_PLAIN_LEN);

	piece->total = mvmp_get_u32(&r);
	piece->offset = mvmp_get_u32(&r);
	piece->len = mvmp_get_u16(&r);
	mvmp_get_view(&r, 6);
	piece->bytes = mvmp_get_view(&r, piece->len);
	return piece->bytes && piece->len && piece->total <= MVMP_ENROL_DELIVERY_MAX &&
	       piece->offset < piece->total && piece->len <= piece->total - piece->offset;
}

void enrol_answer_encode(uint8_t to[static ENROL_PLAIN_LEN], const struct enrol_answer *answer)
{
	struct mvmp_writer w = mvmp_writer(to, ENROL_PLAIN_LEN);
	size_t len = strlen(answer->text);

	mvmp_put_u16(&w, answer->status);
	mvmp_put_u16(&w, (uint16_t)len);
	mvmp_put_u32(&w, answer->offset);
	mvmp_put_u64(&w, 0);
	mvmp_put_bytes(&w, answer->text, len);
	fill_up(&w);
}

bool enrol_answer_decode(struct enrol_answer *answer, const uint8_t from[static ENROL_PLAIN_LEN])
{
	struct mvmp_reader r = mvmp_reader(from, ENROL_PLAIN_LEN);
	const uint8_t *text;
	uint16_t len;

	*answer = (struct enrol_answer){.status = mvmp_get_u16(&r)};
	len = mvmp_get_u16(&r);
	answer->offset = mvmp_get_u32(&r);
	mvmp_get_u64(&r);
	text = mvmp_get_view(&r, len);
	if (!text || len > ENROL_TEXT_MAX || answer->status >= MVMP_STATUS_COUNT)
		return false;
	mvmp_clean_text(answer->text, sizeof answer->text, text, len);
	return true;
}
