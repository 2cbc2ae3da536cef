/* SPDX-License-Identifier: Apache-2.0 */

/* Times in the tree are ticks of 10 ms; expected values are worked out from what is written. */

#include "../../../mvagent/linux/guest_users.h"
#include "../../../mvagent/linux/source.h"
#include "../cmocka_all.h"
#include "guests_fixture.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UUID_11 "11000000-0000-0000-0000-000000000000"
#define UUID_22 "22000000-0000-0000-0000-000000000000"

static const struct process kvm = {
	.pid = 4000242,
	.name = "/usr/bin/qemu-system-x86_64",
	.arguments = "-name|guest=vm-1,debug-threads=on|-S|-uuid|" UUID_11,
	.thread = "CPU %u/KVM",
	.vcpus = 2,
	.state = 'S',
	.utime = 500,
	.stime = 100,
	.guest = 450,
	.start = 1234,
};
static const struct process tcg = {
	.pid = 4000300,
	.name = "/usr/bin/qemu-system-x86_64",
	.arguments = "--name|one,,two|-smp|2|-M|pc",
	.thread = "ALL CPUs/TCG",
	.vcpus = 1,
	.state = 'S',
	.utime = 70,
	.stime = 7,
	.start = 99,
};
static const struct process other = {
	.pid = 4000500,
	.name = "/usr/bin/qemu-system-x86_64",
	.arguments = "-name|guest=vm-2|-uuid|" UUID_22,
	.thread = "CPU %u/KVM",
	.vcpus = 1,
	.state = 'S',
	.utime = 10,
	.stime = 10,
	.guest = 5,
	.start = 77,
};

static int setup(void **state)
{
	static struct guests guests;

	guests_prepare(&guests);
	*state = &guests;
	return 0;
}

static int teardown(void **state)
{
	guests_close(*state);
	return 0;
}

static bool is_unsupported(const struct mvmp_record *r, unsigned metric)
{
	return r->unsupported >> metric & 1 && !mvmp_has(r, metric);
}

