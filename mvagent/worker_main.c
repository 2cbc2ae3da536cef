/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/workers.h"
#include "linux/guest_users.h"
#include "linux/tasks.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * mvagent-worker FD URI ROOT UIDS: a worker of the agent's helper (helper/workers.h), a program of
 * its own so that libvirt and the sixty libraries behind it are in no other process of the agent.
 */
int main(int argc, char **argv)
{
	unsigned long socket = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;

	if (socket <= 2 || socket > INT_MAX) {
		fprintf(stderr, "mvagent-worker: mvagent starts this program by itself\n");
		return 2;
	}
	mva_linux_task_init(argv[2], argv[3]);
	mva_guest_users_parse(argv[4]);
	mva_worker_main((int)socket, mva_linux_task_run);
}
