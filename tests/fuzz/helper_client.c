/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../../mvagent/helper/client.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the helper answers to the protocol process, on both sockets: a byte (bit 0: the tasks'
 * socket), 16 bits of length, the message. Each question comes back, each task ends at most once.
 */

static unsigned done_calls;

static void done(void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	fuzz_holds(len <= MVA_TASK_ANSWER_MAX && (answer || !len), "an answer is bounded");
	fuzz_holds(memchr(error->text, '\0', sizeof error->text), "an error's text ends");
	done_calls++;
}

static void fill(struct mvmp_reader *r, int questions, int tasks)
{
	while (r->left && !r->bad) {
		int to = mvmp_get_u8(r) & 1 ? tasks : questions;
		size_t len = mvmp_get_u16(r);

		len = len < r->left ? len : r->left;
		if (len && send(to, mvmp_get_view(r, len), len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
	}
}

/* Nobody answers but what is there already: the other end takes nothing more. */
static void ask(struct mva_helper_client *client)
{
	struct mva_privops *priv = mva_helper_privops(client);
	struct mva_open what = {.source = MVA_SRC_PROC_FILE, .name = "stat"};
	struct mvmp_error err;
	char text[64];
	int fd = priv->ops->open(priv, &what, &err);

	if (fd >= 0)
		close(fd);
	fuzz_holds(priv->ops->read_pid_io(priv, 1, text, sizeof text) <= (int)sizeof text,
		"a text is no longer than its room");
	priv->ops->start(priv, MVA_TASK_BLOCK, "0123456789abcdef", 16, 1000, done, NULL);
	priv->ops->start(priv, MVA_TASK_BALLOON, "0123456789abcdef", 16, 1000, done, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mva_helper_client *client;
	int questions[2], tasks[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, questions) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tasks))
		abort();
	done_calls = 0;
	client = mva_helper_client_new(questions[0], tasks[0]);
	if (!client)
		abort();
	fill(&r, questions[1], tasks[1]);
	shutdown(questions[1], SHUT_WR); /* else each question would be waited for */
	ask(client);
	for (unsigned i = 0; i < 64 && !mva_helper_client_receive(client); i++)
		;
	fuzz_holds(done_calls <= 2, "a task ends once");
	mva_helper_client_free(client);
	close(questions[1]);
	close(tasks[1]);
	return 0;
}
