/* SPDX-License-Identifier: Apache-2.0 */
#include "guests_fixture.h"
#include "../../../mvagent/linux/pinning.h"
#include "../../../mvagent/linux/tasks.h"
#include "../cmocka_all.h"
#include <stdio.h>
#include <string.h>

static int number_of(const struct libvirt *libvirt, const uint8_t *uuid)
{
	for (unsigned i = 0; i < libvirt->domains; i++) {
		if (!memcmp(libvirt->domain[i].uuid, uuid, MVMP_ID_LEN))
			return (int)i;
	}
	return -1;
}

static int answer_list(struct libvirt *libvirt, struct mvmp_writer *w, struct mvmp_error *err)
{
	if (libvirt->away)
		return mvmp_fail(err, MVMP_IO, "libvirt is away");
	mvmp_put_u8(w, MVA_INVENTORY_LIBVIRT);
	for (unsigned i = 0; i < libvirt->domains; i++)
		assert_true(mva_inventory_put_domain(w, &libvirt->domain[i]));
	mva_inventory_put_end(w, false);
	return 0;
}

static int answer_block(
	struct libvirt *libvirt, const uint8_t *uuid, struct mvmp_writer *w, struct mvmp_error *err)
{
	int n = number_of(libvirt, uuid);

	if (n < 0)
		return mvmp_fail(err, MVMP_NOT_FOUND, "no such domain");
	libvirt->asked[n]++;
	if (libvirt->away)
		return mvmp_fail(err, MVMP_IO, "libvirt is away");
	if (libvirt->hangs[n])
		return mvmp_fail(err, MVMP_NO_ANSWER, "no answer in 2 s");
	mva_balloon_put(w, &libvirt->balloon);
	mva_block_put(w, &libvirt->block);
	mva_block_put_end(w);
	return 0;
}

static int answer_pin(struct libvirt *libvirt, struct mvmp_writer *w)
{
	libvirt->pins++;
	mva_put_cpuset(w, &libvirt->pin_before);
	mva_put_cpuset(w, &libvirt->pin_after);
	return 0;
}

static int run_task(void *ctx, enum mva_task task, const void *request, size_t len, uint8_t *answer,
	size_t size, struct mvmp_error *err)
{
	struct libvirt *libvirt = ctx;
	struct mvmp_writer w = mvmp_writer(answer, size);
	int r;

	if (task == MVA_TASK_INVENTORY && *(const uint8_t *)request == MVA_INVENTORY_KERNEL)
		return mva_linux_task_run(task, request, len, answer, size, err);
	if (task == MVA_TASK_INVENTORY && len == 2 && ((const uint8_t *)request)[1])
		libvirt->fresh++;
	if (task == MVA_TASK_INVENTORY)
		r = answer_list(libvirt, &w, err);
	else if (task == MVA_TASK_PIN || task == MVA_TASK_READ_PIN)
		r = answer_pin(libvirt, &w);
	else
		r = answer_block(libvirt, request, &w, err);
	return r < 0 ? r : (int)w.used;
}

void guests_prepare(struct guests *guests)
{
	*guests = (struct guests){0};
	host_prepare(&guests->host, "two-nodes");
	guests->host.priv.run = run_task;
	guests->host.priv.run_ctx = &guests->libvirt;
	mva_linux_task_init("", guests->host.root);
}

void guests_open(struct guests *guests)
{
	host_open(&guests->host);
}

void guests_close(struct guests *guests)
{
	host_close(&guests->host);
}

static void write_in(const struct guests *guests, const struct process *process, const char *file,
	const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "/proc/%u/%s", process->pid, file);
	host_write(&guests->host, path, text);
}

static void write_command_line(const struct guests *guests, const struct process *process)
{
	char path[256], text[512];
	FILE *file;
	size_t len;

	len = (size_t)snprintf(text, sizeof(text), "qemu-system-x86_64|%s|", process->arguments);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '|')
			text[i] = '\0';
	}
	write_in(guests, process, "cmdline", "");
	snprintf(path, sizeof(path), "%s/proc/%u/cmdline", guests->host.root, process->pid);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

/* 44 fields as proc(5) numbers them; those that are not looked at hold 7. */
static void write_stat(const struct guests *guests, const struct process *process)
{
	char text[512];

	snprintf(text, sizeof(text),
		"%u (a ) b) %c 1 7 7 7 7 7 7 7 3 7 %u %u 7 7 7 7 7 7 %u 7 1000 7 7 7 7 7 7 7 7 7 7 "
		"7 7 7 7 2 7 7 7 %u 7\n",
		process->pid, process->state, process->utime, process->stime, process->start,
		process->guest);
	write_in(guests, process, "stat", text);
}

