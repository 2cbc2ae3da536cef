/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <backend.h>
#include <fcntl.h>
#include <ftw.h>
#include <mvmp/bytes.h>
#include <priv_local.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../mvagent/linux/tasks.h"

/*
 * What a kernel, a QEMU process or whoever may write their files tells the linux backend. A
 * recorded tree lies in memory, with a guest; the input replaces texts in it: a byte that chooses
 * the file, 16 bits of length, the text. Whatever they hold, the backend opens (or says why not),
 * samples, dumps counters, and its texts end.
 */

enum { FILES_MAX = 256, PID = 4711, CHANGES_MAX = 8 };

static const char *const guest_files[][2] = {
	{"status", "Name:\tq\nUid:\t64055\t64055\t64055\t64055\nCpus_allowed_list:\t0-1\n"},
	{"stat",
		"4711 (a ) b) S 1 7 7 7 7 7 7 7 3 7 11 12 7 7 7 7 7 7 900 7 1000 7 7 7 7 7 7 7 7 7 "
		"7 7 7 7 7 2 7 7 7 5 7\n"},
	{"cmdline", "qemu-system-x86_64|-name|guest=web-07,debug-threads=on|-uuid|"
		    "4d560000-0000-4000-8000-000000000001|-smp|2|-m|512|-netdev|"
		    "tap,id=n0,ifname=tap0|-device|virtio-net,netdev=n0,mac=52:54:00:01:02:03|"
		    "-drive|file=/disk.img,format=raw|"},
	{"io", "rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 4\n"},
	{"schedstat", "1000000001 2000 30\n"},
	{"fdinfo/9", "pos:\t0\nflags:\t0104002\niff:\ttap0\n"},
	{"task/4711/comm", "qemu\n"},
	{"task/4711/status", "Name:\tx\nCpus_allowed_list:\t0-1\n"},
	{"task/4712/comm", "CPU 0/KVM\n"},
	{"task/4712/status", "Name:\tx\nCpus_allowed_list:\t0-3\n"},
	{"task/4712/stat",
		"9 (CPU 0/KVM) S 1 7 7 7 7 7 7 7 3 7 1 1 7 7 7 7 7 7 1 7 7 7 7 7 7 7 7 7 7 "
		"7 7 7 7 7 7 3 7 7 7 0 7\n"},
	{"task/4712/schedstat", "1000000001 2000 30\n"},
};

static char root[64], *file[FILES_MAX];
static unsigned files;

static void remove_tree(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", root);
	if (system(command))
		fprintf(stderr, "%s stays\n", root);
}

static int note_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_F && files < FILES_MAX)
		file[files++] = strdup(path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		abort();
}

static void add_guest(void)
{
	char path[192], text[512];

	for (size_t i = 0; i < sizeof guest_files / sizeof guest_files[0]; i++) {
		snprintf(path, sizeof path, "mkdir -p %s/proc/%d/$(dirname %s)", root, PID,
			guest_files[i][0]);
		if (system(path))
			abort();
		snprintf(path, sizeof path, "%s/proc/%d/%s", root, PID, guest_files[i][0]);
		snprintf(text, sizeof text, "%s", guest_files[i][1]);
		for (char *c = text; strstr(path, "cmdline") && *c; c++)
			*c = *c == '|' ? '\0' : *c;
		write_file(path, text, strlen(guest_files[i][1]));
	}
	snprintf(path, sizeof path, "%s/proc/%d/exe", root, PID);
	if (symlink("/usr/bin/qemu-system-x86_64", path))
		abort();
}

static void make_tree(void)
{
	char command[512];

	snprintf(root, sizeof root, "%s/mvmp-fuzz-XXXXXX",
		access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(root))
		abort();
	atexit(remove_tree);
	snprintf(command, sizeof command, "cp -a %s/two-nodes/. %s && chmod -R u+w %s", TREES, root,
		root);
	if (system(command))
		abort();
	add_guest();
	nftw(root, note_file, 16, FTW_PHYS);
	qsort(file, files, sizeof file[0], by_name);
	mva_linux_task_init("", root);
}

/* ---- a text replaced, and put back ---- */

struct change {
	unsigned file;
	size_t len;
	uint8_t was[65536];
};

static struct change change[CHANGES_MAX];
static unsigned changes;

static void replace(struct mvmp_reader *r)
{
	struct change *c = &change[changes++];
	size_t len;
	int fd;

	c->file = mvmp_get_u8(r) % files;
	fd = open(file[c->file], O_RDONLY | O_CLOEXEC);
	c->len = fd < 0 ? 0 : (size_t)read(fd, c->was, sizeof c->was);
	close(fd);
	len = mvmp_get_u16(r);
	len = len < r->left ? len : r->left;
	write_file(file[c->file], mvmp_get_view(r, len), len);
}

static void put_back(void)
{
	while (changes) {
		const struct change *c = &change[--changes];

		write_file(file[c->file], c->was, c->len);
	}
}

/* ---- the backend ---- */

static uint64_t now_ns;

static uint64_t clock_of(void *ctx)
{
	return now_ns;
}

static void check_sample(const struct mvmp_sample *sample)
{
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		const struct mvmp_records *records = &sample->kind[kind];

		for (uint32_t i = 0; i < records->count; i++) {
			for (unsigned t = 0; t < mvmp_entities[kind].texts; t++)
				fuzz_holds(memchr(records->at[i].text[t], '\0', MVMP_TEXT_LEN),
					"a text ends");
			fuzz_holds(!(records->at[i].present & records->at[i].unsupported),
				"what has a value is supported");
		}
	}
}

static void dump(struct mva_backend *backend, const char *domain, bool arrays)
{
	struct mva_perf perf;

	if (backend->ops->perf(backend, domain, arrays, &perf, NULL))
		return;
	for (unsigned i = 0; i < perf.counters; i++)
		fuzz_holds(perf.counter[i].name, "a counter has a name");
}

static void use(struct mva_backend *backend, struct priv_local *priv)
{
	static struct mvmp_sample sample;

	for (unsigned i = 0; i < 2; i++) {
		now_ns += MVMP_NS_PER_S;
		for (unsigned turn = 0; turn < 4; turn++) {
			backend->ops->advance(backend);
			priv_local_step(priv);
		}
		mvmp_sample_reset(&sample);
		backend->ops->sample(backend, (1u << MVMP_ENTITY_COUNT) - 1, &sample);
		check_sample(&sample);
	}
	dump(backend, NULL, false);
	dump(backend, NULL, true);
	dump(backend, "web-07", false);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mva_backend *backend;
	struct priv_local priv;
	struct mva_backend_env env = {
		.priv = &priv.base, .mono_ns = clock_of, .wall_ns = clock_of, .options = ""};

	if (!files)
		make_tree();
	now_ns = 1000 * MVMP_NS_PER_S;
	priv_local_init(&priv, root);
	while (r.left > 3 && changes < CHANGES_MAX)
		replace(&r);
	if (!mva_backend_linux.open(&env, &backend, NULL)) {
		use(backend, &priv);
		backend->ops->close(backend);
	}
	put_back();
	return 0;
}
