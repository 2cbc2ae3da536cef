/* SPDX-License-Identifier: Apache-2.0 */

/* The aggregator: its store, what goes into it, and the answers of each of its verbs. librrd's
 * own memory and files are its own; those of the program around it fail. */

#include "../unit/statsd/help.h"
#include <fault_run.h>
#include <math.h>
#include <mvmp.pb-c.h>
#include <mvmp/stats.h>
#include <query.h>
#include <resolve.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAINS = 12, FRAMES_MAX = 16, ROOM = 600, ANSWER_MAX = 1 << 20 };

static struct bed bed;
static struct mvs_store *store;
static struct mvmp_error error;
static int rc;

/* ---- the store ---- */

static void make_store(int with)
{
	bed_make_fast(&bed);
	for (int i = 1; i <= 5; i++)
		bed_put(&bed, i * 1000, 1, 1000u * (unsigned)i, 0);
	mvs_store_describe(bed.vif, "vif0", false);
	bed_run(&bed, 3);
	bed_run(&bed, 3);
	if (with)
		bed_close(&bed);
}

static void remove_store(void)
{
	bed_remove(&bed);
}

static void open_store(bool threaded)
{
	struct mvs_store_config config = {.directory = bed.directory,
		.step_s = 1,
		.interval_ms = 1000,
		.flush_s = 2,
		.files_max = 100,
		.queue_bytes = 1 << 16,
		.threaded = threaded};

	error.text[0] = '\0';
	store = NULL;
	assert_int_equal(mvs_profile_find(&config.profile, "small", &error), 0);
	rc = mvs_store_open(&config, &store, &error);
}

static void run_open(void)
{
	open_store(false);
}

static void run_open_threaded(void)
{
	open_store(true);
}

static void index_is_whole(struct mvs_store *opened)
{
	static const struct mvmp_key key = {{0x4d, 0x56}, 0};
	struct mvs_dir *dir = mvs_store_dir(opened, "r1-n01", false);
	struct mvs_file *file = dir ? mvs_store_file(dir, MVMP_VIF, &key, false) : NULL;

	assert_non_null(file);
	assert_string_equal(mvs_file_name(file), "vif0");
}

/* What the index said is known, or the store did not open: never a part, which would then be
 * written over the whole. */
static void check_open(enum fault_was was)
{
	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_int_equal(-rc, error.status);
		assert_true(error.text[0]);
		run_open();
		assert_int_equal(rc, 0);
	}
	index_is_whole(store);
	mvs_store_close(store);
	run_open();
	assert_int_equal(rc, 0);
	index_is_whole(store);
	mvs_store_close(store);
}

/* A second of rows for a file that is there, and for one that is new. */
static struct mvs_file *fresh;

static void run_rows(void)
{
	static const struct mvmp_key key = {{0x4d, 0x57}, 0};

	fresh = mvs_store_file(bed.dir, MVMP_VIF, &key, true);
	if (fresh)
		mvs_store_describe(fresh, "vif9", false);
	for (int i = 6; i <= 12; i++) {
		bed_put(&bed, i * 1000, 1, 1000u * (unsigned)i, 0);
		if (fresh) {
			struct mvmp_record record = {0};

			mvmp_set(&record, MVMP_I_RX_BYTES, 500u * (unsigned)i);
			mvs_store_put(bed.store, fresh, (uint64_t)(T0 + i) * 1000, 1, &record);
		}
		bed_run(&bed, 1);
	}
}

static double value_at(struct mvs_file *file, int second)
{
	time_t start = T0 + second - 1, end = T0 + second;
	unsigned long step = 1, sources, at = 0;
	char path[256], **names;
	rrd_value_t *data;
	double value;

	mvs_file_path(path, sizeof path, file);
	assert_int_equal(
		rrd_fetch_r(path, "AVERAGE", &start, &end, &step, &sources, &names, &data), 0);
	while (at < sources && strcmp(names[at], "rx_bytes"))
		at++;
	value = data[at];
	for (unsigned long i = 0; i < sources; i++)
		rrd_freemem(names[i]);
	rrd_freemem(names);
	rrd_freemem(data);
	return value;
}