static void write_vcpu(const struct guests *guests, const struct process *process, unsigned vcpu)
{
	char path[128], name[32];
	uint32_t tid = process->pid + 1 + vcpu;

	/* "CPU %u/KVM" with its number, or "ALL CPUs/TCG" */
	snprintf(name, sizeof(name), "%s", process->thread);
	if (strstr(name, "%u"))
		snprintf(name, sizeof(name), "CPU %u/%s", vcpu, strchr(process->thread, '/') + 1);
	strcat(name, "\n");
	snprintf(path, sizeof(path), "task/%u/comm", tid);
	write_in(guests, process, path, name);
	snprintf(path, sizeof(path), "task/%u/status", tid);
	write_in(guests, process, path,
		vcpu ? "Name:\tx\nCpus_allowed_list:\t2\n" : "Name:\tx\nCpus_allowed_list:\t0-3\n");
	snprintf(path, sizeof(path), "task/%u/stat", tid);
	write_in(guests, process, path,
		"9 (CPU 0/KVM) S 1 7 7 7 7 7 7 7 3 7 1 1 7 7 7 7 7 7 1 7 7 7 7 7 7 7 7 7 7 7 7 7 7 "
		"7 7 3 7 7 7 0 7\n");
	process_schedstat(guests, process, vcpu, "1000000001 2000 30\n");
}

void process_schedstat(
	const struct guests *guests, const struct process *process, unsigned vcpu, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "task/%u/schedstat", process->pid + 1 + vcpu);
	write_in(guests, process, path, text);
}

void process_user(const struct guests *guests, const struct process *process, unsigned uid)
{
	char text[64];

	snprintf(text, sizeof(text), "Name:\tq\nUid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
	write_in(guests, process, "status", text);
}

void process_write(const struct guests *guests, const struct process *process)
{
	char path[128];

	write_stat(guests, process);
	write_command_line(guests, process);
	snprintf(path, sizeof(path), "/proc/%u/exe", process->pid);
	host_remove(&guests->host, path);
	host_link(&guests->host, path, process->name);
	snprintf(path, sizeof(path), "task/%u/status", process->pid);
	write_in(guests, process, path, "Name:\tx\nCpus_allowed_list:\t0-1\n");
	for (unsigned vcpu = 0; vcpu < process->vcpus; vcpu++)
		write_vcpu(guests, process, vcpu);
}

void process_end(const struct guests *guests, const struct process *process)
{
	char path[128];

	write_in(guests, process, "stat", "");
	snprintf(path, sizeof(path), "/proc/%u", process->pid);
	host_remove(&guests->host, path);
}

struct mva_libvirt_domain *libvirt_add(struct guests *guests, const uint8_t first_byte)
{
	struct mva_libvirt_domain *domain = &guests->libvirt.domain[guests->libvirt.domains++];

	*domain = (struct mva_libvirt_domain){
		.uuid = {first_byte},
		.id = 40u + guests->libvirt.domains,
		.state = MVMP_STATE_RUNNING,
		.accel = MVA_ACCEL_KVM,
		.mem_max = 512 << 20,
		.mem_current = 256 << 20,
		.vcpus = 2,
		.vifs = 1,
		.vif[0] = {.mac = {0x52, 0x54, 0, 1, 2, 3},
			.device = "no-such-tap",
			.bridge = "br0"},
		.vbds = 1,
		.vbd[0] = {.name = "vda", .type = "file", .source = "/disk.img", .format = "raw"},
	};
	snprintf(domain->name, sizeof(domain->name), "vm-%u", guests->libvirt.domains);
	return domain;
}

void guests_sample(struct guests *guests, unsigned ms)
{
	struct host *host = &guests->host;

	host->now_ns += ms * MVMP_NS_PER_MS;
	for (unsigned i = 0; i < 20; i++) {
		host->backend->ops->advance(host->backend);
		if (!priv_local_step(&host->priv))
			break;
	}
	mvmp_sample_reset(&host->sample);
	assert_int_equal(host->backend->ops->sample(
				 host->backend, (1u << MVMP_ENTITY_COUNT) - 1, &host->sample),
		0);
}

const struct mvmp_record *guests_record(
	const struct guests *guests, enum mvmp_entity kind, uint8_t first_byte, uint32_t index)
{
	const struct mvmp_records *records = &guests->host.sample.kind[kind];

	for (uint32_t i = 0; i < records->count; i++) {
		if (records->at[i].key.domain[0] == first_byte && records->at[i].key.index == index)
			return &records->at[i];
	}
	return NULL;
}
