/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../mvagent/linux/source.h"
#include "../cmocka_all.h"
#include "guests_fixture.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct process vm = {.pid = 4000242,
	.name = "/usr/bin/qemu-system-x86_64",
	.arguments = "-name|guest=vm-1|-uuid|11000000-0000-0000-0000-000000000000",
	.thread = "CPU %u/KVM",
	.vcpus = 2,
	.state = 'S',
	.start = 1234};

struct outcome {
	unsigned calls;
	struct mvmp_error error;
	struct mva_pin_result result;
	bool has_result;
};

static int setup(void **state)
{
	static struct guests guests;

	guests_prepare(&guests);
	process_write(&guests, &vm);
	libvirt_add(&guests, 0x11);
	guests.libvirt.pin_before.bits[0] = 0xf;
	guests.libvirt.pin_after.bits[0] = 0x4;
	guests_open(&guests);
	guests_sample(&guests, 0);
	*state = &guests;
	return 0;
}

static int teardown(void **state)
{
	guests_close(*state);
	return 0;
}

static void take(void *ctx, const struct mvmp_error *error, const struct mva_pin_result *result)
{
	struct outcome *outcome = ctx;

	outcome->calls++;
	outcome->error = *error;
	outcome->has_result = result;
	if (result)
		outcome->result = *result;
}

static struct outcome pin(struct guests *g, const char *domain, unsigned vcpu, uint64_t cpus)
{
	struct mva_pin wish = {.vcpu = vcpu, .cpus = {{cpus}}};
	struct outcome outcome = {0};

	snprintf(wish.domain, sizeof(wish.domain), "%s", domain);
	g->host.backend->ops->pin(g->host.backend, &wish, take, &outcome);
	priv_local_step(&g->host.priv);
	assert_int_equal(outcome.calls, 1);
	return outcome;
}

/* A pinning reports what the system says before and after, and the next sample shows it. */
static void pins_and_reads_back(void **state)
{
	struct guests *g = *state;
	struct outcome out = pin(g, "vm-1", 0, 0x4);

	assert_int_equal(out.error.status, MVMP_OK);
	assert_true(out.has_result);
	assert_string_equal(out.result.name, "vm-1");
	assert_int_equal(out.result.uuid[0], 0x11);
	assert_int_equal(out.result.before.bits[0], 0xf);
	assert_int_equal(out.result.after.bits[0], 0x4);
	host_sample(&g->host, 10, 1 << MVMP_VCPU);
	assert_string_equal(guests_record(g, MVMP_VCPU, 0x11, 0)->text[MVMP_VT_AFFINITY], "2");
	/* also by UUID and by number */
	assert_int_equal(
		pin(g, "11000000-0000-0000-0000-000000000000", 0, 0x4).error.status, MVMP_OK);
	assert_int_equal(pin(g, "41", 0, 0x4).error.status, MVMP_OK);
}

/* Reading back something else is drift, with both named. */
static void drift_is_told(void **state)
{
	struct guests *g = *state;
	struct outcome out = pin(g, "vm-1", 0, 0x3);

	assert_int_equal(out.error.status, MVMP_DRIFT);
	assert_true(out.has_result);
	assert_string_equal(out.error.text, "vm-1 was pinned to pCPUs 0-1, the system says 2");
}

/* Wrong values are refused before anything is asked, naming them and the allowed ones. */
static void wrong_values_are_named(void **state)
{
	struct guests *g = *state;
	struct outcome out = pin(g, "vm-1", 0, 1ull << 9);

	assert_int_equal(out.error.status, MVMP_INVALID);
	assert_string_equal(
		out.error.text, "cannot pin vm-1 vCPU 0 to pCPU 9: this node has pCPUs 0-3");
	out = pin(g, "vm-1", 2, 1);
	assert_int_equal(out.error.status, MVMP_INVALID);
	assert_string_equal(out.error.text, "cannot pin vm-1 vCPU 2: it has vCPUs 0-1");
	out = pin(g, "vm-1", 0, 0);
	assert_int_equal(out.error.status, MVMP_INVALID);
	out = pin(g, "vm-9", 0, 1);
	assert_int_equal(out.error.status, MVMP_NOT_FOUND);
	assert_int_equal(g->libvirt.pins, 0);
}