/* Rows that wait are written when the disk is right again; rates are right or unknown. */
static void check_rows(enum fault_was was)
{
	double value;

	if (!fresh)
		assert_int_not_equal(was, FAULT_NONE);
	for (int i = 13; i <= 24; i++) {
		bed_put(&bed, i * 1000, 1, 1000u * (unsigned)i, 0);
		bed_run(&bed, 1);
	}
	bed_run(&bed, 5);
	bed_run(&bed, 5);
	for (int i = 7; i <= 22; i++) {
		value = value_at(bed.vif, i);
		assert_true(isnan(value) ? was != FAULT_NONE && i < 14 : fabs(value - 1000) < 1);
	}
	bed_close(&bed);
	run_open();
	assert_int_equal(rc, 0);
	index_is_whole(store);
	mvs_store_close(store);
}

/* ---- a core with one node, without any network ---- */

static struct mvs_core *core;
static struct mvs_node *node;
static uint64_t sequence;
static struct {
	unsigned count;
	struct mvmp_error error;
	uint8_t *body;
	size_t len;
} answer;

static uint64_t wall_ns(void *ctx)
{
	return T0 * MVMP_NS_PER_S + (core ? core->now : 0);
}

/* The linker sends the core's answers here. */
void __wrap_mvmp_server_answer(struct mvmp_server *server, mvmp_call call,
	const struct mvmp_error *err, const void *body, size_t len, uint64_t now);
void __wrap_mvmp_server_answer(struct mvmp_server *server, mvmp_call call,
	const struct mvmp_error *err, const void *body, size_t len, uint64_t now)
{
	static uint8_t bytes[ANSWER_MAX];

	assert_true(len <= sizeof bytes);
	answer.count++;
	answer.error = err ? *err : (struct mvmp_error){.status = MVMP_OK};
	answer.body = bytes;
	answer.len = len;
	if (len)
		memcpy(bytes, body, len);
}

static int new_core(void)
{
	struct mvs_core_config config = {.store = bed.store,
		.workers = mvs_workers_inline(),
		.interval_ms = 1000,
		.nodes_max = 8,
		.discover = true,
		.wall_ns = wall_ns};

	core = NULL;
	return mvs_core_new(&config, 0, &core, &error);
}

static void make_sample(struct mvmp_sample *sample, uint64_t number, unsigned domains)
{
	struct mvmp_record *r;

	mvmp_sample_reset(sample);
	sample->number = number;
	sample->mono_ns = number * MVMP_NS_PER_S;
	sample->kinds = 1u << MVMP_NODE | 1u << MVMP_DOMAIN;
	sample->instance[0] = sample->host_boot[0] = 1;
	r = mvmp_sample_add(sample, MVMP_NODE);
	mvmp_set(r, MVMP_N_DOMAINS, domains);
	mvmp_set(r, MVMP_N_LOAD1, number * 1000);
	for (unsigned i = 0; i < domains; i++) {
		r = mvmp_sample_add(sample, MVMP_DOMAIN);
		r->key.domain[0] = (uint8_t)(i + 1);
		mvmp_set(r, MVMP_D_ID, i);
		mvmp_set_text(r, MVMP_DT_NAME, "web");
	}
}