/* A QEMU that nobody manages is shown by what the kernel tells, and the rest is unsupported. */
static void kernel_alone(void **state)
{
	struct guests *g = *state;
	const struct mvmp_record *r;

	g->libvirt.away = true;
	process_write(g, &kvm);
	guests_open(g);
	guests_sample(g, 0);
	r = guests_record(g, MVMP_DOMAIN, 0x11, 0);
	assert_string_equal(r->text[MVMP_DT_NAME], "vm-1");
	assert_string_equal(r->text[MVMP_DT_TYPE], "kvm");
	assert_string_equal(r->text[MVMP_DT_PIN], "per vCPU");
	assert_int_equal(r->incarnation, 1234);
	assert_int_equal(host_value(r, MVMP_D_CPU), 600 * TICK);
	assert_int_equal(host_value(r, MVMP_D_GUEST), 450 * TICK);
	assert_int_equal(host_value(r, MVMP_D_INTERRUPTION), 150 * TICK);
	assert_int_equal(host_value(r, MVMP_D_WAIT), 4000);
	assert_int_equal(host_value(r, MVMP_D_VCPUS), 2);
	assert_int_equal(host_value(r, MVMP_D_MEM_RSS), 1000ull * (uint64_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(host_value(r, MVMP_D_MAJFLT), 3);
	assert_true(is_unsupported(r, MVMP_D_STATE));
	assert_true(is_unsupported(r, MVMP_D_MEM_MAX));
	assert_true(is_unsupported(r, MVMP_D_VBDS));
	assert_int_equal(g->host.sample.kind[MVMP_VBD].count, 0);
	r = guests_record(g, MVMP_VCPU, 0x11, 1);
	assert_int_equal(host_value(r, MVMP_V_TIME), 1000000001);
	assert_int_equal(host_value(r, MVMP_V_WAIT), 2000);
	assert_int_equal(host_value(r, MVMP_V_SWITCHES), 30);
	assert_int_equal(host_value(r, MVMP_V_PCPU), 3);
	assert_string_equal(r->text[MVMP_VT_AFFINITY], "2");
	assert_string_equal(guests_record(g, MVMP_VCPU, 0x11, 0)->text[MVMP_VT_AFFINITY], "any");
}

static const struct mva_capability *capability(const struct guests *g, const char *name)
{
	const struct mva_capability *all;
	unsigned count = g->host.backend->ops->capabilities(g->host.backend, &all);

	for (unsigned i = 0; i < count; i++) {
		if (!strcmp(all[i].name, name))
			return &all[i];
	}
	return NULL;
}

/* When the processes cannot be looked at, a capability says why there are no guests. */
static void why_no_guests(void **state)
{
	struct guests *g = *state;

	guests_open(g);
	g->host.backend->ops->advance(g->host.backend);
	priv_local_fail(&g->host.priv, MVMP_UNSUPPORTED, "there is no program mvagent-worker");
	assert_non_null(capability(g, "guests"));
	assert_false(capability(g, "guests")->supported);
	assert_string_equal(capability(g, "guests")->reason, "there is no program mvagent-worker");
	guests_sample(g, 5000);
	assert_true(capability(g, "guests")->supported);
}

/* A process of a user whose guests are not shown shadows nobody, though it has the name and UUID
 * of a guest and came first; it is counted. Listed users' are guests. */
static void strangers_are_not_shown(void **state)
{
	struct guests *g = *state;
	struct process fake = kvm;
	uint32_t uid;

	fake.pid = kvm.pid - 100;
	process_write(g, &fake);
	process_user(g, &fake, 4242);
	process_write(g, &kvm);
	process_user(g, &kvm, (unsigned)geteuid());
	libvirt_add(g, 0x11);
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->host.sample.kind[MVMP_DOMAIN].count, 1);
	assert_int_equal(
		host_value(guests_record(g, MVMP_DOMAIN, 0x11, 0), MVMP_D_CPU), 600 * TICK);
	assert_false(capability(g, "guests.strangers")->supported);
	assert_non_null(strstr(capability(g, "guests.strangers")->reason, "4000142 of uid 4242"));
	assert_int_equal(mva_linux_qemu(fake.pid, g->host.root, &uid), MVA_QEMU_STRANGER);
	mva_guest_users_parse("4242");
	assert_int_equal(mva_linux_qemu(fake.pid, g->host.root, &uid), MVA_QEMU_GUEST);
	mva_guest_users_parse("");
}

/* Of two processes with one UUID the one that libvirt names is the guest, whichever came first;
 * the other is counted. */
static void libvirts_own_process_is_the_guest(void **state)
{
	struct guests *g = *state;
	struct process fake = kvm;

	fake.pid = kvm.pid - 100;
	fake.utime = 1;
	process_write(g, &fake);
	process_write(g, &kvm);
	libvirt_add(g, 0x11)->pid = kvm.pid;
	guests_open(g);
	guests_sample(g, 0);
	guests_sample(g, 5000);
	for (unsigned i = 0; i < 2; i++, guests_sample(g, 5000)) {
		assert_int_equal(g->host.sample.kind[MVMP_DOMAIN].count, 1);
		assert_int_equal(
			host_value(guests_record(g, MVMP_DOMAIN, 0x11, 0), MVMP_D_CPU), 600 * TICK);
		assert_false(capability(g, "guests.unique")->supported);
		assert_non_null(strstr(capability(g, "guests.unique")->reason, "4000142"));
	}
	process_end(g, &fake);
	guests_sample(g, 5000);
	assert_true(capability(g, "guests.unique")->supported);
}

/* Why a guest outside libvirt has neither state nor memory is told while there is one. */
static void why_no_state(void **state)
{
	struct guests *g = *state;

	process_write(g, &kvm);
	guests_open(g);
	guests_sample(g, 0);
	assert_false(capability(g, "guests.libvirt")->supported);
	assert_non_null(strstr(capability(g, "guests.libvirt")->reason, "1 guest(s)"));
	libvirt_add(g, 0x11);
	guests_sample(g, 12000);
	assert_true(capability(g, "guests.libvirt")->supported);
}

/* Software emulation has no guest time; one thread for all vCPUs tells none of them. */
static void emulation_by_one_thread(void **state)
{
	struct guests *g = *state;
	const struct mvmp_record *r;

	g->libvirt.away = true;
	process_write(g, &tcg);
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->host.sample.kind[MVMP_DOMAIN].count, 1);
	r = &g->host.sample.kind[MVMP_DOMAIN].at[0];
	assert_string_equal(r->text[MVMP_DT_NAME], "one,two");
	assert_string_equal(r->text[MVMP_DT_TYPE], "qemu");
	assert_int_equal(host_value(r, MVMP_D_CPU), 77 * TICK);
	assert_true(is_unsupported(r, MVMP_D_GUEST));
	assert_true(is_unsupported(r, MVMP_D_INTERRUPTION));
	assert_true(is_unsupported(r, MVMP_D_WAIT));
	assert_int_equal(g->host.sample.kind[MVMP_VCPU].count, 0);
}

