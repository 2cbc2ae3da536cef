/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the kernel shows of a QEMU process: its command line (-name, -uuid), the names of its
 * threads ("CPU <n>/KVM", "CPU <n>/TCG", or "ALL CPUs/TCG": set by debug-threads=on, as libvirt
 * starts it), and the tap devices it holds (fdinfo of /dev/net/tun has "iff:\t<device>").
 */

#include "kernel_scan.h"
#include "cache.h"
#include "scan.h"
#include "source.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 64 * 1024 };

struct place {
	const char *root;
	uint32_t pid;
	char *text;
	size_t size;
};

static int read_text(const struct place *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads /proc/<pid>/<format>, NUL-terminated; length or -1. */
static int read_text(const struct place *at, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	ssize_t len, all = 0;
	int used, fd;

	used = snprintf(path, sizeof(path), "%s/proc/%u/", at->root, at->pid);
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - (size_t)used, format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((len = read(fd, at->text + all, at->size - 1 - (size_t)all)) > 0)
		all += len;
	close(fd);
	at->text[all] = '\0';
	return len < 0 ? -1 : (int)all;
}

/* The argument after the option at `arg` (which may have one or two dashes), or NULL. */
static const char *option_value(const char *arg, const char *end, const char *name)
{
	if (*arg++ != '-')
		return NULL;
	arg += *arg == '-';
	if (strcmp(arg, name))
		return NULL;
	arg += strlen(arg) + 1;
	return arg < end ? arg : NULL;
}

/* QEMU's "key=value,..." with ",," for a comma: copies one value; `key` "" is the first one
 * when it stands without a key. */
static bool sub_option(const char *text, const char *key, char *to, size_t size)
{
	size_t len = strlen(key), used = 0;

	for (bool first = true; *text; first = false) {
		size_t name = strcspn(text, "=,");
		bool bare = text[name] != '=';
		bool mine = bare ? first && !len : name == len && !strncmp(text, key, len);

		text += bare ? 0 : name + 1;
		for (; *text && (*text != ',' || text[1] == ','); text++) {
			if (mine && used + 1 < size)
				to[used++] = *text;
			text += *text == ',';
		}
		if (mine) {
			to[used] = '\0';
			return true;
		}
		text += *text == ',';
	}
	return false;
}

static void take_name(struct mva_seen_guest *guest, const char *value)
{
	if (!sub_option(value, "guest", guest->name, sizeof(guest->name)))
		sub_option(value, "", guest->name, sizeof(guest->name));
}

/* False for what is no guest: libvirt asks QEMU for its abilities with "-machine none". */
static bool read_command_line(const struct place *at, struct mva_seen_guest *guest)
{
	int len = read_text(at, "cmdline");
	const char *end = at->text + len;
	char machine[64];

	if (len <= 0)
		return false;
	for (const char *arg = at->text; arg < end; arg += strlen(arg) + 1) {
		const char *value;

		if ((value = option_value(arg, end, "name")))
			take_name(guest, value);
		else if ((value = option_value(arg, end, "uuid")))
			guest->has_uuid = !mvmp_uuid_parse(guest->uuid, value);
		else if ((value = option_value(arg, end, "machine")) ||
			 (value = option_value(arg, end, "M"))) {
			if ((sub_option(value, "", machine, sizeof(machine)) ||
				    sub_option(value, "type", machine, sizeof(machine))) &&
				!strcmp(machine, "none"))
				return false;
		}
	}
	return true;
}

/* Field 22 of /proc/<pid>/stat; the name in field 2 may hold anything. */
static bool read_start(const struct place *at, uint64_t *ret)
{
	const char *text = read_text(at, "stat") > 0 ? strrchr(at->text, ')') : NULL;

	if (!text)
		return false;
	text++;
	for (unsigned field = 3; field < 22; field++)
		scan_word(&text);
	*ret = scan_u64(&text);
	return *ret > 0;
}

static void read_allowed(const struct place *at, uint32_t tid, struct mva_cpuset *to)
{
	const char *text = read_text(at, "task/%u/status", tid) > 0
				   ? strstr(at->text, "\nCpus_allowed_list:")
				   : NULL;
	char list[1024];

	*to = (struct mva_cpuset){0};
	if (!text)
		return;
	text += strlen("\nCpus_allowed_list:");
	scan_blanks(&text);
	snprintf(list, sizeof(list), "%.*s", (int)strcspn(text, "\n"), text);
	mva_cpuset_parse(to, list, NULL);
}

static void take_thread(const struct place *at, struct mva_seen_guest *guest, uint32_t tid)
{
	struct mva_vcpu_thread *to = &guest->thread[guest->threads];
	const char *name = at->text;

	if (guest->threads == MVA_GUEST_VCPUS_MAX || read_text(at, "task/%u/comm", tid) <= 0)
		return;
	*to = (struct mva_vcpu_thread){.tid = tid, .shared = scan_is(&name, "ALL CPUs/")};
	if (!to->shared) {
		if (!scan_is(&name, "CPU ") || !isdigit((unsigned char)*name))
			return;
		to->vcpu = (uint32_t)scan_u64(&name);
		if (!scan_is(&name, "/"))
			return;
	}
	if (!strncmp(name, "KVM", 3))
		guest->accel = MVA_ACCEL_KVM;
	else if (strncmp(name, "TCG", 3))
		return;
	read_allowed(at, tid, &to->cpus);
	guest->threads++;
}

/* A directory below /proc/<pid>, or NULL. */
static DIR *open_dir(const struct place *at, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%u/%s", at->root, at->pid, name);
	return opendir(path);
}

static void read_threads(const struct place *at, struct mva_seen_guest *guest)
{
	DIR *tasks = open_dir(at, "task");

	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		if (isdigit((unsigned char)entry->d_name[0]))
			take_thread(at, guest, (uint32_t)strtoul(entry->d_name, NULL, 10));
	}
	if (tasks)
		closedir(tasks);
	read_allowed(at, at->pid, &guest->emulator);
}

