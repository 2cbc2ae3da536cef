/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_SOURCE_H
#define MVA_LINUX_SOURCE_H

#include "../privops.h"
#include <stdbool.h>

/*
 * Opens a named source; executed by the privileged helper (and in-process by tests). Names come
 * from closed lists, numbers are checked, a pid must be a QEMU system emulator's. `root` is put
 * before /proc and /sys: "" on a real node, a recorded tree in tests (perf events are then
 * refused). All descriptors are close-on-exec and read-only.
 *
 *   MVA_SRC_PROC_FILE     name: see proc_files in source.c
 *   MVA_SRC_SYS_DIR       name: see sys_dirs in source.c
 *   MVA_SRC_RAPL_ENERGY   number: package zone; /sys/class/powercap/intel-rapl:N/energy_uj
 *   MVA_SRC_PERF_EVENT    reads give struct mva_perf_read
 *
 * Returns the descriptor or -errno; *err may be NULL and names what was tried.
 */
int mva_linux_source_open(const struct mva_open *what, const char *root, struct mvmp_error *err);

/* Text of /proc/<pid>/io of a QEMU process. Length or -errno. */
int mva_linux_read_pid_io(uint32_t pid, const char *root, char *to, size_t size);

/* What a process is by its executable's file name (or, where that may not be read, its own name)
 * and its real and effective user: a QEMU system emulator that may be a guest (guest_users.h), or
 * somebody else's, of user *uid. A recorded tree may leave out the user. */
enum mva_qemu { MVA_QEMU_NONE, MVA_QEMU_STRANGER, MVA_QEMU_GUEST };
enum mva_qemu mva_linux_qemu(uint32_t pid, const char *root, uint32_t *uid);

/* What a read of a perf event's descriptor gives. */
struct mva_perf_read {
	uint64_t value, time_enabled_ns, time_running_ns;
};

#endif