/* Processes that are no guests are not shown: other programs, and libvirt's own questions. */
static void no_guests(void **state)
{
	struct guests *g = *state;
	struct process p = kvm;

	g->libvirt.away = true;
	p.name = "/usr/bin/qemu-img";
	process_write(g, &p);
	p.pid++;
	p.name = "/bin/bash";
	process_write(g, &p);
	p.pid = 4000900;
	p.name = kvm.name;
	p.arguments = "-S|-machine|none,accel=kvm:tcg|-name|probe";
	process_write(g, &p);
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->host.sample.kind[MVMP_DOMAIN].count, 0);
	assert_int_equal(host_value(host_record(&g->host, MVMP_NODE, 0), MVMP_N_DOMAINS), 0);
}

/* libvirt adds state, number, memory, devices; block figures come with their age. */
static void libvirt_adds(void **state)
{
	struct guests *g = *state;
	const struct mvmp_record *r;

	process_write(g, &kvm);
	libvirt_add(g, 0x11);
	snprintf(g->libvirt.block.target, MVMP_TEXT_LEN, "vda");
	g->libvirt.block.present = 1 << MVMP_B_RD_REQS | 1 << MVMP_B_RD_SECTORS;
	g->libvirt.block.value[MVMP_B_RD_REQS] = 17;
	g->libvirt.block.value[MVMP_B_RD_SECTORS] = 99;
	g->libvirt.balloon = (struct mva_balloon){
		.present = MVA_BALLOON_CURRENT | MVA_BALLOON_UNUSED | MVA_BALLOON_LAST_UPDATE,
		.current = 200 << 20,
		.unused = 5 << 20,
		.last_update_s = 990};
	guests_open(g);
	guests_sample(g, 0);
	r = guests_record(g, MVMP_DOMAIN, 0x11, 0);
	assert_int_equal(host_value(r, MVMP_D_ID), 41);
	assert_int_equal(host_value(r, MVMP_D_STATE), MVMP_STATE_RUNNING);
	assert_int_equal(host_value(r, MVMP_D_MEM_MAX), 512 << 20);
	assert_int_equal(host_value(r, MVMP_D_MEM_CURRENT), 200 << 20);
	assert_int_equal(host_value(r, MVMP_D_MEM_UNUSED), 5 << 20);
	/* the clock of the test stands at 1000 s */
	assert_int_equal(host_value(r, MVMP_D_MEM_AGE), 10 * MVMP_NS_PER_S);
	r = guests_record(g, MVMP_VBD, 0x11, 0);
	assert_int_equal(host_value(r, MVMP_B_RD_REQS), 17);
	assert_int_equal(host_value(r, MVMP_B_RD_SECTORS), 99);
	assert_false(mvmp_has(r, MVMP_B_WR_REQS));
	assert_true(is_unsupported(r, MVMP_B_OUTSTANDING));
	assert_int_equal(r->quality, MVMP_FRESH);
	assert_int_equal(r->age_ns, 0);
	assert_string_equal(r->text[MVMP_BT_SOURCE], "/disk.img");
	/* three seconds later the figures are the same, older, and say why */
	guests_sample(g, 3000);
	r = guests_record(g, MVMP_VBD, 0x11, 0);
	assert_int_equal(r->quality, MVMP_LAST_GOOD);
	assert_int_equal(r->reason, MVMP_REASON_WAITING);
	assert_int_equal(r->age_ns, 3 * MVMP_NS_PER_S);
	assert_int_equal(g->libvirt.asked[0], 1);
	guests_sample(g, 7000);
	assert_int_equal(g->libvirt.asked[0], 2);
	assert_int_equal(guests_record(g, MVMP_VBD, 0x11, 0)->age_ns, 0);
	/* a device that the node does not have gives no counters */
	r = guests_record(g, MVMP_VIF, 0x11, 0);
	assert_int_equal(r->present, 0);
	assert_string_equal(r->text[MVMP_IT_MAC], "52:54:00:01:02:03");
}