/* A dry run reads only and is no drift; `any` stands for all pCPUs. */
static void dry_run_and_any(void **state)
{
	struct guests *g = *state;
	struct mva_pin wish = {.domain = "vm-1", .any = true, .dry_run = true};
	struct outcome out = {0};

	g->host.backend->ops->pin(g->host.backend, &wish, take, &out);
	assert_int_equal(g->host.priv.tasks, 1);
	assert_int_equal(g->host.priv.task[0].task, MVA_TASK_READ_PIN);
	priv_local_step(&g->host.priv);
	assert_int_equal(out.error.status, MVMP_OK);
	wish.dry_run = false;
	g->libvirt.pin_after.bits[0] = 0xf;
	g->host.backend->ops->pin(g->host.backend, &wish, take, &out);
	priv_local_step(&g->host.priv);
	assert_int_equal(out.error.status, MVMP_OK);
	assert_int_equal(out.result.after.bits[0], 0xf);
}

/* A pinning that is not answered may have happened; a stopped QEMU is not asked at all. */
static void unanswered_is_unknown(void **state)
{
	struct guests *g = *state;
	struct mva_pin wish = {.domain = "vm-1", .cpus = {{1}}};
	struct process stopped = vm;
	struct outcome out = {0};

	g->host.backend->ops->pin(g->host.backend, &wish, take, &out);
	priv_local_fail(&g->host.priv, MVMP_NO_ANSWER, "killed");
	assert_int_equal(out.error.status, MVMP_OUTCOME_UNKNOWN);
	out.error.status = MVMP_OK;
	g->host.backend->ops->pin(g->host.backend, &wish, take, &out);
	priv_local_fail(&g->host.priv, MVMP_OUTCOME_UNKNOWN, "the worker died");
	assert_int_equal(out.error.status, MVMP_OUTCOME_UNKNOWN);
	assert_non_null(strstr(out.error.text, "the worker died"));
	wish.dry_run = true; /* nothing was to be changed */
	g->host.backend->ops->pin(g->host.backend, &wish, take, &out);
	priv_local_fail(&g->host.priv, MVMP_OUTCOME_UNKNOWN, "the worker died");
	assert_int_equal(out.error.status, MVMP_FAILED);
	wish.dry_run = false;
	stopped.state = 'T';
	process_write(g, &stopped);
	guests_sample(g, 100);
	assert_int_equal(pin(g, "vm-1", 0, 1).error.status, MVMP_FAILED);
	assert_int_equal(g->libvirt.pins, 0);
}

/* The helper opens named sources only, and directories of QEMU processes only. */
static void closed_list_of_sources(void **state)
{
	struct guests *g = *state;
	struct mva_open what = {.source = MVA_SRC_PROC_FILE, .name = "kcore"};
	struct mvmp_error err = {0};
	int fd;

	assert_true(mva_linux_source_open(&what, g->host.root, &err) < 0);
	assert_int_equal(err.status, MVMP_NOT_ALLOWED);
	snprintf(what.name, sizeof(what.name), "../etc/shadow");
	assert_true(mva_linux_source_open(&what, g->host.root, &err) < 0);
	what = (struct mva_open){.source = MVA_SRC_SYS_DIR, .name = "kernel"};
	assert_true(mva_linux_source_open(&what, g->host.root, &err) < 0);
	what = (struct mva_open){.source = MVA_SRC_PROC_PID_DIR, .number = 1};
	assert_true(mva_linux_source_open(&what, g->host.root, &err) < 0);
	what.number = (uint32_t)getpid();
	assert_true(mva_linux_source_open(&what, "", &err) < 0);
	assert_int_equal(err.status, MVMP_NOT_ALLOWED);
	what.number = vm.pid;
	fd = mva_linux_source_open(&what, g->host.root, &err);
	assert_true(fd >= 0);
	close(fd);
	what = (struct mva_open){.source = MVA_SRC_COUNT};
	assert_true(mva_linux_source_open(&what, g->host.root, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pins_and_reads_back, setup, teardown),
		cmocka_unit_test_setup_teardown(drift_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_values_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(dry_run_and_any, setup, teardown),
		cmocka_unit_test_setup_teardown(unanswered_is_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_list_of_sources, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