/* One second: a sample's frames, and the store's turn. */
static void give(uint64_t number, unsigned domains)
{
	static struct mvmp_sample sample;
	static uint8_t frame[FRAMES_MAX][ROOM];
	struct mvmp_stats_cursor cursor = {.sample = &sample, .kinds = UINT32_MAX, .texts = true};
	struct mvmp_stats_head head = {.subscription = MVS_SUBSCRIPTION, .interval_ms = 1000};
	int len[FRAMES_MAX], frames = 0;

	fault_pause();
	make_sample(&sample, number, domains);
	for (; !cursor.done; frames++) {
		assert_true(frames < FRAMES_MAX);
		head.sequence = ++sequence;
		len[frames] = mvmp_stats_pack(&cursor, &head, frame[frames], ROOM);
		assert_true(len[frames] > 0);
	}
	mvmp_sample_free(&sample);
	fault_resume();
	core->now = number * MVMP_NS_PER_S;
	mvs_timeline_update(&core->timeline, core->now, wall_ns(NULL));
	for (int i = 0; i < frames; i++)
		mvs_node_frame(node, frame[i], (size_t)len[i], true, core->now);
	mvs_node_expire(node, core->now + MVMP_NS_PER_S / 2);
	mvs_store_run(bed.store, core->now);
	mvs_store_reap(bed.store);
}

static void make_core(int with)
{
	bed_make_fast(&bed);
	sequence = 0;
	assert_int_equal(new_core(), 0);
	node = mvs_node_find(core, "r1-n01");
	if (!node)
		node = mvs_node_add(core, "r1-n01");
	assert_non_null(node);
	strcpy(node->name, "r1-n01");
	node->session = 1;
	node->phase = MVS_RUNNING;
	mvs_node_adopt_dir(node, true);
	for (uint64_t i = 100; i < 108; i++)
		give(i, 1);
}

static void remove_core(void)
{
	mvs_core_free(core);
	core = NULL;
	bed_remove(&bed);
}

/* More domains than before, so that tables grow. */
static void run_ingest(void)
{
	for (uint64_t i = 108; i < 112; i++)
		give(i, DOMAINS);
}

static void check_ingest(enum fault_was was)
{
	const struct mvs_snapshot *latest = node->live.now;

	if (!was)
		assert_int_equal(latest->sample.number, 111);
	for (uint64_t i = 112; i < 118; i++)
		give(i, DOMAINS);
	latest = node->live.now;
	assert_int_equal(latest->sample.number, 117);
	assert_int_equal(latest->sample.kind[MVMP_DOMAIN].count, DOMAINS);
	for (unsigned i = 0; i < DOMAINS; i++) {
		const struct mvmp_key key = {.domain = {(uint8_t)(i + 1)}};

		assert_non_null(mvs_snapshot_find(latest, MVMP_DOMAIN, &key));
		assert_non_null(mvs_store_file(node->dir, MVMP_DOMAIN, &key, false));
	}
	assert_string_equal(mvs_node_note(node, core->now), "");
}

/* A node whose directory could not be had at first. */
static void run_adopt(void)
{
	node->dir = NULL;
	mvs_node_adopt_dir(node, true);
}

static void make_strange(int with)
{
	make_core(0);
	strcpy(node->name, "r1-n77");
}

static void check_adopt(enum fault_was was)
{
	for (uint64_t i = 108; i < 112; i++)
		give(i, 1);
	assert_non_null(node->dir);
	assert_string_equal(mvs_dir_name(node->dir), "r1-n77");
}

/* ---- start ---- */

static void run_core(void)
{
	error.text[0] = '\0';
	rc = new_core();
}

static void remove_started(void)
{
	mvs_core_free(core);
	core = NULL;
	bed_remove(&bed);
}

static void check_core(enum fault_was was)
{
	assert_int_equal(rc, was ? -MVMP_NO_MEMORY : 0);
	if (rc) {
		assert_true(error.text[0]);
		assert_null(core);
		assert_int_equal(new_core(), 0);
	}
	assert_non_null(mvs_node_find(core, "r1-n01"));
}

/* ---- verbs ---- */

static Mvmp__CurrentRead current_read;
static Mvmp__SampleRead what;
static Mvmp__HistoryRead history_read;
static Mvmp__GraphRead graph_read;
static Mvmp__HistoryRead *series[1] = {&history_read};
static struct {
	int with;
	size_t len;
	uint8_t body[ANSWER_MAX];
} right = {.with = -1};
static struct {
	enum mvmp_verb verb;
	const ProtobufCMessage *body;
} verbs[] = {
	{MVMP_VERB_NODES_READ, NULL},
	{MVMP_VERB_CURRENT_READ, &current_read.base},
	{MVMP_VERB_HISTORY_READ, &history_read.base},
	{MVMP_VERB_GRAPH, &graph_read.base},
	{MVMP_VERB_STORE_READ, NULL},
};
static int asked;

