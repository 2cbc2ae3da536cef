/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"
#include "../linux/guest_users.h"
#include "table.h"
#include "workers.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/run.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WATCHES_MAX = 8,
	WATCH_MS = 500,
	PAUSE_MIN_MS = 100,
	PAUSE_MAX_MS = 1000,	  /* between two starts of the protocol process */
	PAUSE_REFUSED_MS = 30000, /* the same when it says by itself that it cannot start */
	LIVED_MS = 5000,	  /* it was well: the next pause is short again */
	SEND_PATIENCE_S = 1,
};

static const char worker_name[] = "mvagent-worker";

struct helper {
	const struct mva_options *options;
	mva_protocol_main *protocol;
	struct mva_workers *workers;
	struct mva_table_env table;
	sigset_t before;
	int signals, ready_pipe;
	pid_t child; /* 0: none now */
	int questions, tasks;
	bool again;		    /* a protocol process was ready before */
	uint64_t started, start_at; /* ns */
	unsigned pause_ms;
	char watch[WATCHES_MAX][IF_NAMESIZE];
	unsigned watches;
	uint64_t watch_at;
	int code; /* >= 0: end with it */
	bool worker_missing;
	char why_missing[256];
};

static void on_ready(void *ctx)
{
	struct helper *h = ctx;

	h->again = true;
	if (h->ready_pipe >= 0 && write(h->ready_pipe, "r", 1) == 1) {
		close(h->ready_pipe);
		h->ready_pipe = -1;
	}
}

static void on_watch(void *ctx, const char *interface)
{
	struct helper *h = ctx;

	if (h->watches == WATCHES_MAX)
		return;
	/* The name alone, without VLAN and EtherTypes. */
	snprintf(h->watch[h->watches++], IF_NAMESIZE, "%.*s", (int)strcspn(interface, "@/"),
		interface);
	h->watch_at = mvmp_now() + 2 * MVMP_NS_PER_S; /* it was just looked at */
}

static void close_all(struct helper *h)
{
	if (h->questions >= 0)
		close(h->questions);
	if (h->tasks >= 0)
		close(h->tasks);
	h->questions = h->tasks = -1;
}

