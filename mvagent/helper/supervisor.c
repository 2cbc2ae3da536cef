/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"
#include <errno.h>
#include <fcntl.h>
#include <mvmp/run.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAUSE_MS = 200,
	END_PATIENCE_MS = 3000, /* the helper gives the protocol process two seconds to save */
	END_STEP_MS = 10,
};

struct supervisor {
	const struct mva_options *options;
	mva_protocol_main *protocol;
	sigset_t awaited, before;
	int signals;
	pid_t helper;
	int ready; /* read end; -1 when nothing more is expected from it */
	bool was_ready;
};

static void forget_pipe(struct supervisor *s)
{
	if (s->ready >= 0)
		close(s->ready);
	s->ready = -1;
}

static int start(struct supervisor *s)
{
	pid_t parent = getpid();
	int pipe_ends[2];

	forget_pipe(s);
	if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	s->helper = fork();
	if (s->helper < 0) {
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		return -errno;
	}
	if (!s->helper) {
		close(pipe_ends[0]);
		close(s->signals);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		prctl(PR_SET_NAME, "mvagent-helper");
		sigprocmask(SIG_SETMASK, &s->before, NULL);
		if (getppid() != parent)
			_exit(MVA_EXIT_FAILED);
		_exit(mva_helper_main(s->options, s->protocol, pipe_ends[1], s->was_ready));
	}
	close(pipe_ends[1]);
	s->ready = pipe_ends[0];
	return 0;
}

/* The service manager hears it once: what is started again later is our own affair. */
static void note_ready(struct supervisor *s)
{
	char byte;
	int rc;

	if (s->ready < 0)
		return;
	if (read(s->ready, &byte, 1) == 1 && !s->was_ready) {
		s->was_ready = true;
		rc = mvmp_notify("READY=1");
		if (rc)
			mvmp_log("cannot tell the service manager that we are ready: %s",
				strerror(-rc));
	}
	forget_pipe(s);
}

/* A helper that is stopped does not hear SIGTERM; whoever is below it dies with it. */
static int end(struct supervisor *s)
{
	const struct timespec step = {0, END_STEP_MS * 1000000};
	unsigned waited = 0;
	int status;

	(void)mvmp_notify("STOPPING=1"); /* only for whoever looks on */
	kill(s->helper, SIGTERM);
	for (; waitpid(s->helper, &status, WNOHANG) == 0; waited += END_STEP_MS) {
		if (waited == END_PATIENCE_MS)
			kill(s->helper, SIGKILL);
		if (waited >= 2 * END_PATIENCE_MS)
			break; /* the kernel holds it */
		nanosleep(&step, NULL);
	}
	return MVA_EXIT_OK;
}

/* For all processes: no key of the node gets into a core file or to a debugger, and a terminal
 * that is closed ends nobody. */
static void protect(void)
{
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* The helper ended: -1 to start it again, else the exit code. */
static int ended(struct supervisor *s, int status)
{
	const struct timespec pause = {0, PAUSE_MS * 1000000};

	note_ready(s);
	if (!s->was_ready)
		return WIFEXITED(status) ? WEXITSTATUS(status) : MVA_EXIT_FAILED;
	if (WIFSIGNALED(status))
		mvmp_log("the helper was ended by signal %d (%s), starting it again",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		mvmp_log("the helper ended with code %d, starting it again", WEXITSTATUS(status));
	nanosleep(&pause, NULL);
	while (start(s))
		nanosleep(&pause, NULL);
	return -1;
}

/* The next signal, or 0 when something else has happened. */
static int wait_signal(struct supervisor *s)
{
	struct pollfd on[] = {
		{.fd = s->signals, .events = POLLIN}, {.fd = s->ready, .events = POLLIN}};
	struct signalfd_siginfo info;

	if (poll(on, 2, -1) < 0)
		return 0;
	if (on[1].revents)
		note_ready(s);
	if (!on[0].revents || read(s->signals, &info, sizeof info) != sizeof info)
		return 0;
	return (int)info.ssi_signo;
}

static int watch_signals(struct supervisor *s)
{
	sigemptyset(&s->awaited);
	sigaddset(&s->awaited, SIGCHLD);
	sigaddset(&s->awaited, SIGTERM);
	sigaddset(&s->awaited, SIGINT);
	sigprocmask(SIG_BLOCK, &s->awaited, &s->before);
	s->signals = signalfd(-1, &s->awaited, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? -errno : 0;
}

int mva_supervise(const struct mva_options *options, mva_protocol_main *protocol)
{
	struct supervisor s = {.options = options, .protocol = protocol, .ready = -1};
	int code = -1, status;

	protect();
	if (watch_signals(&s) || start(&s)) {
		mvmp_log("cannot start the helper process: %s", strerror(errno));
		return MVA_EXIT_FAILED;
	}
	while (code < 0) {
		int signal_number = wait_signal(&s);

		if (signal_number == SIGTERM || signal_number == SIGINT)
			return end(&s);
		if (waitpid(s.helper, &status, WNOHANG) == s.helper)
			code = ended(&s, status);
	}
	return code;
}
