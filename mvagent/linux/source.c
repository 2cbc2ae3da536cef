/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"
#include "guest_users.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const proc_files[] = {
	"stat",
	"meminfo",
	"loadavg",
	"vmstat",
	"uptime",
	"cpuinfo",
	"version",
	"schedstat",
	"interrupts",
	"softirqs",
	"pressure/cpu",
	"pressure/memory",
	"pressure/io",
	"sys/kernel/random/boot_id",
	"sys/kernel/hostname",
};

static const struct sys_dir {
	const char *name, *path;
} sys_dirs[] = {
	{"hwmon", "/sys/class/hwmon"},
	{"thermal", "/sys/class/thermal"},
	{"powercap", "/sys/class/powercap"},
	{"edac", "/sys/devices/system/edac/mc"},
	{"cgroup", "/sys/fs/cgroup"},
	{"pmu", "/sys/bus/event_source/devices/cpu"},
};

static int refuse_name(const char *kind, const char *name, struct mvmp_error *err)
{
	mvmp_fail(err, MVMP_NOT_ALLOWED, "%s '%.31s' is not among those the helper opens", kind,
		name);
	return -EACCES;
}

static int fail_open(const char *path, struct mvmp_error *err)
{
	int error = errno;
	enum mvmp_status status = error == ENOENT		      ? MVMP_UNSUPPORTED
				  : error == EACCES || error == EPERM ? MVMP_PERMISSION
								      : MVMP_FAILED;

	mvmp_fail(err, status, "%s: %s", path, strerror(error));
	return -error;
}

static int open_path(const char *root, const char *path, int flags, struct mvmp_error *err)
{
	char full[PATH_MAX];
	int fd;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_RDONLY | O_CLOEXEC | flags);
	return fd >= 0 ? fd : fail_open(path, err);
}

static int open_proc_file(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	char path[64];

	for (size_t i = 0; i < sizeof(proc_files) / sizeof(proc_files[0]); i++) {
		if (strncmp(proc_files[i], what->name, sizeof(what->name)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s", proc_files[i]);
		return open_path(root, path, 0, err);
	}
	return refuse_name("file of /proc", what->name, err);
}

static int open_sys_dir(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	for (size_t i = 0; i < sizeof(sys_dirs) / sizeof(sys_dirs[0]); i++) {
		if (!strncmp(sys_dirs[i].name, what->name, sizeof(what->name)))
			return open_path(root, sys_dirs[i].path, O_DIRECTORY, err);
	}
	return refuse_name("directory of /sys", what->name, err);
}

static bool is_qemu(uint32_t pid, const char *root)
{
	char path[PATH_MAX], text[PATH_MAX];
	const char *base = text;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/proc/%u/exe", root, pid);
	len = readlink(path, text, sizeof(text) - 1);
	if (len > 0) {
		text[len] = '\0';
		base = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	} else {
		int fd;

		snprintf(path, sizeof(path), "%s/proc/%u/comm", root, pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		if (len <= 0)
			return false;
		text[len] = '\0';
	}
	return !strncmp(base, "qemu-system", 11) || !strncmp(base, "qemu-kvm", 8);
}

/* Not the owner of /proc/<pid>: that of a process that is not dumpable is root. */
static bool read_users(uint32_t pid, const char *root, uint32_t *real, uint32_t *effective)
{
	char path[PATH_MAX], text[1024];
	const char *line;
	char *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/proc/%u/status", root, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	line = strstr(text, "\nUid:");
	if (!line)
		return false;
	line += strlen("\nUid:");
	*real = (uint32_t)strtoul(line, &end, 10);
	line = end;
	*effective = (uint32_t)strtoul(line, &end, 10);
	return end != line;
}

enum mva_qemu mva_linux_qemu(uint32_t pid, const char *root, uint32_t *uid)
{
	uint32_t effective;

	*uid = 0;
	if (!is_qemu(pid, root))
		return MVA_QEMU_NONE;
	if (!read_users(pid, root, uid, &effective))
		return *root ? MVA_QEMU_GUEST : MVA_QEMU_NONE;
	if (mva_guest_users_has(*uid) && mva_guest_users_has(effective))
		return MVA_QEMU_GUEST;
	return MVA_QEMU_STRANGER;
}

static int check_qemu(uint32_t pid, const char *root, struct mvmp_error *err)
{
	uint32_t uid;

	if (!pid || pid > INT_MAX || mva_linux_qemu(pid, root, &uid) != MVA_QEMU_GUEST) {
		mvmp_fail(err, MVMP_NOT_ALLOWED, "process %u is not a QEMU guest", pid);
		return -EACCES;
	}
	return 0;
}

static int open_pid_dir(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u", what->number);
	fd = open_path(root, path, O_DIRECTORY, err);
	if (fd < 0)
		return fd;
	/* Checked after the open: the descriptor then names the checked process for ever. */
	if (check_qemu(what->number, root, err)) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

static int open_rapl(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/class/powercap/intel-rapl:%u/energy_uj", what->number);
	return open_path(root, path, 0, err);
}

static int open_perf_event(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = what->perf_type,
		.config = what->perf_config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd;

	if (*root) {
		mvmp_fail(err, MVMP_UNSUPPORTED, "a recorded tree has no perf events");
		return -ENOENT;
	}
	/* Counting only, of whole CPUs: no sampling, no kernel addresses leave by this. */
	if (what->perf_type != PERF_TYPE_HARDWARE && what->perf_type != PERF_TYPE_SOFTWARE &&
		what->perf_type != PERF_TYPE_HW_CACHE && what->perf_type != PERF_TYPE_RAW)
		return refuse_name("type of perf event", "", err);
	fd = syscall(SYS_perf_event_open, &attr, -1, (int)what->number, -1, PERF_FLAG_FD_CLOEXEC);
	return fd >= 0 ? (int)fd : fail_open("perf_event_open", err);
}

int mva_linux_source_open(const struct mva_open *what, const char *root, struct mvmp_error *err)
{
	switch (what->source) {
	case MVA_SRC_PROC_FILE:
		return open_proc_file(what, root, err);
	case MVA_SRC_SYS_CPU_DIR:
		return open_path(root, "/sys/devices/system/cpu", O_DIRECTORY, err);
	case MVA_SRC_SYS_NODE_DIR:
		return open_path(root, "/sys/devices/system/node", O_DIRECTORY, err);
	case MVA_SRC_SYS_DIR:
		return open_sys_dir(what, root, err);
	case MVA_SRC_PROC_PID_DIR:
		return open_pid_dir(what, root, err);
	case MVA_SRC_KVM_DEBUG_DIR:
		return open_path(root, "/sys/kernel/debug/kvm", O_DIRECTORY, err);
	case MVA_SRC_PERF_EVENT:
		return open_perf_event(what, root, err);
	case MVA_SRC_RAPL_ENERGY:
		return open_rapl(what, root, err);
	case MVA_SRC_COUNT:
		break;
	}
	mvmp_fail(err, MVMP_INVALID, "there is no source %d", (int)what->source);
	return -EINVAL;
}

int mva_linux_read_pid_io(uint32_t pid, const char *root, char *to, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	if (check_qemu(pid, root, NULL))
		return -EACCES;
	snprintf(path, sizeof(path), "/proc/%u/io", pid);
	fd = open_path(root, path, 0, NULL);
	if (fd < 0)
		return fd;
	len = pread(fd, to, size, 0);
	if (len < 0)
		len = -errno;
	close(fd);
	return (int)len;
}
