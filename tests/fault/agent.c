/* SPDX-License-Identifier: Apache-2.0 */

/* The agent's verbs and its start, with one of its calls or all from one on failing. */

#include "agent_bed.h"
#include <jansson.h>
#include <sim/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STATE = FAULT_MEMORY | FAULT_DISK };

static struct mvmp_error error;
static int rc;
static char folder[32];

/* ---- start ---- */

static void make_empty(int with)
{
	bed_make(NULL);
}

/* One operation done, its wish and its line in the audit log. */
static void make_used(int with)
{
	bed_make(NULL);
	bed_begin();
	bed_pin(1, "1");
	assert_int_equal(bed.error.status, MVMP_OK);
	bed_run(3000);
	bed_kill(true);
}

static void run_start(void)
{
	error.text[0] = '\0';
	rc = bed_start(&error);
}

static unsigned drift_lines(void)
{
	Mvmp__DriftAnswer *answer;
	unsigned lines;

	bed_ask(MVMP_VERB_DRIFT_READ, NULL, NULL);
	assert_int_equal(bed.error.status, MVMP_OK);
	answer = mvmp__drift_answer__unpack(NULL, bed.len, bed.body);
	lines = (unsigned)answer->n_wish;
	mvmp__drift_answer__free_unpacked(answer, NULL);
	return lines;
}

static void check_start(enum fault_was was)
{
	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_true(error.text[0]);
		assert_null(bed.agent);
		bed_begin();
		rc = 0;
	}
	bed_pin(2, "0");
	bed_run(2000);
	assert_int_equal(bed.error.status, MVMP_OK);
}

/* Nothing that was kept is lost by a start that failed, or went well with less memory. */
static void check_start_used(enum fault_was was)
{
	unsigned applied;

	if (rc) {
		assert_int_not_equal(was, FAULT_NONE);
		assert_true(error.text[0]);
		assert_null(bed.agent);
		bed_begin();
		rc = 0;
	}
	applied = bed_pins();
	assert_int_equal(drift_lines(), 1);
	bed_pin(1, "1");
	assert_int_equal(bed.answers, 1);
	assert_int_equal(bed.error.status, MVMP_OK);
	assert_int_equal(bed_pins(), applied); /* from the journal */
	bed_run(5000);
	bed_kill(true);
	bed_begin();
	assert_int_equal(drift_lines(), 1);
	check_start(FAULT_NONE);
}

/* ---- changes ---- */

static const char *cpus;
static unsigned pins; /* applied before */
static struct {
	enum mvmp_status status;
	uint8_t body[4096];
	size_t len;
} first;

static void make_running(int with)
{
	bed_make(NULL);
	bed_begin();
	bed_pin(1, "1");
	assert_int_equal(bed.error.status, MVMP_OK);
	bed_run(12000); /* wishes are applied again by then */
	pins = bed_pins();
	cpus = with ? "any" : "0";
}

static void make_on_files(int with)
{
	strcpy(folder, "/tmp/mvmp-fault-XXXXXX");
	assert_non_null(mkdtemp(folder));
	bed_make(folder);
	bed_begin();
	bed_run(12000);
	pins = bed_pins();
	cpus = "0";
}