/* A QEMU stopped by a signal is not asked; its kernel figures stay fresh, its disks keep the
 * last figures with age and reason, and its neighbour notices nothing. */
static void stopped_guest(void **state)
{
	struct guests *g = *state;
	struct process p = kvm;
	const struct mvmp_record *r;

	process_write(g, &kvm);
	process_write(g, &other);
	libvirt_add(g, 0x11);
	libvirt_add(g, 0x22);
	snprintf(g->libvirt.block.target, MVMP_TEXT_LEN, "vda");
	g->libvirt.block.present = 1 << MVMP_B_WR_REQS;
	g->libvirt.block.value[MVMP_B_WR_REQS] = 5;
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->libvirt.asked[0], 1);
	p.state = 'T';
	p.utime = 600;
	process_write(g, &p);
	guests_sample(g, 30000);
	r = guests_record(g, MVMP_DOMAIN, 0x11, 0);
	assert_int_equal(r->reason, MVMP_REASON_HUNG);
	assert_int_equal(r->quality, MVMP_FRESH);
	assert_int_equal(host_value(r, MVMP_D_CPU), 700 * TICK);
	r = guests_record(g, MVMP_VBD, 0x11, 0);
	assert_int_equal(r->quality, MVMP_LAST_GOOD);
	assert_int_equal(r->reason, MVMP_REASON_HUNG);
	assert_int_equal(r->age_ns, 30 * MVMP_NS_PER_S);
	assert_int_equal(host_value(r, MVMP_B_WR_REQS), 5);
	assert_int_equal(g->libvirt.asked[0], 1);
	r = guests_record(g, MVMP_VBD, 0x22, 0);
	assert_int_equal(r->quality, MVMP_FRESH);
	assert_int_equal(r->reason, MVMP_REASON_NONE);
	assert_int_equal(guests_record(g, MVMP_DOMAIN, 0x22, 0)->reason, MVMP_REASON_NONE);
	/* it goes on: asked again at once */
	p.state = 'S';
	process_write(g, &p);
	guests_sample(g, 1000);
	assert_int_equal(g->libvirt.asked[0], 2);
	assert_int_equal(guests_record(g, MVMP_DOMAIN, 0x11, 0)->reason, MVMP_REASON_NONE);
	assert_int_equal(guests_record(g, MVMP_VBD, 0x11, 0)->quality, MVMP_FRESH);
}

