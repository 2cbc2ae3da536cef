/* SPDX-License-Identifier: Apache-2.0 */
#include "../sandbox.h"
#include "../state.h"
#include "enrol.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/run.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUDGET = 64, DESCRIPTORS_MAX = 4 * MVA_INTERFACES_MAX };

struct listening {
	struct mva_enrol_listener *with;
	struct mvmp_enrol_node *node;
	unsigned link; /* that is being read */
	bool enrolled, broken;
};

static int enter_sandbox(const struct mva_options *options, struct mvmp_error *err)
{
	struct mva_fence fence = {.root = -1, .state = -1, .tree = options->root};
	struct mva_user user;
	int rc = mva_user_find(&user, options->user, err);

	if (!rc)
		rc = mva_make_directory(options->run, 0755, err);
	if (rc)
		return rc;
	if (user.change)
		fence.root = mva_empty_root(options->run);
	rc = mva_sandbox_enter(&user, &fence, err);
	if (fence.root >= 0)
		close(fence.root);
	return rc < 0 ? rc : 0;
}

static int send_frame(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	struct listening *l = ctx;

	return mvmp_link_send(l->with->link[to->link], to->mac, MVMP_CONTROL, frame, len);
}

static bool ask_owner(
	struct listening *l, const uint8_t *message, size_t len, struct mva_enrol_outcome *outcome)
{
	ssize_t got;

	if (send(l->with->owner, message, len, MSG_NOSIGNAL) != (ssize_t)len)
		return false;
	do
		got = recv(l->with->owner, outcome, sizeof *outcome, 0);
	while (got < 0 && errno == EINTR);
	return got == sizeof *outcome;
}

static void delivered(
	void *ctx, const struct mvmp_enrol_delivery *delivery, const struct mvmp_addr *by)
{
	static uint8_t message[MVA_ENROL_MESSAGE_MAX];
	struct listening *l = ctx;
	struct mvmp_writer w = mvmp_writer(message, 4);
	struct mva_enrol_outcome outcome;
	struct mvmp_error err = {.status = MVMP_OK};
	int len;

	mvmp_put_u32(&w, by->link);
	len = mvmp_enrol_delivery_encode(message + 4, delivery);
	if (len < 0 || !ask_owner(l, message, 4 + (size_t)len, &outcome)) {
		l->broken = true;
		return;
	}
	mvmp_wipe(message, sizeof message);
	if (outcome.status)
		mvmp_fail(&err, (enum mvmp_status)outcome.status, "%.255s", outcome.text);
	l->enrolled = !outcome.status;
	mvmp_enrol_node_conclude(l->node, &err, mvmp_now());
}

static void take_frame(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct listening *l = ctx;
	struct mvmp_addr from = {.link = (uint8_t)l->link};

	memcpy(from.mac, src, MVMP_MAC_LEN);
	mvmp_enrol_node_receive(l->node, &from, channel, frame, len, mvmp_now());
}

static unsigned list_descriptors(const struct listening *l, struct pollfd *fds)
{
	unsigned count = 0;
	int fd[4];

	for (unsigned i = 0; i < l->with->links; i++) {
		unsigned n = l->with->link[i]->ops->descriptors(l->with->link[i], fd);

		for (unsigned j = 0; j < n; j++)
			fds[count++] = (struct pollfd){.fd = fd[j], .events = POLLIN};
	}
	return count;
}

static bool receive_all(struct listening *l)
{
	for (l->link = 0; l->link < l->with->links; l->link++) {
		struct mvmp_link *link = l->with->link[l->link];

		if (mvmp_link_receive(link, BUDGET, take_frame, l) == -ENETDOWN) {
			mvmp_log("%s is gone; this node is %s", link->name,
				l->enrolled ? "enrolled" : "not enrolled");
			return false;
		}
	}
	return true;
}

/* Until the time of the code is over, or the enrolled node has lingered. */
static void listen_on(struct listening *l)
{
	struct pollfd fds[DESCRIPTORS_MAX];
	unsigned count = list_descriptors(l, fds);

	while (!l->broken) {
		uint64_t now = mvmp_now(), until = mvmp_enrol_node_deadline(l->node);

		if (now >= until)
			break;
		poll(fds, count, (int)((until - now) / MVMP_NS_PER_MS) + 1);
		if (!receive_all(l))
			return;
	}
	if (!l->enrolled)
		mvmp_log("nobody enrolled this node in ten minutes; start mvagent --enrol again "
			 "for a new code");
}

int mva_enrol_listen(struct mva_enrol_listener *listener)
{
	struct listening l = {.with = listener};
	struct mvmp_enrol_node_config config = {.crypto = &mvmp_crypto_openssl,
		.env = {&l, send_frame, mvmp_random_os},
		.secret = listener->secret,
		.request = listener->request,
		.delivered = delivered};
	struct mvmp_error err;
	int rc;

	prctl(PR_SET_NAME, "mvagent-enrol");
	rc = mvmp_enrol_node_new(&config, mvmp_now(), &l.node, &err);
	mvmp_wipe(listener->secret, sizeof listener->secret);
	if (!rc)
		rc = enter_sandbox(listener->options, &err);
	if (rc)
		mvmp_log("%s", err.text);
	else
		listen_on(&l);
	mvmp_enrol_node_free(l.node);
	if (rc)
		return mva_exit_code(&err);
	return l.enrolled ? MVA_EXIT_OK : MVA_EXIT_FAILED;
}
