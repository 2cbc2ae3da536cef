/* SPDX-License-Identifier: Apache-2.0 */

/* Who the node is: host name, kernel, CPU model (read once), and how long it is up. */

#include "linux.h"
#include "scan.h"
#include <stdio.h>
#include <unistd.h>

static bool read_proc(struct mva_linux *lx, const char *name)
{
	int fd = mva_linux_open(lx, NULL, MVA_SRC_PROC_FILE, name, 0);
	int len = mva_linux_read(lx, fd);

	mva_linux_close(&fd);
	return len > 0;
}

/* "Linux version 6.1.0-50-amd64 (builder) ..." */
static void parse_version(struct mva_linux *lx)
{
	const char *at = lx->buf;

	if (scan_is(&at, "Linux version "))
		snprintf(lx->kernel, sizeof(lx->kernel), "Linux %.*s", (int)strcspn(at, " \n"), at);
}

/* x86 writes "model name"; other architectures have other first lines, or no name at all. */
static void parse_cpuinfo(struct mva_linux *lx)
{
	const char *at = strstr(lx->buf, "model name");
	const char *colon = at ? strchr(at, ':') : NULL;

	if (!colon)
		return;
	colon++;
	scan_blanks(&colon);
	snprintf(lx->cpu_model, sizeof(lx->cpu_model), "%.*s", (int)strcspn(colon, "\n"), colon);
}

void mva_identity_open(struct mva_linux *lx)
{
	lx->proc.uptime = mva_linux_open(lx, "uptime", MVA_SRC_PROC_FILE, "uptime", 0);
	if (read_proc(lx, "sys/kernel/hostname"))
		snprintf(lx->hostname, sizeof(lx->hostname), "%.*s", (int)strcspn(lx->buf, "\n"),
			lx->buf);
	if (read_proc(lx, "version"))
		parse_version(lx);
	if (read_proc(lx, "cpuinfo"))
		parse_cpuinfo(lx);
}

void mva_identity_node(struct mva_linux *lx, struct mvmp_record *node)
{
	bool known = mva_linux_read(lx, lx->proc.uptime) > 0;
	const char *at = lx->buf;

	mva_set_or_unsupported(
		node, MVMP_N_UPTIME, known, known ? scan_milli(&at) * MVMP_NS_PER_MS : 0);
	mvmp_set_text(node, MVMP_NT_NAME, lx->hostname);
	mvmp_set_text(node, MVMP_NT_BACKEND, "linux");
	mvmp_set_text(node, MVMP_NT_KERNEL, lx->kernel);
	mvmp_set_text(node, MVMP_NT_CPU_MODEL, lx->cpu_model);
}

void mva_proc_close(struct mva_linux *lx)
{
	int *fd[] = {&lx->proc.meminfo, &lx->proc.loadavg, &lx->proc.vmstat, &lx->proc.uptime,
		&lx->proc.schedstat, &lx->proc.psi[0], &lx->proc.psi[1], &lx->proc.psi[2]};

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		mva_linux_close(fd[i]);
}