/* A domain that does not answer is asked after 20, 40 and then every 60 seconds. */
static void hung_guest_backs_off(void **state)
{
	struct guests *g = *state;

	process_write(g, &kvm);
	libvirt_add(g, 0x11);
	g->libvirt.hangs[0] = true;
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->libvirt.asked[0], 1);
	assert_int_equal(guests_record(g, MVMP_DOMAIN, 0x11, 0)->reason, MVMP_REASON_HUNG);
	guests_sample(g, 19999);
	assert_int_equal(g->libvirt.asked[0], 1);
	guests_sample(g, 1);
	assert_int_equal(g->libvirt.asked[0], 2);
	guests_sample(g, 39999);
	assert_int_equal(g->libvirt.asked[0], 2);
	guests_sample(g, 1);
	assert_int_equal(g->libvirt.asked[0], 3);
	guests_sample(g, 60000);
	assert_int_equal(g->libvirt.asked[0], 4);
	guests_sample(g, 59999);
	assert_int_equal(g->libvirt.asked[0], 4);
	g->libvirt.hangs[0] = false;
	guests_sample(g, 1);
	assert_int_equal(g->libvirt.asked[0], 5);
	assert_int_equal(guests_record(g, MVMP_DOMAIN, 0x11, 0)->reason, MVMP_REASON_NONE);
	guests_sample(g, 10000);
	assert_int_equal(g->libvirt.asked[0], 6);
}

static unsigned count_questions(const struct host *host)
{
	unsigned count = 0;

	for (unsigned i = 0; i < host->priv.tasks; i++)
		count += host->priv.task[i].task == MVA_TASK_BLOCK;
	return count;
}

/* Never more than four questions are out, whatever hangs, and none when eight domains are
 * known to be stuck. */
static void questions_are_bounded(void **state)
{
	struct guests *g = *state;
	struct host *host = &g->host;
	unsigned most = 0, asked = 0;

	for (uint8_t n = 0; n < LIBVIRT_MAX; n++) {
		struct process p = other;
		char arguments[128];

		p.pid += 100u * n;
		snprintf(arguments, sizeof(arguments),
			"-name|guest=vm|-uuid|%02x000000-0000-0000-0000-000000000000", 0xa0 + n);
		p.arguments = arguments;
		process_write(g, &p);
		libvirt_add(g, (uint8_t)(0xa0 + n));
	}
	for (unsigned n = 0; n < LIBVIRT_MAX; n++)
		g->libvirt.hangs[n] = true;
	guests_open(g);
	for (unsigned round = 0; round < 20; round++) {
		host->backend->ops->advance(host->backend);
		assert_in_range(count_questions(host), 0, 4);
		most = count_questions(host) > most ? count_questions(host) : most;
		priv_local_step(&host->priv);
	}
	for (unsigned n = 0; n < LIBVIRT_MAX; n++)
		asked += g->libvirt.asked[n];
	assert_int_equal(most, 4);
	assert_int_equal(asked, 8);
}

/* While libvirt is away its domains keep their kernel figures and say why the rest is old; when
 * it is back, so are they. */
static void libvirt_away_and_back(void **state)
{
	struct guests *g = *state;
	struct process p = kvm;
	const struct mvmp_record *r;

	process_write(g, &kvm);
	libvirt_add(g, 0x11);
	guests_open(g);
	guests_sample(g, 0);
	g->libvirt.away = true;
	p.utime = 900;
	process_write(g, &p);
	guests_sample(g, 10000);
	r = guests_record(g, MVMP_DOMAIN, 0x11, 0);
	assert_int_equal(r->reason, MVMP_REASON_NO_LIBVIRT);
	assert_int_equal(host_value(r, MVMP_D_CPU), 1000 * TICK);
	assert_int_equal(host_value(r, MVMP_D_STATE), MVMP_STATE_RUNNING);
	assert_int_equal(guests_record(g, MVMP_VBD, 0x11, 0)->quality, MVMP_LAST_GOOD);
	g->libvirt.away = false;
	g->libvirt.domain[0].state = MVMP_STATE_PAUSED;
	guests_sample(g, 40000);
	r = guests_record(g, MVMP_DOMAIN, 0x11, 0);
	assert_int_equal(r->reason, MVMP_REASON_NONE);
	assert_int_equal(host_value(r, MVMP_D_STATE), MVMP_STATE_PAUSED);
}

/* A guest whose process ended is gone from the very next sample; a new process of the same
 * domain is a new incarnation. */