static void find_bridge(const struct place *at, struct mva_tap *tap)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/sys/class/net/%s/master", at->root, tap->device);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	base = strrchr(target, '/');
	snprintf(tap->bridge, sizeof(tap->bridge), "%.15s", base ? base + 1 : target);
}

static bool has_tap(const struct mva_seen_guest *guest, const char *device)
{
	for (unsigned i = 0; i < guest->taps; i++) {
		if (!strcmp(guest->tap[i].device, device))
			return true;
	}
	return false;
}

/* One device may be held several times, once a queue. */
static void take_tap(const struct place *at, struct mva_seen_guest *guest, const char *fd)
{
	const char *iff = read_text(at, "fdinfo/%s", fd) > 0 ? strstr(at->text, "iff:") : NULL;
	struct mva_tap *to = &guest->tap[guest->taps];
	char device[MVA_DEVICE_LEN];

	if (!iff || guest->taps == MVA_GUEST_VIFS_MAX)
		return;
	iff += strlen("iff:");
	scan_blanks(&iff);
	snprintf(device, sizeof(device), "%.*s", (int)strcspn(iff, " \n"), iff);
	if (!device[0] || strchr(device, '/') || has_tap(guest, device))
		return;
	*to = (struct mva_tap){0};
	memcpy(to->device, device, sizeof(device));
	find_bridge(at, to);
	guest->taps++;
}

static void take_descriptor(const struct place *at, struct mva_seen_guest *guest, const char *fd)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/proc/%u/fd/%s", at->root, at->pid, fd);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';
	if (!strcmp(target, "/dev/net/tun"))
		take_tap(at, guest, fd);
	else if (!strcmp(target, "anon_inode:kvm-vm"))
		guest->accel = MVA_ACCEL_KVM;
}

static void read_descriptors(const struct place *at, struct mva_seen_guest *guest)
{
	DIR *fds = open_dir(at, "fd");

	for (struct dirent *entry; fds && (entry = readdir(fds));) {
		if (isdigit((unsigned char)entry->d_name[0]))
			take_descriptor(at, guest, entry->d_name);
	}
	if (fds)
		closedir(fds);
}

