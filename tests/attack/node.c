/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include <err.h>
#include <errno.h>
#include <mvmp.pb-c.h>
#include <mvmp/server.h>
#include <mvmp/stats.h>
#include <stdlib.h>
#include <string.h>

/*
 * A compromised node: its own certificate and secret, and an agent that lies. It answers what
 * aggregators ask and sends them samples that say, as the word says:
 *   names     domains and devices called by paths, control characters and broken UTF-8
 *   many      4000 domains that nobody has, others in each sample
 *   uuids     the domains of UUIDs given as further words, as if they ran here
 *   times     times long gone, times to come, counters that jump, intervals of nothing
 *   garbage   frames with bytes of their middle turned
 *   called    its BEACONs say the name given, as if it were that node
 */

enum { INTERVAL_MS = 200, MANY = 4000, FRAME_ROOM = 1400, ANSWER_MAX = 900 << 10 };

struct liar {
	struct member member;
	const struct attack *attack;
	const char *how;
	mvmp_session subscriber;
	uint32_t subscription;
	uint64_t sequence, sent;
	struct mvmp_sample sample;
	struct ev_timer tick, end;
};

static const char *const bad_names[] = {"../../../../etc/cron.d/evil", "/etc/passwd",
	"a/b/../../..", "\x1b[2J\x1b]0;owned\x07", "line\nmvstatsd: ready\n", "nul\0hidden",
	"\xff\xfe\xc0\xaf..\xc0\xaf", "%s%n%s%n", "$(reboot)", "`reboot`", "a;b|c&d>e", "",
	"DS:x:GAUGE:1:0:U", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

enum { BAD_NAMES = sizeof bad_names / sizeof bad_names[0] };

/* A domain with a vCPU, an interface and a disk. */
static void add_guest(struct liar *liar, const uint8_t *uuid, const char *name, uint32_t index)
{
	static const enum mvmp_entity kinds[] = {MVMP_DOMAIN, MVMP_VCPU, MVMP_VIF, MVMP_VBD};

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct mvmp_record *record = mvmp_sample_add(&liar->sample, kinds[i]);

		if (!record)
			return;
		memcpy(record->key.domain, uuid, MVMP_ID_LEN);
		record->key.index = kinds[i] == MVMP_DOMAIN ? 0 : index;
		for (unsigned text = 0; text < MVMP_TEXTS_MAX; text++)
			snprintf(record->text[text], MVMP_TEXT_LEN, "%s", name);
		for (unsigned metric = 0; metric < 8; metric++)
			mvmp_set(record, metric, liar->sent * 1000 + metric);
	}
}

static void fill_names(struct liar *liar)
{
	for (unsigned i = 0; i < BAD_NAMES; i++) {
		uint8_t uuid[MVMP_ID_LEN] = {0xba, 0xd0, (uint8_t)i};

		add_guest(liar, uuid, bad_names[i], i % 3 ? i : UINT32_MAX - i);
	}
}

static void fill_many(struct liar *liar)
{
	for (unsigned i = 0; i < MANY / 4; i++) {
		uint8_t uuid[MVMP_ID_LEN];

		mvmp_random_os(NULL, uuid, sizeof uuid);
		add_guest(liar, uuid, "many", i);
	}
}

static void fill_uuids(struct liar *liar)
{
	for (int i = 1; i < liar->attack->argc; i++) {
		uint8_t uuid[MVMP_ID_LEN];

		if (!mvmp_uuid_parse(uuid, liar->attack->argv[i]))
			add_guest(liar, uuid, "stolen", 0);
	}
}

static void fill_times(struct liar *liar)
{
	static const uint64_t walls[] = {0, 1, UINT64_MAX, 4102444800ull * MVMP_NS_PER_S};
	uint8_t uuid[MVMP_ID_LEN] = {0x71, 0x3e};

	liar->sample.wall_ns = walls[liar->sent % 4];
	if (liar->sent % 3 == 1)
		liar->sample.mono_ns = UINT64_MAX;
	else if (liar->sent % 3 == 2)
		liar->sample.mono_ns = 0;
	add_guest(liar, uuid, "times", 0);
	liar->sample.kind[MVMP_DOMAIN].at[0].age_ns = liar->sent % 2 ? UINT64_MAX : 0;
	liar->sample.kind[MVMP_DOMAIN].at[0].incarnation = (uint32_t)liar->sent;
}

static void fill(struct liar *liar)
{
	struct mvmp_sample *sample = &liar->sample;
	struct mvmp_record *node;

	mvmp_sample_reset(sample);
	sample->number = liar->sent + 1;
	sample->mono_ns = mvmp_now();
	sample->wall_ns = mvmp_wall_s(NULL) * MVMP_NS_PER_S;
	memcpy(sample->instance, mvmp_endpoint_instance(mvmp_run_endpoint(liar->member.run)),
		MVMP_ID_LEN);
	mvmp_host_boot(sample->host_boot);
	sample->kinds = (1u << MVMP_ENTITY_COUNT) - 1;
	node = mvmp_sample_add(sample, MVMP_NODE);
	if (node)
		mvmp_set_text(node, MVMP_NT_NAME, "../n1");
	if (!strcmp(liar->how, "names"))
		fill_names(liar);
	else if (!strcmp(liar->how, "uuids"))
		fill_uuids(liar);
	else if (!strcmp(liar->how, "times"))
		fill_times(liar);
	else if (strcmp(liar->how, "called"))
		fill_many(liar);
}

static struct mvmp_stats_cursor cursor_of(const struct liar *liar)
{
	return (struct mvmp_stats_cursor){
		.sample = &liar->sample, .kinds = liar->sample.kinds, .texts = true};
}