static void end_and_restart(void **state)
{
	struct guests *g = *state;
	struct process p = kvm;
	uint32_t first;

	process_write(g, &kvm);
	process_write(g, &other);
	libvirt_add(g, 0x11);
	libvirt_add(g, 0x22);
	guests_open(g);
	guests_sample(g, 0);
	first = guests_record(g, MVMP_DOMAIN, 0x11, 0)->incarnation;
	process_end(g, &kvm);
	host_sample(&g->host, 100, 1 << MVMP_DOMAIN | 1 << MVMP_VBD | 1 << MVMP_NODE);
	assert_null(guests_record(g, MVMP_DOMAIN, 0x11, 0));
	assert_null(guests_record(g, MVMP_VBD, 0x11, 0));
	assert_non_null(guests_record(g, MVMP_DOMAIN, 0x22, 0));
	p.pid = 4000800;
	p.start = 5555;
	process_write(g, &p);
	guests_sample(g, 1000);
	assert_int_not_equal(guests_record(g, MVMP_DOMAIN, 0x11, 0)->incarnation, first);
	assert_int_equal(host_value(host_record(&g->host, MVMP_NODE, 0), MVMP_N_DOMAINS), 2);
}

/* A disk that answers without being known is described at once, and only once while its
 * description still lacks it. */
static void plugged_disk_is_described(void **state)
{
	struct guests *g = *state;
	struct mva_libvirt_domain *domain;

	process_write(g, &kvm);
	domain = libvirt_add(g, 0x11);
	snprintf(g->libvirt.block.target, MVMP_TEXT_LEN, "vda");
	guests_open(g);
	guests_sample(g, 0);
	assert_int_equal(g->libvirt.fresh, 0);
	snprintf(g->libvirt.block.target, MVMP_TEXT_LEN, "vdb");
	domain->vbds = 2;
	domain->vbd[1] = (struct mva_vbd_info){.index = 1, .name = "vdb", .type = "file"};
	guests_sample(g, 10000);
	guests_sample(g, 300);
	assert_int_equal(g->libvirt.fresh, 1);
	assert_string_equal(guests_record(g, MVMP_VBD, 0x11, 1)->text[MVMP_BT_NAME], "vdb");
	guests_sample(g, 10000);
	guests_sample(g, 10000);
	assert_int_equal(g->libvirt.fresh, 1);
}

/* A steady sample opens nothing. */
static void steady_sample_opens_nothing(void **state)
{
	struct guests *g = *state;
	unsigned opened;

	process_write(g, &kvm);
	libvirt_add(g, 0x11);
	guests_open(g);
	guests_sample(g, 0);
	opened = g->host.priv.opened;
	for (unsigned i = 0; i < 30; i++)
		guests_sample(g, 1000);
	assert_int_equal(g->host.priv.opened, opened);
	assert_non_null(guests_record(g, MVMP_DOMAIN, 0x11, 0));
}

/* Interruption time never steps back, even when the kernel's two figures disagree. */
static void interruption_does_not_step_back(void **state)
{
	struct guests *g = *state;
	struct process p = kvm;

	process_write(g, &kvm);
	guests_open(g);
	guests_sample(g, 0);
	p.guest = 453; /* 147 ticks beside it, after 150 */
	process_write(g, &p);
	guests_sample(g, 100);
	assert_int_equal(host_value(guests_record(g, MVMP_DOMAIN, 0x11, 0), MVMP_D_INTERRUPTION),
		150 * TICK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kernel_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(why_no_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(why_no_state, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_are_not_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(libvirts_own_process_is_the_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(emulation_by_one_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(no_guests, setup, teardown),
		cmocka_unit_test_setup_teardown(libvirt_adds, setup, teardown),
		cmocka_unit_test_setup_teardown(stopped_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(hung_guest_backs_off, setup, teardown),
		cmocka_unit_test_setup_teardown(questions_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(libvirt_away_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(end_and_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(plugged_disk_is_described, setup, teardown),
		cmocka_unit_test_setup_teardown(steady_sample_opens_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(interruption_does_not_step_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
