/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct load {
	long cores;
	pid_t pid[];
};

static void compute(int core)
{
	volatile unsigned long n = 0;
	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 0);
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof set, &set);
	for (;;)
		n++;
}

struct load *load_start(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct load *load = calloc(1, sizeof *load + (size_t)cores * sizeof *load->pid);

	if (!load)
		return NULL;
	for (; load->cores < cores; load->cores++) {
		pid_t pid = fork();

		if (pid == 0)
			compute((int)load->cores);
		if (pid < 0)
			break;
		load->pid[load->cores] = pid;
	}
	return load;
}

void load_stop(struct load *load)
{
	for (long i = 0; load && i < load->cores; i++) {
		kill(load->pid[i], SIGKILL);
		waitpid(load->pid[i], NULL, 0);
	}
	free(load);
}