/* The program is beside our own, or where it was installed: false, and that path, if not. */
static bool find_worker(char to[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", to, PATH_MAX - sizeof worker_name - 1);
	char *slash;

	to[len > 0 ? len : 0] = '\0';
	slash = strrchr(to, '/');
	if (slash) {
		memcpy(slash + 1, worker_name, sizeof worker_name);
		if (!access(to, X_OK))
			return true;
	}
	snprintf(to, PATH_MAX, "%s/%s", MVA_LIBEXEC, worker_name);
	return !access(to, X_OK);
}

/* Said once when it is found missing, and once when it is there again. */
static const char *missing_worker(void *ctx)
{
	struct helper *h = ctx;
	char path[PATH_MAX];
	bool found = find_worker(path);

	if (!found && !h->worker_missing) {
		snprintf(h->why_missing, sizeof h->why_missing,
			"there is no program %.150s: guests and libvirt are not seen", path);
		mvmp_log("warning: %s", h->why_missing);
	} else if (found && h->worker_missing) {
		mvmp_log("%.200s is there now", path);
	}
	h->worker_missing = !found;
	return found ? NULL : h->why_missing;
}

/* In a child: all but its socket is closed by execve. */
static void become_worker(void *ctx, int socket)
{
	struct helper *h = ctx;
	char path[PATH_MAX], number[12], users[MVA_GUEST_USERS_TEXT];

	sigprocmask(SIG_SETMASK, &h->before, NULL);
	fcntl(socket, F_SETFD, 0);
	find_worker(path);
	snprintf(number, sizeof number, "%d", socket);
	execl(path, worker_name, number, h->options->libvirt, h->options->root,
		mva_guest_users_text(users), (char *)NULL);
	mvmp_log("cannot start %s: %s", path, strerror(errno));
}

static void on_done(void *ctx, uint64_t id, const struct mvmp_error *err, const uint8_t *bytes,
	size_t len, int fd)
{
	static uint8_t message[MVA_WIRE_INLINE_MAX + 1024];
	struct mvmp_writer w = mvmp_writer(message, sizeof message);
	struct helper *h = ctx;

	mvmp_put_u32(&w, MVA_WIRE_DONE);
	mvmp_put_u64(&w, id);
	mva_wire_put_error(&w, err);
	mvmp_put_u32(&w, (uint32_t)len);
	if (fd < 0)
		mvmp_put_bytes(&w, bytes, len);
	if (h->tasks >= 0 && mva_wire_send(h->tasks, message, w.used, fd) && h->child)
		kill(h->child, SIGKILL); /* it has not read for too long */
}

static int run_protocol(struct helper *h, int questions, int tasks)
{
	close(h->signals);
	if (h->ready_pipe >= 0)
		close(h->ready_pipe);
	sigprocmask(SIG_SETMASK, &h->before, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "mvagent-proto");
	return h->protocol(h->options, questions, tasks, h->again);
}

static int start_protocol(struct helper *h)
{
	const struct timeval patience = {.tv_sec = SEND_PATIENCE_S};
	int questions[2], tasks[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, questions))
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tasks)) {
		close(questions[0]);
		close(questions[1]);
		return -errno;
	}
	h->child = fork();
	if (!h->child) {
		close(questions[0]);
		close(tasks[0]);
		if (getppid() != parent)
			_exit(MVA_EXIT_FAILED);
		_exit(run_protocol(h, questions[1], tasks[1]));
	}
	close(questions[1]);
	close(tasks[1]);
	h->questions = questions[0];
	h->tasks = tasks[0];
	setsockopt(h->questions, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(h->tasks, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	h->started = mvmp_now();
	h->watches = 0;
	if (h->child < 0) {
		h->child = 0;
		close_all(h);
		return -EAGAIN;
	}
	return 0;
}

static void take_question(struct helper *h)
{
	static uint8_t question[MVA_WIRE_MAX], answer[8192];
	ssize_t got;
	size_t len;
	int fd;

	got = mva_wire_receive(h->questions, question, sizeof question, &fd);
	if (fd >= 0)
		close(fd);
	if (got <= 0) {
		if (got == -EMSGSIZE)
			kill(h->child, SIGKILL);
		close_all(h); /* its end is reported by SIGCHLD */
		return;
	}
	len = mva_table_do(&h->table, question, (size_t)got, answer, sizeof answer, &fd);
	if (mva_wire_send(h->questions, answer, len, fd) && h->child)
		kill(h->child, SIGKILL);
	if (fd >= 0)
		close(fd);
}

static void start_task(struct helper *h, struct mvmp_reader *r)
{
	uint64_t id = mvmp_get_u64(r);
	uint32_t task = mvmp_get_u32(r), deadline_ms = mvmp_get_u32(r);

	if (r->bad)
		return;
	mva_workers_start(h->workers, id, task, r->at, r->left, deadline_ms, mvmp_now());
}

static void take_task(struct helper *h)
{
	uint8_t message[MVA_TASK_REQUEST_MAX + 64];
	struct mvmp_reader r;
	uint32_t kind;
	ssize_t got;
	int fd;

	got = mva_wire_receive(h->tasks, message, sizeof message, &fd);
	if (fd >= 0)
		close(fd);
	if (got <= 0) {
		close_all(h);
		return;
	}
	r = mvmp_reader(message, (size_t)got);
	kind = mvmp_get_u32(&r);
	if (kind == MVA_WIRE_START)
		start_task(h, &r);
	else if (kind == MVA_WIRE_CANCEL)
		mva_workers_cancel(h->workers, mvmp_get_u64(&r));
}

static void plan_restart(struct helper *h, int status)
{
	uint64_t now = mvmp_now();
	bool well = now - h->started > LIVED_MS * MVMP_NS_PER_MS;
	bool refused = WIFEXITED(status) && WEXITSTATUS(status) != MVA_EXIT_OK;
	unsigned most = refused ? PAUSE_REFUSED_MS : PAUSE_MAX_MS;

	h->pause_ms = well || !h->pause_ms ? PAUSE_MIN_MS : h->pause_ms * 2;
	if (h->pause_ms > most)
		h->pause_ms = most;
	h->start_at = now + h->pause_ms * MVMP_NS_PER_MS;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
		mvmp_log("the protocol process was ended by signal %d (%s), starting it again",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static void reap(struct helper *h)
{
	int status;

	if (!h->child || waitpid(h->child, &status, WNOHANG) != h->child)
		return;
	h->child = 0;
	close_all(h);
	mva_workers_forget(h->workers);
	if (h->again)
		plan_restart(h, status);
	else
		h->code = WIFEXITED(status) ? WEXITSTATUS(status) : MVA_EXIT_FAILED;
}

static void take_signal(struct helper *h)
{
	struct signalfd_siginfo info;

	if (read(h->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
		h->code = MVA_EXIT_OK;
	else
		reap(h);
}

static bool is_up(const char *interface)
{
	struct ifreq request = {.ifr_flags = 0};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
	up = fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &request) && request.ifr_flags & IFF_UP;
	if (fd >= 0)
		close(fd);
	return up;
}

/* An interface that came back can only be opened by a new protocol process. */
static void look_at_interfaces(struct helper *h, uint64_t now)
{
	if (!h->watches || now < h->watch_at || !h->child)
		return;
	h->watch_at = now + WATCH_MS * MVMP_NS_PER_MS;
	for (unsigned i = 0; i < h->watches; i++) {
		if (!is_up(h->watch[i]))
			continue;
		mvmp_log("%s is back, starting the protocol process anew", h->watch[i]);
		h->watches = 0;
		kill(h->child, SIGTERM);
		return;
	}
}

static int wait_ms(const struct helper *h, uint64_t now)
{
	uint64_t at = mva_workers_deadline(h->workers, now);

	if (!h->child && h->start_at < at)
		at = h->start_at;
	if (h->watches && h->watch_at < at)
		at = h->watch_at;
	if (at == UINT64_MAX)
		return 60000;
	return at <= now ? 0 : (int)((at - now) / MVMP_NS_PER_MS) + 1;
}

static void turn(struct helper *h)
{
	struct pollfd fds[3 + MVA_WORKERS_MAX] = {
		{.fd = h->signals, .events = POLLIN},
		{.fd = h->questions, .events = POLLIN},
		{.fd = h->tasks, .events = POLLIN},
	};
	unsigned count = 3 + mva_workers_poll(h->workers, fds + 3);
	uint64_t now;

	poll(fds, count, wait_ms(h, mvmp_now()));
	if (fds[1].revents && h->questions >= 0)
		take_question(h);
	if (fds[2].revents && h->tasks >= 0)
		take_task(h);
	if (fds[0].revents)
		take_signal(h);
	now = mvmp_now();
	mva_workers_advance(h->workers, now);
	look_at_interfaces(h, now);
	if (!h->child && h->code < 0 && now >= h->start_at && start_protocol(h))
		h->start_at = now + PAUSE_MAX_MS * MVMP_NS_PER_MS;
}

static void end_child(struct helper *h)
{
	uint64_t until = mvmp_now() + 2 * MVMP_NS_PER_S;
	int status;

	if (!h->child)
		return;
	kill(h->child, SIGTERM);
	while (waitpid(h->child, &status, WNOHANG) == 0) {
		if (mvmp_now() > until)
			kill(h->child, SIGKILL);
		usleep(10000);
	}
}

int mva_helper_main(
	const struct mva_options *options, mva_protocol_main *protocol, int ready, bool again)
{
	struct helper h = {.options = options,
		.protocol = protocol,
		.ready_pipe = ready,
		.again = again,
		.questions = -1,
		.tasks = -1,
		.code = -1};
	struct mva_workers_env env = {
		.ctx = &h, .become = become_worker, .missing = missing_worker, .done = on_done};
	sigset_t awaited;

	h.table = (struct mva_table_env){.ctx = &h,
		.root = options->root,
		.identity = options->identity,
		.ready = on_ready,
		.watch = on_watch};
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	sigprocmask(SIG_BLOCK, &awaited, &h.before);
	h.signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
	h.workers = mva_workers_new(&env);
	if (h.signals < 0 || !h.workers)
		return MVA_EXIT_FAILED;
	if (options->backend == &mva_backend_linux)
		missing_worker(&h);
	while (h.code < 0)
		turn(&h);
	end_child(&h);
	mva_workers_free(h.workers);
	return h.code;
}
