/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's files by themselves: the journal with small segments, wishes, the audit log over a
 * rotation, the ring; and the thread that writes. */

#include "../unit/cmocka_all.h"
#include <aged.h>
#include <audit.h>
#include <committer.h>
#include <disk_memory.h>
#include <errno.h>
#include <fault_disk.h>
#include <fault_run.h>
#include <jansson.h>
#include <journal.h>
#include <poll.h>
#include <ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <subscription.h>
#include <wish.h>

enum { STATE = FAULT_MEMORY | FAULT_DISK, SERIAL = 204, OPERATIONS = 24, LINES = 24 };

static struct mva_disk *disk, *below;
static struct mva_batch batch;
static struct mvmp_error error;
static int rc;

static void make_disk(void)
{
	below = mva_disk_memory();
	disk = fault_disk(below);
	rc = 0;
	error.text[0] = '\0';
}

static void remove_disk(void)
{
	mva_batch_free(&batch);
	disk->ops->close(disk);
}

/* ---- journal ---- */

static const struct mva_journal_limits limits = {
	.segment_bytes = 600, .segments = 3, .operations = 1000};
static struct mva_journal *journal;
static uint64_t clock_ms;
static struct {
	bool intended; /* the intent was saved: it was applied */
	bool told;     /* the result was saved: it was told as done */
} operation[OPERATIONS];

static struct mva_intent intent_of(unsigned n)
{
	struct mva_intent intent = {.serial = SERIAL,
		.verb = 32,
		.wall_ns = (1000ull + n) * MVMP_NS_PER_MS,
		.operation = {[4] = (uint8_t)((1000 + n) >> 8), [5] = (uint8_t)(1000 + n)},
		.digest = {(uint8_t)n}};

	snprintf(intent.summary, sizeof intent.summary, "pin web-%02u vCPU 0 to 4", n);
	return intent;
}

static int save_journal(void)
{
	int ended;

	if (!mva_journal_dirty(journal))
		return 0;
	mva_batch_reset(&batch);
	mva_journal_save(journal, &batch);
	ended = mva_batch_run(&batch, disk);
	mva_journal_saved(journal, ended);
	return ended;
}

/* As the agent does it: applied when its intent is saved, told when its result is. */
static void operate(unsigned n)
{
	struct mva_intent intent = intent_of(n);
	struct mva_result result = {.status = MVMP_OK,
		.text = "",
		.hint = "",
		.body = intent.operation,
		.body_len = MVMP_ID_LEN};
	int ended;

	if (mva_journal_begin(journal, &intent))
		return;
	if (save_journal()) {
		mva_journal_abandon(journal, SERIAL, intent.operation);
		return;
	}
	operation[n].intended = true;
	ended = mva_journal_end(journal, SERIAL, intent.operation, &result);
	operation[n].told = !save_journal() && !ended;
}

static void open_journal(void)
{
	rc = mva_journal_open(disk, &limits, clock_ms * MVMP_NS_PER_MS, &journal, &error);
}

static void make_journal(int with)
{
	make_disk();
	clock_ms = 1;
	memset(operation, 0, sizeof operation);
	open_journal();
	assert_int_equal(rc, 0);
	for (unsigned n = 0; n < (unsigned)with; n++)
		operate(n);
}

static void remove_journal(void)
{
	mva_journal_close(journal);
	journal = NULL;
	remove_disk();
}

static void run_operations(void)
{
	for (unsigned n = 4; n < OPERATIONS - 2; n++)
		operate(n);
}

/* What was applied is never new again; what was told is there, or so old that it is refused. */
static void check_operation(unsigned n, bool restarted)
{
	struct mva_intent intent = intent_of(n), read;
	struct mva_result result;
	enum mva_journal_state state =
		mva_journal_find(journal, SERIAL, intent.operation, intent.digest);

	if (!operation[n].intended) {
		assert_true(restarted || state == MVA_JOURNAL_NEW || state == MVA_JOURNAL_EXPIRED);
		return;
	}
	assert_true(state == MVA_JOURNAL_DONE || state == MVA_JOURNAL_EXPIRED ||
		    (restarted && state == MVA_JOURNAL_INTERRUPTED && !operation[n].told));
	if (state != MVA_JOURNAL_DONE || !operation[n].told)
		return;
	assert_int_equal(mva_journal_result(journal, SERIAL, intent.operation, &read, &result), 0);
	assert_string_equal(read.summary, intent.summary);
	assert_int_equal(result.status, MVMP_OK);
	assert_int_equal(result.body_len, MVMP_ID_LEN);
	assert_memory_equal(result.body, intent.operation, MVMP_ID_LEN);
}