static void remove_files(void)
{
	char command[64];

	bed_remove();
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void run_pin(void)
{
	bed_pin(9, cpus);
	bed_run(4000);
}

/* Whether the statuses promise that nothing was changed. */
static bool refused(enum mvmp_status status)
{
	return status == MVMP_NO_MEMORY || status == MVMP_IO || status == MVMP_BUSY;
}

/* The same operation again: what was told stays true, and it is applied once at most. */
static void ask_again(void)
{
	bool undone = refused(first.status);

	pins = bed_pins();
	bed_pin(9, cpus);
	bed_run(4000);
	assert_int_equal(bed.answers, 1);
	if (first.status == MVMP_OK) {
		assert_int_equal(bed.error.status, MVMP_OK);
		assert_int_equal(bed.len, first.len);
		assert_memory_equal(bed.body, first.body, first.len);
	} else if (undone) {
		assert_int_equal(bed.error.status, MVMP_OK); /* done now */
	} else {
		assert_true(bed.error.status == MVMP_OK || bed.error.status == MVMP_INTERRUPTED ||
			    bed.error.status == MVMP_OUTCOME_UNKNOWN);
	}
	assert_int_equal(bed_pins() - pins, undone ? 1 : 0);
}

static void read_operation(void)
{
	uint8_t id[MVMP_ID_LEN] = {0, 0, 0, 0, 0, 100, [15] = 9};
	Mvmp__OperationRead body = MVMP__OPERATION_READ__INIT;
	Mvmp__OperationAnswer *answer;

	body.operation = (ProtobufCBinaryData){MVMP_ID_LEN, id};
	bed_ask(MVMP_VERB_OPERATION_READ, &body.base, NULL);
	assert_int_equal(bed.answers, 1);
	if (refused(first.status)) {
		assert_int_equal(bed.error.status, MVMP_NOT_FOUND); /* "nothing was changed" */
		return;
	}
	if (bed.error.status == MVMP_OUTCOME_UNKNOWN && first.status != MVMP_OK)
		return;
	assert_int_equal(bed.error.status, MVMP_OK);
	answer = mvmp__operation_answer__unpack(NULL, bed.len, bed.body);
	if (first.status == MVMP_OK)
		assert_int_equal(answer->status, MVMP_OK);
	mvmp__operation_answer__free_unpacked(answer, NULL);
}

static void check_pin(enum fault_was was)
{
	bed_run(10000); /* the disk is right again */
	assert_int_equal(bed.answers, 1);
	first.status = bed.error.status;
	first.len = bed.len;
	assert_true(bed.len <= sizeof first.body);
	memcpy(first.body, bed.body, bed.len);
	if (was == FAULT_NONE)
		assert_int_equal(first.status, MVMP_OK);
	else
		assert_true(first.status == MVMP_OK || bed.error.text[0]);
	assert_true(first.status == MVMP_OK || refused(first.status) ||
		    first.status == MVMP_OUTCOME_UNKNOWN || first.status == MVMP_RUNNING);
	assert_int_equal(bed_pins() - pins, refused(first.status) ? 0 : 1);
	if (first.status == MVMP_OK)
		assert_true(first.len > 0);
	read_operation();
	ask_again();
	if (refused(first.status)) { /* it is done by now */
		first.status = MVMP_OK;
		first.len = bed.len;
		memcpy(first.body, bed.body, bed.len);
	}
	bed_kill(bed.disk != bed.below);
	bed_begin();
	bed_run(12000);
	read_operation();
	ask_again();
	assert_int_equal(drift_lines(), bed.disk == bed.below || !strcmp(cpus, "0") ? 1 : 0);
	bed_pin(10, "1");
	assert_int_equal(bed.error.status, MVMP_OK);
}

/* ---- readings ---- */

static enum mvmp_verb verb;
static const ProtobufCMessage *question;
static struct {
	int with;
	uint8_t body[BED_BODY_MAX];
	size_t len;
} right = {.with = -1}; /* the answer where nothing failed */

static Mvmp__SampleRead sample_read, domain_read;
static Mvmp__Subscribe subscribe;
static Mvmp__Unsubscribe unsubscribe;
static Mvmp__RingRead ring_read;
static Mvmp__PerfRead perf_read;
static Mvmp__PerfReset perf_reset;
static Mvmp__AuditRead audit_read;
static Mvmp__OperationRead operation_read;
static Mvmp__Pin dry_pin;
static uint8_t domain_id[MVMP_ID_LEN] = {1, 2}, operation_id[MVMP_ID_LEN],
	       fresh_id[MVMP_ID_LEN] = {0, 0, 0, 0, 0, 100, 77};

static struct {
	enum mvmp_verb verb;
	const ProtobufCMessage *body;
} readings[] = {
	{MVMP_VERB_SAMPLE_READ, &sample_read.base},
	{MVMP_VERB_SAMPLE_READ, &domain_read.base},
	{MVMP_VERB_SUBSCRIBE, &subscribe.base},
	{MVMP_VERB_UNSUBSCRIBE, &unsubscribe.base},
	{MVMP_VERB_RING_READ, &ring_read.base},
	{MVMP_VERB_PERF_READ, &perf_read.base},
	{MVMP_VERB_PERF_RESET, &perf_reset.base},
	{MVMP_VERB_AUDIT_READ, &audit_read.base},
	{MVMP_VERB_OPERATION_READ, &operation_read.base},
	{MVMP_VERB_DRIFT_READ, NULL},
	{MVMP_VERB_PIN, &dry_pin.base},
};

static void write_questions(void)
{
	static ProtobufCBinaryData domains[1] = {{MVMP_ID_LEN, domain_id}};

	mvmp__sample_read__init(&sample_read);
	sample_read.kinds = UINT32_MAX;
	sample_read.texts = true;
	domain_read = sample_read;
	domain_read.domain_name = (char *)"null-01";
	domain_read.previous = true;
	mvmp__subscribe__init(&subscribe);
	subscribe.subscription = 3;
	subscribe.interval_ms = 1000;
	subscribe.kinds = UINT32_MAX;
	subscribe.lifetime_s = 100;
	subscribe.domain = domains;
	subscribe.n_domain = 1;
	mvmp__unsubscribe__init(&unsubscribe);
	unsubscribe.subscription = 1;
	mvmp__ring_read__init(&ring_read);
	ring_read.subscription = 1;
	mvmp__perf_read__init(&perf_read);
	perf_read.arrays = true;
	mvmp__perf_reset__init(&perf_reset);
	mvmp__audit_read__init(&audit_read);
	mvmp__operation_read__init(&operation_read);
	operation_id[5] = 100;
	operation_id[15] = 1;
	operation_read.operation = (ProtobufCBinaryData){MVMP_ID_LEN, operation_id};
	mvmp__pin__init(&dry_pin);
	dry_pin.domain = (char *)"null-01";
	dry_pin.cpus = (char *)"1";
	dry_pin.dry_run = true;
}

/* With a subscription that runs and samples in the ring. */
static void make_reading(int with)
{
	static Mvmp__Subscribe running = MVMP__SUBSCRIBE__INIT;

	write_questions();
	make_running(0);
	running.subscription = 1;
	running.interval_ms = 1000;
	running.kinds = UINT32_MAX;
	running.lifetime_s = 600;
	bed_ask(MVMP_VERB_SUBSCRIBE, &running.base, NULL);
	assert_int_equal(bed.error.status, MVMP_OK);
	bed_run(25500);
	verb = readings[with].verb;
	question = readings[with].body;
	if (right.with != with)
		right.len = 0;
	right.with = with;
}

static void ask(void)
{
	bed_ask(verb, question, verb == MVMP_VERB_PIN ? fresh_id : NULL);
	bed_run(700);
}

static void run_reading(void)
{
	ask();
}

/* A reset that failed has moved no counter's zero. */
static void no_baseline(void)
{
	Mvmp__PerfAnswer *answer;

	bed_ask(MVMP_VERB_PERF_READ, &perf_read.base, NULL);
	assert_int_equal(bed.error.status, MVMP_OK);
	answer = mvmp__perf_answer__unpack(NULL, bed.len, bed.body);
	assert_int_equal(answer->reset_ns, 0);
	for (size_t i = 0; i < answer->n_counter; i++) /* grows by 30 at each reading */
		assert_true(answer->counter[i]->level || answer->counter[i]->total % 30 == 0);
	mvmp__perf_answer__free_unpacked(answer, NULL);
}

/* A right answer is the one that was given where nothing failed; counters of the null backend
 * and what depends on the moment alone differ when it is asked again. */
static void check_reading(enum fault_was was)
{
	assert_int_equal(bed.answers, 1);
	if (was == FAULT_NONE) {
		assert_int_equal(bed.error.status, MVMP_OK);
		if (right.len)
			assert_int_equal(right.len, bed.len);
		right.len = bed.len;
		memcpy(right.body, bed.body, bed.len);
	} else if (bed.error.status == MVMP_OK) {
		assert_int_equal(right.len, bed.len);
		assert_memory_equal(right.body, bed.body, bed.len);
	} else {
		assert_true(bed.error.status == MVMP_NO_MEMORY || bed.error.status == MVMP_IO ||
			    bed.error.status == MVMP_FAILED);
		assert_true(bed.error.text[0]);
		if (verb == MVMP_VERB_PERF_RESET)
			no_baseline();
	}
	bed_run(1000);
	ask();
	assert_int_equal(bed.answers, 1);
	assert_int_equal(bed.error.status, MVMP_OK);
	assert_true(right.len == 0 || bed.len > 0);
}

/* ---- time ---- */

static unsigned frames;

static void run_time(void)
{
	frames = bed.frames;
	bed_run(12000);
}

/* Samples that could not be taken are missing; later ones are not. */
static void check_time(enum fault_was was)
{
	if (was == FAULT_NONE)
		assert_in_range(bed.frames - frames, 12, 100);
	bed_run(3000);
	frames = bed.frames;
	bed_run(5000);
	assert_in_range(bed.frames - frames, 5, 50);
}

static void make_sim(int with)
{
	static Mvmp__Subscribe running = MVMP__SUBSCRIBE__INIT;

	bed_backend = &mva_backend_sim;
	bed_options = "cpus=4,domains=3,vcpus=2";
	bed_make(NULL);
	bed_begin();
	running.subscription = 1;
	running.interval_ms = 1000;
	running.kinds = UINT32_MAX;
	running.lifetime_s = 600;
	bed_ask(MVMP_VERB_SUBSCRIBE, &running.base, NULL);
	verb = MVMP_VERB_SAMPLE_READ;
	write_questions();
	question = &sample_read.base;
	if (right.with != 100)
		right.len = 0;
	right.with = 100;
}

static void remove_sim(void)
{
	bed_remove();
	bed_backend = &mva_backend_null;
	bed_options = NULL;
}

static const struct fault_row rows[] = {
	{"start on an empty disk", STATE, make_empty, run_start, check_start, bed_remove, 0},
	{"start on what was kept", STATE, make_used, run_start, check_start_used, bed_remove, 0},
	{"pin", STATE, make_running, run_pin, check_pin, bed_remove, 0},
	{"unpin", STATE, make_running, run_pin, check_pin, bed_remove, 1},
	{"pin, on files", FAULT_FILE | FAULT_READ, make_on_files, run_pin, check_pin, remove_files,
		0},
	{"sample read", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 0},
	{"sample read of a domain", FAULT_MEMORY, make_reading, run_reading, check_reading,
		bed_remove, 1},
	{"subscribe", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 2},
	{"unsubscribe", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 3},
	{"ring read", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 4},
	{"perf read", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 5},
	{"perf reset", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 6},
	{"audit read", STATE, make_reading, run_reading, check_reading, bed_remove, 7},
	{"operation read", STATE, make_reading, run_reading, check_reading, bed_remove, 8},
	{"drift read", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 9},
	{"pin, dry run", FAULT_MEMORY, make_reading, run_reading, check_reading, bed_remove, 10},
	{"sample read, simulated node", FAULT_MEMORY, make_sim, run_reading, check_reading,
		remove_sim, 0},
	{"twelve seconds of samples", FAULT_MEMORY, make_sim, run_time, check_time, remove_sim, 0},
};

int main(int argc, char **argv)
{
	json_set_alloc_funcs(fault_malloc, fault_free);
	return fault_run("agent", rows, sizeof rows / sizeof rows[0], argc, argv);
}
