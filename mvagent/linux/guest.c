/* SPDX-License-Identifier: Apache-2.0 */
#include "guests.h"
#include "scan.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

struct mva_guest *mva_guest_new(struct mva_linux *lx, const uint8_t uuid[static MVMP_ID_LEN])
{
	struct mva_guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->lx = lx;
	guest->dir = guest->stat = -1;
	guest->question.spacing_ns = lx->guests->block_ns;
	memcpy(guest->uuid, uuid, MVMP_ID_LEN);
	return guest;
}

static void close_vcpus(struct mva_guest *guest)
{
	for (unsigned i = 0; i < guest->vcpus; i++) {
		mva_linux_close(&guest->vcpu[i].schedstat);
		mva_linux_close(&guest->vcpu[i].stat);
	}
	free(guest->vcpu);
	guest->vcpu = NULL;
	guest->vcpus = 0;
}

void mva_guest_lose_process(struct mva_guest *guest)
{
	close_vcpus(guest);
	mva_linux_close(&guest->stat);
	mva_linux_close(&guest->dir);
	guest->pid = 0;
	guest->stopped = false;
	guest->interruption_ns = 0;
}

void mva_guest_free(struct mva_guest *guest)
{
	struct mva_privops *priv = guest->lx->env.priv;

	if (guest->question.task) {
		priv->ops->cancel(priv, guest->question.task);
		guest->lx->guests->asking--;
	}
	mva_guest_lose_process(guest);
	free(guest->vif);
	free(guest->vbd);
	free(guest);
}

uint32_t mva_guest_incarnation(const struct mva_guest *guest)
{
	return (uint32_t)(guest->start ^ guest->start >> 32);
}

/* utime + stime of /proc/<pid>/stat in ns, or -1. */
static int64_t stat_time(struct mva_guest *guest)
{
	const char *at;
	uint64_t ticks;

	if (mva_linux_read(guest->lx, guest->stat) <= 0 || !(at = strrchr(guest->lx->buf, ')')))
		return -1;
	at++;
	for (unsigned field = 3; field < 14; field++)
		scan_word(&at);
	ticks = scan_u64(&at);
	ticks += scan_u64(&at);
	return (int64_t)ticks * guest->lx->tick_ns;
}

/* The process's CPU clock has nanoseconds where stat has ticks. It is named by the pid, so it is
 * used only while it agrees with the file, which is the process's own. */
static void try_clock(struct mva_guest *guest)
{
	int64_t slack = 3 * guest->lx->tick_ns, before, clock, after;
	struct timespec now;

	guest->clock_agrees = false;
	before = stat_time(guest);
	if (before < 0 || clock_getcpuclockid((pid_t)guest->pid, &guest->clock) ||
		clock_gettime(guest->clock, &now))
		return;
	clock = (int64_t)now.tv_sec * (int64_t)MVMP_NS_PER_S + now.tv_nsec;
	after = stat_time(guest);
	guest->clock_agrees = before - slack <= clock && clock <= after + slack;
}

static bool open_process(struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	guest->dir = mva_linux_open(guest->lx, NULL, MVA_SRC_PROC_PID_DIR, "", seen->pid);
	if (guest->dir < 0)
		return false;
	guest->stat = mva_linux_openat(guest->dir, "stat");
	if (guest->stat < 0)
		return false;
	guest->pid = seen->pid;
	guest->start = seen->start;
	try_clock(guest);
	return true;
}

static void open_vcpu(struct mva_guest *guest, struct mva_vcpu *to,
	const struct mva_vcpu_thread *thread, bool timed)
{
	*to = (struct mva_vcpu){.number = thread->vcpu,
		.tid = thread->tid,
		.timed = timed,
		.schedstat = -1,
		.stat = -1};
	if (!timed)
		return;
	to->schedstat = mva_linux_openat(guest->dir, "task/%u/schedstat", thread->tid);
	to->stat = mva_linux_openat(guest->dir, "task/%u/stat", thread->tid);
}

static bool same_threads(const struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	if (guest->vcpus != seen->threads)
		return false;
	for (unsigned i = 0; i < guest->vcpus; i++) {
		if (guest->vcpu[i].tid != seen->thread[i].tid ||
			guest->vcpu[i].number != seen->thread[i].vcpu)
			return false;
	}
	return true;
}

/* One thread that runs all vCPUs in turn is the vCPU's own only when there is one. */
static void open_vcpus(struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	if (same_threads(guest, seen))
		return;
	close_vcpus(guest);
	guest->vcpu = calloc(seen->threads ? seen->threads : 1, sizeof(*guest->vcpu));
	if (!guest->vcpu)
		return;
	for (; guest->vcpus < seen->threads; guest->vcpus++) {
		const struct mva_vcpu_thread *thread = &seen->thread[guest->vcpus];

		open_vcpu(guest, &guest->vcpu[guest->vcpus], thread,
			!thread->shared || guest->vcpus_told == 1);
	}
}

static bool everywhere(const struct mva_guest *guest, const struct mva_cpuset *set)
{
	const struct mva_cpuset *online = &guest->lx->pools.at[0].set;

	for (unsigned word = 0; word < MVA_CPUS_MAX / 64; word++) {
		if (online->bits[word] & ~set->bits[word])
			return false;
	}
	return true;
}

