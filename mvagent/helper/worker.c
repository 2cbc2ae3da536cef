/* SPDX-License-Identifier: Apache-2.0 */
#include "workers.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Writes a long answer into a memory file; the descriptor or -errno. */
static int to_memory_file(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("mvagent-task", MFD_CLOEXEC);

	while (fd >= 0 && len) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0) {
			close(fd);
			return -errno;
		}
		bytes += done;
		len -= (size_t)done;
	}
	return fd < 0 ? -errno : fd;
}

static int send_answer(int socket, struct mvmp_error *err, const uint8_t *answer, int len)
{
	static uint8_t message[MVA_WIRE_INLINE_MAX + 1024];
	struct mvmp_writer w = mvmp_writer(message, sizeof message);
	bool fits = len <= MVA_WIRE_INLINE_MAX;
	int fd = fits ? -1 : to_memory_file(answer, (size_t)len), rc;

	if (!fits && fd < 0) {
		mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the answer of a task");
		len = 0;
	}
	mva_wire_put_error(&w, err);
	mvmp_put_u32(&w, (uint32_t)len);
	if (fits || fd < 0)
		mvmp_put_bytes(&w, answer, (size_t)len);
	rc = mva_wire_send(socket, message, w.used, fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* One task: u32 task, request. */
static int serve(int socket, mva_task_run *run, uint8_t *answer)
{
	static uint8_t request[MVA_TASK_REQUEST_MAX + 16];
	struct mvmp_error err = {.status = MVMP_OK};
	struct mvmp_reader r;
	int fd, len;
	ssize_t got = mva_wire_receive(socket, request, sizeof request, &fd);
	uint32_t task;

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return -1;
	r = mvmp_reader(request, (size_t)got);
	task = mvmp_get_u32(&r);
	len = run(task, r.at, r.left, answer, MVA_TASK_ANSWER_MAX, &err);
	if (len < 0 && !err.status)
		mvmp_fail(&err, -len < MVMP_STATUS_COUNT ? (enum mvmp_status) - len : MVMP_FAILED,
			"the task failed");
	return send_answer(socket, &err, answer, len < 0 ? 0 : len);
}

void mva_worker_main(int socket, mva_task_run *run)
{
	uint8_t *answer = malloc(MVA_TASK_ANSWER_MAX);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "mvagent-worker");
	while (answer && !serve(socket, run, answer))
		;
	_exit(0);
}