static void turn_bytes(uint8_t *bytes, size_t len)
{
	for (unsigned i = 0; i < 4 && len > 40; i++) {
		uint32_t draw[2];

		mvmp_random_os(NULL, draw, sizeof draw);
		bytes[40 + draw[0] % (len - 40)] = (uint8_t)draw[1];
	}
}

/* One sample to the subscriber, in as many frames as it takes. */
static void send_sample(struct liar *liar)
{
	struct mvmp_stats_cursor cursor;
	struct mvmp_stats_head head = {
		.subscription = liar->subscription, .interval_ms = INTERVAL_MS};
	uint8_t bytes[FRAME_ROOM];
	int len;

	fill(liar);
	cursor = cursor_of(liar);
	if (!strcmp(liar->how, "times"))
		head.interval_ms = liar->sent % 2 ? 0 : UINT32_MAX;
	for (;;) {
		head.sequence = ++liar->sequence;
		len = mvmp_stats_pack(&cursor, &head, bytes, sizeof bytes);
		if (len <= 0)
			break;
		if (!strcmp(liar->how, "garbage"))
			turn_bytes(bytes, (size_t)len);
		if (mvmp_endpoint_send_stats(mvmp_run_endpoint(liar->member.run), liar->subscriber,
			    bytes, (size_t)len, mvmp_now()) == -ENOTCONN)
			liar->subscriber = 0;
	}
	liar->sent++;
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct liar *liar = timer->data;

	if (wire_ended)
		ev_break(loop, EVBREAK_ALL);
	else if (liar->subscriber)
		send_sample(liar);
}

static void on_end(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	ev_break(loop, EVBREAK_ALL);
}

/* ---- answers ---- */

static void answer(struct liar *liar, const struct mvmp_request *request,
	const ProtobufCMessage *message, uint64_t now)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *body = malloc(len + 1);

	if (!body)
		err(1, "no memory");
	protobuf_c_message_pack(message, body);
	mvmp_server_answer(mvmp_run_server(liar->member.run), request->call, NULL, body, len, now);
	free(body);
}

static void answer_sample(struct liar *liar, const struct mvmp_request *request, uint64_t now)
{
	static uint8_t bytes[ANSWER_MAX / FRAME_ROOM][FRAME_ROOM];
	ProtobufCBinaryData frame[ANSWER_MAX / FRAME_ROOM];
	Mvmp__SampleAnswer sample = MVMP__SAMPLE_ANSWER__INIT;
	struct mvmp_stats_head head = {.interval_ms = INTERVAL_MS};
	struct mvmp_stats_cursor cursor;
	int len;

	fill(liar);
	cursor = cursor_of(liar);
	while (sample.n_frame < ANSWER_MAX / FRAME_ROOM &&
		(len = mvmp_stats_pack(&cursor, &head, bytes[sample.n_frame], FRAME_ROOM)) > 0) {
		if (!strcmp(liar->how, "garbage"))
			turn_bytes(bytes[sample.n_frame], (size_t)len);
		frame[sample.n_frame] = (ProtobufCBinaryData){(size_t)len, bytes[sample.n_frame]};
		sample.n_frame++;
	}
	sample.frame = frame;
	sample.node = (char *)"n1"; /* as if it were another's */
	answer(liar, request, &sample.base, now);
}

static void answer_subscribe(struct liar *liar, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__SubscribeAnswer told = MVMP__SUBSCRIBE_ANSWER__INIT;
	Mvmp__Subscribe *asked = mvmp__subscribe__unpack(NULL, request->body_len, request->body);

	if (asked)
		liar->subscription = asked->subscription;
	mvmp__subscribe__free_unpacked(asked, NULL);
	liar->subscriber = request->session;
	told.interval_ms = strcmp(liar->how, "times") ? INTERVAL_MS : 0;
	told.lifetime_s = 60;
	answer(liar, request, &told.base, now);
}

static void on_request(void *ctx, const struct mvmp_request *request, uint64_t now)
{
	Mvmp__Empty nothing = MVMP__EMPTY__INIT;
	struct liar *liar = ctx;

	if (request->verb->verb == MVMP_VERB_SAMPLE_READ)
		answer_sample(liar, request, now);
	else if (request->verb->verb == MVMP_VERB_SUBSCRIBE)
		answer_subscribe(liar, request, now);
	else
		answer(liar, request, &nothing.base, now);
}

int attack_node(struct attack *attack)
{
	static struct liar liar;

	liar.attack = attack;
	liar.how = attack->argc ? attack->argv[0] : "names";
	member_begin(&liar.member, attack, true, NULL, NULL);
	if (!strcmp(liar.how, "called") && attack->argc > 1)
		snprintf(liar.member.identity.cert.name, sizeof liar.member.identity.cert.name,
			"%s", attack->argv[1]);
	if (mvmp_run_serve(liar.member.run, MVMP_ROLE_NODE, on_request, &liar))
		errx(1, "cannot serve");
	puts("begin");
	ev_timer_init(&liar.tick, on_tick, 0., INTERVAL_MS / 1000.);
	liar.tick.data = &liar;
	ev_timer_start(liar.member.loop, &liar.tick);
	ev_timer_init(&liar.end, on_end, (double)attack->seconds, 0.);
	ev_timer_start(liar.member.loop, &liar.end);
	ev_run(liar.member.loop, 0);
	printf("samples %llu\n", (unsigned long long)liar.sent);
	mvmp_sample_free(&liar.sample);
	member_end(&liar.member);
	return 0;
}