static void restart_journal(bool power)
{
	mva_journal_close(journal);
	if (power)
		mva_disk_memory_power_cut(below, 0);
	open_journal();
	assert_int_equal(rc, 0);
	assert_null(mva_journal_damage(journal));
}

static void check_operations(enum fault_was was)
{
	for (unsigned n = 0; n < OPERATIONS; n++) {
		if (was == FAULT_NONE && n < OPERATIONS - 2)
			assert_true(operation[n].told);
		check_operation(n, false);
	}
	operate(OPERATIONS - 2);
	operate(OPERATIONS - 1);
	assert_true(operation[OPERATIONS - 1].told);
	restart_journal(true);
	for (unsigned n = 0; n < OPERATIONS; n++)
		check_operation(n, true);
}

/* The power fails at once after the fault. */
static void check_operations_cut(enum fault_was was)
{
	restart_journal(true);
	for (unsigned n = 0; n < OPERATIONS; n++)
		check_operation(n, true);
	operate(OPERATIONS - 1);
	assert_true(operation[OPERATIONS - 1].told);
	check_operation(OPERATIONS - 1, true);
}

static void make_old_journal(int with)
{
	make_journal(OPERATIONS - 2);
	mva_journal_close(journal);
	journal = NULL;
	if (with) { /* an interrupted write at the end, and rot in the midst of another segment */
		uint8_t bytes[4096];
		ssize_t len = below->ops->read(below, "journal.00000002", 0, bytes, sizeof bytes);

		if (len > 100) {
			bytes[100] ^= 0x55;
			below->ops->remove(below, "journal.00000002");
			below->ops->append(below, "journal.00000002", bytes, (size_t)len);
			below->ops->sync(below, "journal.00000002");
			below->ops->sync_names(below);
		}
	}
	clock_ms = 5000;
}

static void run_open(void)
{
	open_journal();
}

static void check_open(enum fault_was was)
{
	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_true(error.text[0]);
		assert_null(journal);
		open_journal();
		assert_int_equal(rc, 0);
	}
	for (unsigned n = 0; n < OPERATIONS - 2; n++) {
		struct mva_intent intent = intent_of(n);

		assert_int_not_equal(
			mva_journal_find(journal, SERIAL, intent.operation, intent.digest),
			MVA_JOURNAL_NEW);
	}
}

/* ---- wishes ---- */

static struct mva_wishes wishes;
static uint64_t kept[3];

static struct mva_wish wish_of(uint32_t vcpu, unsigned cpu)
{
	struct mva_wish wish = {
		.uuid = {1, 2, 3}, .vcpu = vcpu, .name = "web-07", .who = "ada", .serial = SERIAL};

	mva_cpuset_add(&wish.cpus, cpu);
	return wish;
}

static uint64_t keep_wish(uint32_t vcpu, unsigned cpu)
{
	struct mva_wish wish = wish_of(vcpu, cpu);

	return mva_wishes_keep(&wishes, &wish);
}

static int save_wishes(void)
{
	mva_batch_reset(&batch);
	mva_wishes_save(&wishes, &batch);
	rc = mva_batch_run(&batch, disk);
	mva_wishes_saved(&wishes, rc);
	return rc;
}

/* Sixteen, so that the next one needs memory. */
static void make_wishes(int with)
{
	make_disk();
	for (uint32_t vcpu = 0; vcpu < 16; vcpu++)
		keep_wish(vcpu, vcpu % 4);
	assert_int_equal(save_wishes(), 0);
	wishes.rewrite = with;
}

static void remove_wishes(void)
{
	mva_wishes_clear(&wishes);
	remove_disk();
}

static void run_wishes(void)
{
	struct mva_wish first = wish_of(0, 0);

	kept[0] = keep_wish(20, 1);
	mva_wishes_forget(&wishes, first.uuid, 0, false);
	save_wishes();
	kept[1] = keep_wish(21, 2);
	save_wishes();
}

static bool has_wish(uint32_t vcpu)
{
	for (unsigned i = 0; i < wishes.count; i++) {
		if (wishes.at[i].vcpu == vcpu)
			return true;
	}
	return false;
}

static void check_wishes(enum fault_was was)
{
	kept[2] = keep_wish(22, 3);
	assert_int_not_equal(kept[2], 0);
	assert_int_equal(save_wishes(), 0);
	mva_disk_memory_power_cut(below, 0);
	mva_wishes_clear(&wishes);
	assert_int_equal(mva_wishes_load(&wishes, disk, &error), 0);
	if (mva_wishes_damage(&wishes))
		fail_msg("%s", mva_wishes_damage(&wishes));
	for (uint32_t vcpu = 0; vcpu < 16; vcpu++)
		assert_int_equal(has_wish(vcpu), vcpu > 0);
	assert_int_equal(has_wish(20), kept[0] != 0);
	assert_int_equal(has_wish(21), kept[1] != 0);
	assert_true(has_wish(22));
	if (was == FAULT_NONE)
		assert_true(kept[0] && kept[1]);
}