static void make_asked(int with)
{
	mvmp__current_read__init(&current_read);
	mvmp__sample_read__init(&what);
	what.texts = what.previous = true;
	current_read.node = (char *)"r1-n01";
	current_read.what = &what;
	mvmp__history_read__init(&history_read);
	history_read.entity = (char *)"r1-n01";
	history_read.metric = (char *)"load";
	history_read.from_s = -6;
	mvmp__graph_read__init(&graph_read);
	graph_read.thumbnail = true;
	graph_read.what = series;
	graph_read.n_what = 1;
	make_core(0);
	asked = with;
	if (right.with != with)
		right.len = 0;
	right.with = with;
}

static void ask(void)
{
	static uint8_t bytes[512];
	const ProtobufCMessage *body = verbs[asked].body;
	struct mvmp_request request = {.call = 1,
		.session = 1,
		.verb = mvmp_verb_info(verbs[asked].verb),
		.body = bytes,
		.body_len = body ? protobuf_c_message_pack(body, bytes) : 0};

	answer.count = 0;
	mvs_core_request(core, &request, core->now);
	for (unsigned i = 0; i < 4 && !answer.count; i++) {
		mvs_store_run(bed.store, core->now);
		mvs_store_reap(bed.store);
	}
}

static bool is_image(void)
{
	return verbs[asked].verb == MVMP_VERB_GRAPH;
}

/* The store's directory has another name each time, an image the time it was drawn at. */
static bool compares(void)
{
	return verbs[asked].verb != MVMP_VERB_STORE_READ && !is_image();
}

static void check_answer(enum fault_was was)
{
	assert_int_equal(answer.count, 1);
	if (answer.error.status) {
		if (!was)
			fail_msg("%s", answer.error.text);
		assert_int_equal(answer.error.status, MVMP_NO_MEMORY);
		assert_true(answer.error.text[0]);
		ask();
		assert_int_equal(answer.count, 1);
		assert_int_equal(answer.error.status, MVMP_OK);
	}
	assert_true(answer.len > 0);
	if (!right.len) {
		right.len = answer.len;
		memcpy(right.body, answer.body, answer.len);
	}
	if (compares()) {
		assert_int_equal(answer.len, right.len);
		assert_memory_equal(answer.body, right.body, right.len);
	}
}

static const struct fault_row rows[] = {
	{"store opened", FAULT_MEMORY | FAULT_FILE | FAULT_READ | FAULT_SOCKET, make_store,
		run_open, check_open, remove_store, 1},
	{"store opened with its thread", FAULT_MEMORY | FAULT_PROCESS, make_store,
		run_open_threaded, check_open, remove_store, 1},
	{"rows stored", FAULT_MEMORY | FAULT_FILE, make_store, run_rows, check_rows, remove_store,
		0},
	{"aggregator started", FAULT_MEMORY, make_store, run_core, check_core, remove_started, 0},
	{"samples taken", FAULT_MEMORY, make_core, run_ingest, check_ingest, remove_core, 0},
	{"directory of a new node", FAULT_MEMORY, make_strange, run_adopt, check_adopt, remove_core,
		0},
	{"nodes read", FAULT_MEMORY, make_asked, ask, check_answer, remove_core, 0},
	{"current read", FAULT_MEMORY, make_asked, ask, check_answer, remove_core, 1},
	{"history read", FAULT_MEMORY, make_asked, ask, check_answer, remove_core, 2},
	{"graph", FAULT_MEMORY, make_asked, ask, check_answer, remove_core, 3},
	{"store read", FAULT_MEMORY, make_asked, ask, check_answer, remove_core, 4},
};

int main(int argc, char **argv)
{
	return fault_run("statsd", rows, sizeof rows / sizeof rows[0], argc, argv);
}
