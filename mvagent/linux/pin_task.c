/* SPDX-License-Identifier: Apache-2.0 */
#include "pin_task.h"
#include "../cpuset.h"
#include "kernel_scan.h"
#include "virt.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mva_vcpu_thread *find_thread(
	const struct mva_seen_guest *guest, const struct mva_pin_request *request)
{
	for (unsigned i = 0; i < guest->threads; i++) {
		if (guest->thread[i].vcpu == request->vcpu || guest->thread[i].shared)
			return &guest->thread[i];
	}
	return NULL;
}

/* What the thread in question may use now; false when the process is not (or no longer) the
 * guest meant, or shows no such thread. */
static bool read_now(const char *root, const struct mva_pin_request *request,
	struct mva_seen_guest *guest, struct mva_cpuset *ret, uint32_t *tid)
{
	const struct mva_vcpu_thread *thread;

	if (!mva_kernel_scan_pid(root, request->pid, guest) || guest->start != request->start)
		return false;
	if (request->emulator) {
		*ret = guest->emulator;
		*tid = guest->pid;
		return true;
	}
	thread = find_thread(guest, request);
	if (!thread)
		return false;
	*ret = thread->cpus;
	*tid = thread->tid;
	return true;
}

static int set_affinity(uint32_t tid, const struct mva_cpuset *cpus, struct mvmp_error *err)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && cpu < MVA_CPUS_MAX; cpu++) {
		if (mva_cpuset_has(cpus, cpu))
			CPU_SET(cpu, &set);
	}
	if (sched_setaffinity((pid_t)tid, sizeof(set), &set))
		return mvmp_fail(err, MVMP_FAILED, "sched_setaffinity of thread %u: %s", tid,
			strerror(errno));
	return 0;
}

static bool is_vcpu(const struct mva_seen_guest *guest, uint32_t tid)
{
	for (unsigned i = 0; i < guest->threads; i++) {
		if (guest->thread[i].tid == tid)
			return true;
	}
	return false;
}

/* The emulator is every thread that is no vCPU's; one that ends meanwhile is no failure. */
static int set_emulator(const char *root, const struct mva_seen_guest *guest,
	const struct mva_cpuset *cpus, struct mvmp_error *err)
{
	char path[PATH_MAX];
	DIR *tasks;

	snprintf(path, sizeof(path), "%s/proc/%u/task", root, guest->pid);
	tasks = opendir(path);
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		uint32_t tid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (tid && tid != guest->pid && !is_vcpu(guest, tid))
			set_affinity(tid, cpus, NULL);
	}
	if (tasks)
		closedir(tasks);
	return set_affinity(guest->pid, cpus, err);
}

static int pin_directly(const char *root, const struct mva_pin_request *request,
	const struct mva_seen_guest *guest, uint32_t tid, struct mvmp_error *err)
{
	return request->emulator ? set_emulator(root, guest, &request->cpus, err)
				 : set_affinity(tid, &request->cpus, err);
}

static int pin_by_libvirt(
	const char *uri, const struct mva_pin_request *request, struct mvmp_error *err)
{
	virDomainPtr domain = mva_virt_find(uri, request->uuid, err);
	int r;

	if (!domain)
		return -(int)err->status;
	r = mva_virt_pin(domain, request, err);
	virDomainFree(domain);
	return r;
}

static int pin_and_read(const char *uri, const char *root, const struct mva_pin_request *request,
	bool read_only, struct mva_seen_guest *guest, struct mvmp_writer *w, struct mvmp_error *err)
{
	struct mva_cpuset before, after;
	uint32_t tid;
	int r = 0;

	if (!read_now(root, request, guest, &before, &tid))
		return mvmp_fail(err, MVMP_NOT_FOUND,
			"process %u shows no thread of vCPU %u (it ended, or its threads have no "
			"names)",
			request->pid, request->vcpu);
	if (!read_only)
		r = request->managed ? pin_by_libvirt(uri, request, err)
				     : pin_directly(root, request, guest, tid, err);
	if (r < 0)
		return r;
	if (!read_now(root, request, guest, &after, &tid))
		return mvmp_fail(err, MVMP_NOT_FOUND, "the guest ended while it was pinned");
	mva_put_cpuset(w, &before);
	mva_put_cpuset(w, &after);
	return 0;
}

int mva_pin_task(const char *uri, const char *root, const struct mva_pin_request *request,
	bool read_only, struct mvmp_writer *w, struct mvmp_error *err)
{
	struct mva_seen_guest *guest = malloc(sizeof(*guest));
	int r;

	if (!guest)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory to pin");
	r = pin_and_read(uri, root, request, read_only, guest, w, err);
	free(guest);
	return r;
}