/* ---- audit ---- */

static struct mva_audit *audit;
static unsigned told, last_told;
static bool in_order;

static void add_line(unsigned n)
{
	char text[16];
	struct mva_audit_entry entry = {.wall_ns = n,
		.serial = SERIAL,
		.who = "ada",
		.verb = "pin",
		.arguments = text,
		.result = "ok",
		.text = ""};

	snprintf(text, sizeof text, "%u", n);
	mva_audit_add(audit, &entry);
}

static int save_audit(void)
{
	if (!mva_audit_dirty(audit))
		return 0;
	mva_batch_reset(&batch);
	mva_audit_save(audit, &batch);
	rc = mva_batch_run(&batch, disk);
	mva_audit_saved(audit, rc);
	return rc;
}

/* A file holds about eight lines. */
static void make_audit(int with)
{
	make_disk();
	audit = mva_audit_new(disk, 1200);
	assert_non_null(audit);
	for (unsigned n = 1; n <= (unsigned)with; n++) {
		add_line(n);
		assert_int_equal(save_audit(), 0);
	}
}

static void remove_audit(void)
{
	mva_audit_free(audit);
	audit = NULL;
	remove_disk();
}

static void run_audit(void)
{
	for (unsigned n = 7; n <= 10; n++) {
		add_line(n);
		save_audit();
	}
}

static void take_line(void *ctx, const struct mva_audit_entry *entry)
{
	unsigned n = (unsigned)strtoul(entry->arguments, NULL, 10);

	in_order &= n > last_told;
	last_told = n;
	told++;
}

static void read_audit(void)
{
	told = last_told = 0;
	in_order = true;
	rc = mva_audit_read(audit, 100, take_line, NULL);
	assert_int_equal(rc, told);
	assert_true(in_order); /* and none twice */
}

/* Lines are lost only for want of memory, however the disk failed while the file was full. */
static void check_audit(enum fault_was was)
{
	unsigned lost = 0;

	add_line(11);
	assert_int_equal(save_audit(), 0);
	read_audit();
	assert_int_equal(last_told, 11);
	mva_audit_free(audit);
	mva_disk_memory_power_cut(below, 0);
	audit = mva_audit_new(disk, 1200);
	read_audit();
	lost = 11 - told;
	assert_int_equal(last_told, 11);
	if (was == FAULT_NONE || batch.failed)
		assert_int_equal(lost, 0);
	assert_true(lost <= 4);
	add_line(12);
	assert_int_equal(save_audit(), 0);
	read_audit();
	assert_int_equal(last_told, 12);
}

/* ---- ring, subscriptions ---- */

static struct mva_ring *ring;
static struct mvmp_sample sample;

static void fill_sample(uint64_t number, unsigned records)
{
	mvmp_sample_reset(&sample);
	sample.number = number;
	sample.wall_ns = sample.mono_ns = number * MVMP_NS_PER_S;
	sample.kinds = 1u << MVMP_VCPU;
	for (unsigned i = 0; i < records; i++) {
		struct mvmp_record *r = mvmp_sample_add(&sample, MVMP_VCPU);

		assert_non_null(r);
		r->key.index = i;
		mvmp_set(r, 0, number * 1000 + i);
	}
}

static void make_ring(int with)
{
	ring = mva_ring_new(8, 4 << 20);
	assert_non_null(ring);
	fill_sample(1, 10);
	assert_int_equal(mva_ring_add(ring, &sample), 0);
	fill_sample(2, 900);
}

static void remove_ring(void)
{
	mva_ring_free(ring);
	mvmp_sample_free(&sample);
}

static void run_ring(void)
{
	struct mvmp_sample out = {0};

	rc = mva_ring_add(ring, &sample);
	if (!rc && mva_ring_next(ring, 1, 0, UINT64_MAX, &out) == 1)
		assert_int_equal(out.kind[MVMP_VCPU].count, 900);
	mvmp_sample_free(&out);
}

