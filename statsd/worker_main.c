/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static int read_all(void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = read(MVS_WORKER_FD, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_all(const void *from, size_t len)
{
	const uint8_t *at = from;

	while (len) {
		ssize_t n = write(MVS_WORKER_FD, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int answer(const struct mvs_draw_job *job, const struct mvs_draw_output *output)
{
	const struct mvs_draw_result *result = &output->result;
	size_t values = output->value ? (size_t)result->points * job->items : 0;

	if (write_all(result, sizeof *result))
		return -1;
	if (result->status != MVMP_OK)
		return 0;
	if (write_all(output->value, values * sizeof(double)))
		return -1;
	return result->image_len ? write_all(output->image, result->image_len) : 0;
}

int mvs_worker_main(void)
{
	static struct mvs_draw_job job;
	struct mvs_draw_output output;
	int rc = 0;

	prctl(PR_SET_NAME, "draw-worker");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN); /* the terminal's Ctrl-C is for the daemon */
	while (rc == 0 && read_all(&job, sizeof job) == 0) {
		mvs_draw(&job, &output);
		rc = answer(&job, &output);
		mvs_draw_free(&output);
	}
	return 0;
}
