/* SPDX-License-Identifier: Apache-2.0 */

/*
 * KVM's statistics in debugfs, sums over all vCPUs of all guests or of one (its directory is
 * PID-FD). A locked down kernel refuses the cumulative ones even to root; then they are
 * unsupported. KVM has no count per pCPU.
 */

#include "counters.h"
#include "scan.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct row {
	const char *file, *name;
	bool level;
} rows[] = {
	{"exits", "vmexits", false},
	{"hypercalls", "hypercalls", false},
	{"pf_taken", "kvm: pf_taken", false},
	{"pf_fixed", "kvm: pf_fixed", false},
	{"tlb_flush", "kvm: tlb_flush", false},
	{"invlpg", "kvm: invlpg", false},
	{"io_exits", "kvm: io_exits", false},
	{"mmio_exits", "kvm: mmio_exits", false},
	{"signal_exits", "kvm: signal_exits", false},
	{"irq_window_exits", "kvm: irq_window_exits", false},
	{"nmi_window_exits", "kvm: nmi_window_exits", false},
	{"halt_exits", "kvm: halt_exits", false},
	{"halt_successful_poll", "kvm: halt_successful_poll", false},
	{"halt_attempted_poll", "kvm: halt_attempted_poll", false},
	{"halt_wakeup", "kvm: halt_wakeup", false},
	{"halt_wait_ns", "kvm: halt_wait_ns", false},
	{"request_irq_exits", "kvm: request_irq_exits", false},
	{"irq_exits", "kvm: irq_exits", false},
	{"host_state_reload", "kvm: host_state_reload", false},
	{"fpu_reload", "kvm: fpu_reload", false},
	{"insn_emulation", "kvm: insn_emulation", false},
	{"insn_emulation_fail", "kvm: insn_emulation_fail", false},
	{"irq_injections", "kvm: irq_injections", false},
	{"nmi_injections", "kvm: nmi_injections", false},
	{"req_event", "kvm: req_event", false},
	{"nested_run", "kvm: nested_run", false},
	{"directed_yield_attempted", "kvm: directed_yield_attempted", false},
	{"directed_yield_successful", "kvm: directed_yield_successful", false},
	{"preemption_reported", "kvm: preemption_reported", false},
	{"remote_tlb_flush", "kvm: remote_tlb_flush", false},
	{"remote_tlb_flush_requests", "kvm: remote_tlb_flush_requests", false},
	{"mmu_shadow_zapped", "kvm: mmu_shadow_zapped", false},
	{"mmu_pte_write", "kvm: mmu_pte_write", false},
	{"mmu_flooded", "kvm: mmu_flooded", false},
	{"mmu_recycled", "kvm: mmu_recycled", false},
	{"mmu_unsync", "kvm: mmu_unsync", true},
	{"pages_4k", "kvm: pages_4k", true},
	{"pages_2m", "kvm: pages_2m", true},
	{"pages_1g", "kvm: pages_1g", true},
	{"guest_mode", "kvm: guest_mode", true},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The directory of a guest: "PID-FD"; the first one counts. */
struct search {
	char prefix[16], name[64];
};

static void find_dir(struct mva_linux *lx, int dir, const char *name, void *ctx)
{
	struct search *search = ctx;

	(void)dir;
	if (!search->name[0])
		snprintf(search->name, sizeof(search->name), "%.62s/", name);
}

/* 0 when absent, 1 with a value, -errno when refused. */
static int read_row(struct mva_linux *lx, const char *dir, const struct row *row, uint64_t *ret)
{
	int fd = mva_linux_openat(lx->counters->kvm, "%s%s", dir, row->file);
	int64_t value;
	bool told;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	told = mva_linux_read_number(fd, &value);
	close(fd);
	*ret = told ? (uint64_t)value : 0;
	return told ? 1 : -EIO;
}

static void add_row(struct mva_linux *lx, const struct row *row, int told, uint64_t value)
{
	struct mva_perf_counter *counter =
		mva_counter_add(lx->counters, row->name, "/sys/kernel/debug/kvm");

	if (!counter)
		return;
	counter->level = row->level;
	counter->total = value;
	if (told > 0)
		return;
	snprintf(lx->counters->kvm_reason, sizeof(lx->counters->kvm_reason),
		"/sys/kernel/debug/kvm: %s%s", strerror(-told),
		told == -EPERM ? " (kernel lockdown refuses cumulative statistics)" : "");
	counter->unsupported = lx->counters->kvm_reason;
	mva_linux_can(lx, "kvm.statistics", false, lx->counters->kvm_reason);
}

void mva_kvm_add(struct mva_linux *lx, uint32_t pid)
{
	struct search search = {0};
	uint64_t value = 0;

	if (lx->counters->kvm < 0)
		return;
	if (pid) {
		snprintf(search.prefix, sizeof(search.prefix), "%u-", pid);
		mva_linux_each(lx, lx->counters->kvm, search.prefix, find_dir, &search);
		if (!search.name[0])
			return;
	}
	mva_linux_can(lx, "kvm.statistics", true, NULL);
	for (unsigned i = 0; i < ROWS; i++) {
		int told = read_row(lx, search.name, &rows[i], &value);

		if (told)
			add_row(lx, &rows[i], told, value);
	}
}