static int by_vcpu(const void *a, const void *b)
{
	const struct mva_vcpu_thread *x = a, *y = b;

	return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

bool mva_kernel_scan_pid(const char *root, uint32_t pid, struct mva_seen_guest *guest)
{
	struct place at = {.root = root, .pid = pid, .size = TEXT_MAX};
	uint32_t uid;
	bool found;

	if (mva_linux_qemu(pid, root, &uid) != MVA_QEMU_GUEST)
		return false;
	at.text = malloc(TEXT_MAX);
	if (!at.text)
		return false;
	*guest = (struct mva_seen_guest){.pid = pid};
	found = read_command_line(&at, guest) && read_start(&at, &guest->start);
	if (found) {
		read_threads(&at, guest);
		read_descriptors(&at, guest);
		qsort(guest->thread, guest->threads, sizeof(guest->thread[0]), by_vcpu);
	}
	free(at.text);
	return found;
}

/* Threads, taps and pinnings of a known process are looked at again after this time. */
static const uint64_t known_ns = 30 * MVMP_NS_PER_S;

struct scan {
	const char *root;
	bool fresh;
	uint64_t now_ns;
	struct mva_cache *cache;
	struct mva_seen_guest *guest; /* scratch */
	struct mvmp_writer *w;
	struct mva_strangers strangers;
};

static void make_key(uint8_t key[static MVA_CACHE_KEY], uint32_t pid, uint64_t start)
{
	struct mvmp_writer w = mvmp_writer(key, MVA_CACHE_KEY);

	memset(key, 0, MVA_CACHE_KEY);
	mvmp_put_u32(&w, pid);
	mvmp_put_u64(&w, start);
}

/* Writes the record of a process that was looked at before; false when it was not. */
static bool put_known(const struct scan *scan, uint32_t pid, bool *room)
{
	char text[1024];
	struct place at = {.root = scan->root, .pid = pid, .text = text, .size = sizeof(text)};
	const struct mva_cache_entry *known;
	uint64_t start;
	uint8_t key[MVA_CACHE_KEY];

	if (scan->fresh || !read_start(&at, &start))
		return false;
	make_key(key, pid, start);
	known = mva_cache_find(scan->cache, key, scan->now_ns, known_ns + pid % 16 * MVMP_NS_PER_S);
	if (!known)
		return false;
	*room = scan->w->used + known->len < scan->w->size;
	if (*room)
		mvmp_put_bytes(scan->w, known->bytes, known->len);
	return true;
}

/* False when the answer is full. */
static bool scan_process(struct scan *scan, uint32_t pid)
{
	const size_t begin = scan->w->used;
	uint8_t key[MVA_CACHE_KEY];
	bool room = true;
	uint32_t uid;
	enum mva_qemu what = mva_linux_qemu(pid, scan->root, &uid);

	if (what == MVA_QEMU_STRANGER)
		scan->strangers = (struct mva_strangers){scan->strangers.count + 1, pid, uid};
	if (what != MVA_QEMU_GUEST || put_known(scan, pid, &room))
		return room;
	if (!mva_kernel_scan_pid(scan->root, pid, scan->guest))
		return true;
	if (!mva_inventory_put_guest(scan->w, scan->guest))
		return false;
	make_key(key, pid, scan->guest->start);
	mva_cache_store(
		scan->cache, key, scan->now_ns, scan->w->buf + begin, scan->w->used - begin);
	return true;
}

void mva_kernel_scan(const char *root, bool fresh, struct mvmp_writer *w)
{
	static struct mva_cache cache;
	struct scan scan = {.root = root,
		.fresh = fresh,
		.now_ns = mva_cache_now(),
		.cache = &cache,
		.guest = malloc(sizeof(*scan.guest)),
		.w = w};
	char path[PATH_MAX];
	bool room = true;
	DIR *proc;

	snprintf(path, sizeof(path), "%s/proc", root);
	proc = scan.guest ? opendir(path) : NULL;
	for (struct dirent *entry; room && proc && (entry = readdir(proc));) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid)
			room = scan_process(&scan, pid);
	}
	if (proc)
		closedir(proc);
	free(scan.guest);
	mva_cache_sweep(&cache);
	mva_inventory_put_end(w, !room);
	mva_inventory_put_strangers(w, &scan.strangers);
}