static void check_ring(enum fault_was was)
{
	struct mvmp_sample out = {0};

	if (rc)
		assert_int_equal(rc, -ENOMEM);
	fill_sample(3, 900);
	assert_int_equal(mva_ring_add(ring, &sample), 0);
	assert_int_equal(mva_ring_next(ring, 0, 0, UINT64_MAX, &out), 1);
	assert_int_equal(out.number, 1);
	assert_int_equal(mva_ring_next(ring, 1, 0, UINT64_MAX, &out), 1);
	assert_int_equal(out.number, rc ? 3 : 2);
	assert_int_equal(out.kind[MVMP_VCPU].count, 900);
	assert_int_equal(mva_ring_next(ring, 2, 0, UINT64_MAX, &out), 1);
	assert_int_equal(out.kind[MVMP_VCPU].at[899].value[0], 3899);
	mvmp_sample_free(&out);
}

static struct mva_subscriptions subscriptions;
static struct mva_subscribe how;

static void make_subscriptions(int with)
{
	static const uint8_t one[1][MVMP_ID_LEN] = {{1}}, two[2][MVMP_ID_LEN] = {{2}, {3}};

	memset(&subscriptions, 0, sizeof subscriptions);
	how = (struct mva_subscribe){.session = 5,
		.serial = SERIAL,
		.number = 1,
		.interval_ms = 1000,
		.kinds = 1,
		.lifetime_s = 60,
		.texts_every = 5,
		.domain = one,
		.domains = 1};
	assert_int_equal(mva_subscriptions_set(&subscriptions, &how, 1, NULL, &error), 0);
	how.domain = two;
	how.domains = 2;
	how.interval_ms = 2000;
	how.number = with ? 2 : 1; /* another one, or the same changed */
}

static void run_subscribe(void)
{
	rc = mva_subscriptions_set(&subscriptions, &how, 1, NULL, &error);
}

static void check_subscribe(enum fault_was was)
{
	const struct mva_subscription *sub = mva_subscriptions_find(&subscriptions, 5, 1);

	assert_int_equal(rc, was ? -MVMP_NO_MEMORY : 0);
	assert_non_null(sub);
	if (was) {
		assert_int_equal(sub->domains, 1);
		assert_int_equal(sub->interval_ns, MVMP_NS_PER_S);
		assert_int_equal(subscriptions.used, 1);
		run_subscribe();
		assert_int_equal(rc, 0);
	}
	sub = mva_subscriptions_find(&subscriptions, 5, how.number);
	assert_int_equal(sub->domains, 2);
	assert_int_equal(subscriptions.used, how.number);
	mva_subscriptions_clear(&subscriptions);
}

/* ---- the thread that writes ---- */

static struct mva_committer *committer;

static void make_committer(int with)
{
	make_disk();
	committer = NULL;
	mva_batch_reset(&batch);
	mva_batch_append(&batch, "file", "bytes", 5);
	mva_batch_add(&batch, MVA_STEP_SYNC, "file");
}

static void run_committer(void)
{
	committer = mva_committer_new(disk);
}

static void check_committer(enum fault_was was)
{
	struct pollfd wait = {.events = POLLIN};

	assert_int_equal(committer == NULL, was != FAULT_NONE);
	if (!committer)
		run_committer();
	assert_non_null(committer);
	wait.fd = mva_committer_descriptor(committer);
	mva_committer_run(committer, &batch);
	assert_int_equal(poll(&wait, 1, 5000), 1);
	assert_true(mva_committer_take(committer, &rc));
	assert_int_equal(rc, 0);
	mva_committer_free(committer);
}

static const struct fault_row rows[] = {
	{"journal over several segments", STATE, make_journal, run_operations, check_operations,
		remove_journal, 4},
	{"journal, power cut after the fault", STATE, make_journal, run_operations,
		check_operations_cut, remove_journal, 4},
	{"journal opened", STATE, make_old_journal, run_open, check_open, remove_journal, 0},
	{"damaged journal opened", STATE, make_old_journal, run_open, check_open, remove_journal,
		1},
	{"wishes saved as lines", STATE, make_wishes, run_wishes, check_wishes, remove_wishes, 0},
	{"wishes saved whole", STATE, make_wishes, run_wishes, check_wishes, remove_wishes, 1},
	{"audit log", STATE, make_audit, run_audit, check_audit, remove_audit, 6},
	{"ring", FAULT_MEMORY, make_ring, run_ring, check_ring, remove_ring, 0},
	{"subscription changed", FAULT_MEMORY, make_subscriptions, run_subscribe, check_subscribe,
		NULL, 0},
	{"subscription added", FAULT_MEMORY, make_subscriptions, run_subscribe, check_subscribe,
		NULL, 1},
	{"committer", FAULT_MEMORY | FAULT_SOCKET | FAULT_PROCESS, make_committer, run_committer,
		check_committer, remove_disk, 0},
};

int main(int argc, char **argv)
{
	json_set_alloc_funcs(fault_malloc, fault_free);
	return fault_run("state", rows, sizeof rows / sizeof rows[0], argc, argv);
}