static void describe(const struct mva_guest *guest, const struct mva_cpuset *set, char *to)
{
	if (everywhere(guest, set))
		snprintf(to, MVMP_TEXT_LEN, "any");
	else
		mva_cpuset_text(to, MVMP_TEXT_LEN, set);
}

void mva_guest_describe_pin(struct mva_guest *guest)
{
	bool same = true;

	guest->pin[0] = '\0';
	for (unsigned i = 0; i < guest->vcpus; i++) {
		struct mva_vcpu *vcpu = &guest->vcpu[i];

		describe(guest, &vcpu->cpus, vcpu->affinity);
		same &= !strcmp(vcpu->affinity, guest->vcpu[0].affinity);
	}
	if (guest->vcpus)
		snprintf(guest->pin, sizeof(guest->pin), "%s",
			same ? guest->vcpu[0].affinity : "per vCPU");
}

/* Devices that libvirt does not describe, in the order of their descriptors. */
static void take_taps(struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	struct mva_vif *vif;

	if (guest->managed)
		return;
	vif = calloc(seen->taps ? seen->taps : 1, sizeof(*vif));
	if (!vif)
		return;
	for (unsigned i = 0; i < seen->taps; i++) {
		vif[i].info.index = i;
		snprintf(vif[i].name, sizeof(vif[i].name), "vif%u", i);
		memcpy(vif[i].info.device, seen->tap[i].device, MVA_DEVICE_LEN);
		memcpy(vif[i].info.bridge, seen->tap[i].bridge, MVA_DEVICE_LEN);
	}
	free(guest->vif);
	guest->vif = vif;
	guest->vifs = seen->taps;
}

/* The kernel's word of this moment; what a worker remembers may be half a minute old. Only for a
 * process that is known to be here (and not in a recorded tree). */
static void ask_affinity(const struct mva_guest *guest, uint32_t tid, struct mva_cpuset *to)
{
	struct mva_cpuset now = {0};

	if (guest->clock_agrees &&
		!sched_getaffinity((pid_t)tid, sizeof(now), (cpu_set_t *)(void *)&now))
		*to = now;
}

static void set_accel(struct mva_guest *guest, uint8_t accel)
{
	guest->accel = accel;
	if (accel != MVA_ACCEL_KVM)
		mva_linux_can(guest->lx, "guest_time", false,
			"the kernel counts time inside a guest of KVM only, not of emulated ones");
}

bool mva_guest_take_kernel(struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	if (guest->pid && (guest->pid != seen->pid || guest->start != seen->start))
		mva_guest_lose_process(guest);
	if (!guest->pid && !open_process(guest, seen)) {
		mva_guest_lose_process(guest);
		return false;
	}
	if (!guest->managed) {
		memcpy(guest->name, seen->name, sizeof(guest->name));
		set_accel(guest, seen->accel);
	}
	guest->emulator = seen->emulator;
	ask_affinity(guest, guest->pid, &guest->emulator);
	open_vcpus(guest, seen);
	for (unsigned i = 0; i < guest->vcpus; i++) {
		guest->vcpu[i].cpus = seen->thread[i].cpus;
		ask_affinity(guest, guest->vcpu[i].tid, &guest->vcpu[i].cpus);
	}
	mva_guest_describe_pin(guest);
	take_taps(guest, seen);
	return true;
}

static void take_vifs(struct mva_guest *guest, const struct mva_libvirt_domain *told)
{
	struct mva_vif *vif = calloc(told->vifs ? told->vifs : 1, sizeof(*vif));

	if (!vif)
		return;
	for (unsigned i = 0; i < told->vifs; i++) {
		vif[i].info = told->vif[i];
		snprintf(vif[i].name, sizeof(vif[i].name), "vif%u", told->vif[i].index);
		mvmp_mac_text(vif[i].mac, told->vif[i].mac);
	}
	free(guest->vif);
	guest->vif = vif;
	guest->vifs = told->vifs;
}

/* Disks that stay keep their figures. */
static void take_vbds(struct mva_guest *guest, const struct mva_libvirt_domain *told)
{
	struct mva_vbd *vbd = calloc(told->vbds ? told->vbds : 1, sizeof(*vbd));

	if (!vbd)
		return;
	for (unsigned i = 0; i < told->vbds; i++) {
		for (unsigned k = 0; k < guest->vbds; k++) {
			if (guest->vbd[k].info.index == told->vbd[i].index)
				vbd[i] = guest->vbd[k];
		}
		vbd[i].info = told->vbd[i];
	}
	free(guest->vbd);
	guest->vbd = vbd;
	guest->vbds = told->vbds;
}

void mva_guest_take_libvirt(struct mva_guest *guest, const struct mva_libvirt_domain *told)
{
	guest->managed = true;
	memcpy(guest->name, told->name, sizeof(guest->name));
	guest->domid = told->id;
	guest->pid_told = told->pid;
	guest->state = told->state;
	set_accel(guest, told->accel);
	guest->mem_max = told->mem_max;
	guest->mem_current = told->mem_current;
	guest->vcpus_told = told->vcpus;
	take_vifs(guest, told);
	take_vbds(guest, told);
}
