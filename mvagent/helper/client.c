/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "workers.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_START_MS = 5000, /* nobody is served yet */
	PATIENCE_MS = 250,	  /* the loop stands still meanwhile */
	ANSWER_MAX = 4096,
};

struct pending {
	uint64_t id; /* 0: free */
	mva_task_done *done;
	void *ctx;
};

struct mva_helper_client {
	struct mva_privops base;
	int questions, tasks;
	unsigned patience_ms;
	uint32_t number; /* of the last question */
	uint32_t late;	 /* the one whose answer was not waited for to the end; 0: none */
	uint64_t last;
	struct pending pending[MVA_TASKS_MAX];
	uint8_t *answer; /* MVA_TASK_ANSWER_MAX, once a long one came */
};

static struct mva_helper_client *client_of(struct mva_privops *priv)
{
	return (struct mva_helper_client *)(void *)priv;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_answer(const uint8_t *bytes, size_t len, uint32_t number)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);

	return mvmp_get_u32(&r) == MVA_WIRE_ANSWER && mvmp_get_u32(&r) == number && !r.bad;
}

/* Receives until the answer to this question comes; others are thrown away. Its length,
 * -ETIMEDOUT, or -EPIPE when the helper is gone. */
static ssize_t await(struct mva_helper_client *c, uint32_t number, unsigned patience_ms,
	uint8_t *answer, size_t size, int *fd)
{
	const int64_t until = now_ms() + patience_ms;

	for (;;) {
		struct pollfd ready = {.fd = c->questions, .events = POLLIN};
		int64_t left = until - now_ms();
		int found = poll(&ready, 1, left > 0 ? (int)left : 0);
		ssize_t got;

		if (found < 0 && errno == EINTR)
			continue;
		if (found <= 0)
			return -ETIMEDOUT;
		got = mva_wire_receive(c->questions, answer, size, fd);
		if (got <= 0)
			return -EPIPE;
		if (is_answer(answer, (size_t)got, number))
			return got;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

/* While the helper owes an answer it is asked nothing: it is stopped, or short of memory, and
 * waiting again and again would stop us too. */
static bool still_owes(struct mva_helper_client *c)
{
	uint8_t answer[ANSWER_MAX];
	int fd = -1;

	if (c->late && await(c, c->late, 0, answer, sizeof answer, &fd) > 0)
		c->late = 0;
	if (fd >= 0)
		close(fd);
	return c->late;
}

static ssize_t send_and_await(struct mva_helper_client *c, const struct mvmp_writer *question,
	uint8_t *answer, size_t size, int *fd)
{
	ssize_t rc;

	if (question->bad)
		return -EMSGSIZE;
	if (still_owes(c))
		return -ETIMEDOUT;
	rc = mva_wire_send(c->questions, question->buf, question->used, -1);
	if (rc >= 0)
		rc = await(c, c->number, c->patience_ms, answer, size, fd);
	if (rc == -ETIMEDOUT)
		c->late = c->number;
	return rc;
}

/* The beginning of the next question. */
static void begin(struct mva_helper_client *c, struct mvmp_writer *w, enum mva_wire_kind kind)
{
	c->number += 1 + (c->number == UINT32_MAX); /* 0 is no question's */
	mvmp_put_u32(w, kind);
	mvmp_put_u32(w, c->number);
}

/* Asks and waits for the answer; its bytes go to `to`. Length or -errno. */
static int ask(struct mva_helper_client *c, const struct mvmp_writer *question, void *to,
	size_t size, int *fd, struct mvmp_error *err)
{
	uint8_t answer[ANSWER_MAX];
	struct mvmp_error ignored;
	struct mvmp_reader r;
	ssize_t got;
	int rc;

	*fd = -1;
	if (!err)
		err = &ignored;
	got = send_and_await(c, question, answer, sizeof answer, fd);
	if (got <= 0) {
		mvmp_fail(err, MVMP_IO, "the helper process does not answer");
		return got ? (int)got : -EPIPE;
	}
	r = mvmp_reader(answer, (size_t)got);
	mvmp_get_u64(&r); /* what it is, and its number */
	rc = (int)mvmp_get_u32(&r);
	mva_wire_get_error(&r, err);
	if (rc < 0)
		return rc;
	if (size > r.left)
		size = r.left;
	if (size)
		memcpy(to, r.at, size);
	return (int)size;
}

static int client_open(
	struct mva_privops *priv, const struct mva_open *what, struct mvmp_error *err)
{
	uint8_t question[128];
	struct mvmp_writer w = mvmp_writer(question, sizeof question);
	int fd, rc;

	begin(client_of(priv), &w, MVA_WIRE_OPEN);
	mvmp_put_u32(&w, what->source);
	mvmp_put_bytes(&w, what->name, MVA_NAME_LEN);
	mvmp_put_u32(&w, what->number);
	mvmp_put_u32(&w, what->perf_type);
	mvmp_put_u64(&w, what->perf_config);
	rc = ask(client_of(priv), &w, NULL, 0, &fd, err);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd >= 0 ? fd : -EIO;
}

static int client_read_pid_io(struct mva_privops *priv, uint32_t pid, char *to, size_t size)
{
	uint8_t question[16];
	struct mvmp_writer w = mvmp_writer(question, sizeof question);
	int fd, rc;

	begin(client_of(priv), &w, MVA_WIRE_READ_PID_IO);
	mvmp_put_u32(&w, pid);
	rc = ask(client_of(priv), &w, to, size, &fd, NULL);
	if (fd >= 0)
		close(fd);
	return rc;
}

static struct pending *find(struct mva_helper_client *c, uint64_t id)
{
	for (unsigned i = 0; i < MVA_TASKS_MAX; i++) {
		if (c->pending[i].id == id)
			return &c->pending[i];
	}
	return NULL;
}

static uint64_t client_start(struct mva_privops *priv, enum mva_task task, const void *request,
	size_t len, unsigned deadline_ms, mva_task_done *done, void *ctx)
{
	struct mva_helper_client *c = client_of(priv);
	struct pending *slot = find(c, 0);
	uint8_t message[MVA_TASK_REQUEST_MAX + 32];
	struct mvmp_writer w = mvmp_writer(message, sizeof message);

	mvmp_put_u32(&w, MVA_WIRE_START);
	mvmp_put_u64(&w, ++c->last);
	mvmp_put_u32(&w, task);
	mvmp_put_u32(&w, deadline_ms);
	mvmp_put_bytes(&w, request, len);
	if (!slot || w.bad || len > MVA_TASK_REQUEST_MAX ||
		mva_wire_send(c->tasks, message, w.used, -1))
		return 0;
	*slot = (struct pending){.id = c->last, .done = done, .ctx = ctx};
	return slot->id;
}

static void client_cancel(struct mva_privops *priv, uint64_t id)
{
	struct mva_helper_client *c = client_of(priv);
	struct pending *slot = id ? find(c, id) : NULL;
	uint8_t message[16];
	struct mvmp_writer w = mvmp_writer(message, sizeof message);

	if (!slot)
		return;
	*slot = (struct pending){0};
	mvmp_put_u32(&w, MVA_WIRE_CANCEL);
	mvmp_put_u64(&w, id);
	mva_wire_send(c->tasks, message, w.used, -1);
}

static const struct mva_privops_ops client_ops = {
	.open = client_open,
	.read_pid_io = client_read_pid_io,
	.start = client_start,
	.cancel = client_cancel,
};

struct mva_helper_client *mva_helper_client_new(int questions, int tasks)
{
	struct mva_helper_client *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->base.ops = &client_ops;
	c->questions = questions;
	c->tasks = tasks;
	c->patience_ms = PATIENCE_START_MS;
	fcntl(questions, F_SETFL, O_NONBLOCK); /* a full socket is no reason to stand still */
	fcntl(tasks, F_SETFL, O_NONBLOCK);
	return c;
}

void mva_helper_client_free(struct mva_helper_client *c)
{
	if (!c)
		return;
	close(c->questions);
	close(c->tasks);
	free(c->answer);
	free(c);
}

struct mva_privops *mva_helper_privops(struct mva_helper_client *c)
{
	return &c->base;
}

int mva_helper_client_socket(const struct mva_helper_client *c)
{
	return c->tasks;
}

/* The bytes of an answer that came in a memory file; NULL when they cannot be had. */
static const uint8_t *from_file(struct mva_helper_client *c, int fd, size_t len)
{
	if (!c->answer)
		c->answer = malloc(MVA_TASK_ANSWER_MAX);
	if (!c->answer || len > MVA_TASK_ANSWER_MAX || pread(fd, c->answer, len, 0) != (ssize_t)len)
		return NULL;
	return c->answer;
}

static void finish(struct mva_helper_client *c, struct mvmp_reader *r, int fd)
{
	uint64_t id = mvmp_get_u64(r);
	struct pending *slot = id ? find(c, id) : NULL;
	struct pending was;
	struct mvmp_error err;
	const uint8_t *bytes;
	uint32_t len;

	mva_wire_get_error(r, &err);
	len = mvmp_get_u32(r);
	bytes = fd >= 0 ? from_file(c, fd, len) : r->at;
	if (!slot || r->bad)
		return;
	was = *slot;
	*slot = (struct pending){0};
	if (!bytes)
		mvmp_fail(&err, MVMP_NO_MEMORY, "the answer of a task cannot be read");
	was.done(was.ctx, &err, bytes, !bytes ? 0 : fd >= 0 ? len : r->left);
}

int mva_helper_client_receive(struct mva_helper_client *c)
{
	static uint8_t message[MVA_WIRE_INLINE_MAX + 1024];
	struct mvmp_reader r;
	int fd;
	ssize_t got = mva_wire_receive(c->tasks, message, sizeof message, &fd);

	if (got == -EAGAIN)
		return 0;
	if (got <= 0)
		return -EPIPE;
	r = mvmp_reader(message, (size_t)got);
	if (mvmp_get_u32(&r) == MVA_WIRE_DONE)
		finish(c, &r, fd);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int ask_plain(struct mva_helper_client *c, enum mva_wire_kind kind, const void *bytes,
	size_t len, struct mvmp_error *err)
{
	uint8_t *question = malloc(len + 8);
	struct mvmp_writer w = mvmp_writer(question, question ? len + 8 : 0);
	int fd, rc;

	begin(c, &w, kind);
	mvmp_put_bytes(&w, bytes, len);
	rc = ask(c, &w, NULL, 0, &fd, err);
	if (fd >= 0)
		close(fd);
	if (question)
		mvmp_wipe(question, len + 8); /* a key may be in it */
	free(question);
	return rc;
}

int mva_helper_ready(struct mva_helper_client *c)
{
	int rc = ask_plain(c, MVA_WIRE_READY, NULL, 0, NULL);

	c->patience_ms = PATIENCE_MS;
	return rc;
}

int mva_helper_watch(struct mva_helper_client *c, const char *interface)
{
	return ask_plain(c, MVA_WIRE_WATCH, interface, strlen(interface), NULL);
}

int mva_helper_keep(struct mva_helper_client *c, enum mvmp_part part, const uint8_t *bytes,
	size_t len, struct mvmp_error *err)
{
	uint8_t *question = malloc(len + 4);
	struct mvmp_writer w = mvmp_writer(question, question ? len + 4 : 0);
	int rc;

	if (!question)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	mvmp_put_u32(&w, part);
	if (len)
		mvmp_put_bytes(&w, bytes, len);
	rc = ask_plain(c, MVA_WIRE_KEEP, question, w.used, err);
	mvmp_wipe(question, len + 4);
	free(question);
	return rc;
}
