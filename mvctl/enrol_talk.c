/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol_talk.h"
#include "config.h"
#include <mvmp/run.h>
#include <poll.h>
#include <string.h>

enum { BUDGET = 64, POLL_MAX_MS = 1000 };

int mvctl_talk_open(struct mvctl_talk *talk, struct mvctl *ctl, struct mvmp_error *err)
{
	struct mvmp_pcap_options options = {
		.interface = ctl->opt.interface, .listen_strangers = true};
	char configured[32];

	*talk = (struct mvctl_talk){.ctl = ctl};
	if (!options.interface && mvctl_config_interface(configured, sizeof configured))
		options.interface = configured;
	if (!options.interface)
		return mvmp_fail(
			err, MVMP_INVALID, "the interface to the node is missing: -i IFACE");
	return mvmp_pcap_open(&options, &talk->link, err);
}

void mvctl_talk_close(struct mvctl_talk *talk)
{
	mvmp_enrol_operator_free(talk->op);
	mvmp_link_close(talk->link);
	talk->op = NULL;
	talk->link = NULL;
}

static int send_frame(void *ctx, const struct mvmp_addr *to, uint8_t *frame, size_t len)
{
	return mvmp_link_send(((struct mvctl_talk *)ctx)->link, to->mac, MVMP_CONTROL, frame, len);
}

static void on_request(
	void *ctx, const struct mvmp_enrol_request *request, const struct mvmp_addr *from)
{
	struct mvctl_talk *talk = ctx;

	talk->request = *request;
	talk->node = *from;
	talk->asked = true;
}

static void on_conclusion(void *ctx, const struct mvmp_error *outcome)
{
	struct mvctl_talk *talk = ctx;

	talk->outcome = *outcome;
	talk->over = true;
}

static void take_frame(void *ctx, const uint8_t src[static MVMP_MAC_LEN], enum mvmp_channel channel,
	const uint8_t *frame, size_t len)
{
	struct mvctl_talk *talk = ctx;
	struct mvmp_addr from = {.link = 0};

	memcpy(from.mac, src, MVMP_MAC_LEN);
	mvmp_enrol_operator_receive(talk->op, &from, channel, frame, len, mvmp_now());
}

static int wait_ms(const struct mvctl_talk *talk, uint64_t now)
{
	uint64_t at = mvmp_enrol_operator_deadline(talk->op);

	if (at <= now)
		return 0;
	at = (at - now) / MVMP_NS_PER_MS + 1;
	return at < POLL_MAX_MS ? (int)at : POLL_MAX_MS;
}

/* Until the flag is set or all is over. */
static int run_until(struct mvctl_talk *talk, const bool *flag, struct mvmp_error *err)
{
	struct pollfd fds[4];
	int fd[4];
	unsigned count = talk->link->ops->descriptors(talk->link, fd);

	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
	while (!*flag && !talk->over) {
		poll(fds, count, wait_ms(talk, mvmp_now()));
		if (mvmp_link_receive(talk->link, BUDGET, take_frame, talk) < 0)
			return mvmp_fail(err, MVMP_IO, "%s is gone", talk->link->name);
		mvmp_enrol_operator_advance(talk->op, mvmp_now());
	}
	if (*flag && !talk->outcome.status)
		return 0;
	*err = talk->outcome;
	return -(int)err->status;
}

int mvctl_talk_ask(struct mvctl_talk *talk, const uint8_t secret[static MVMP_ENROL_SECRET_LEN],
	const uint8_t *mac, struct mvmp_error *err)
{
	struct mvmp_enrol_operator_config config = {.crypto = &mvmp_crypto_openssl,
		.env = {talk, send_frame, mvmp_random_os},
		.secret = secret,
		.patience_ns = (uint64_t)(talk->ctl->opt.timeout_s * 1e9),
		.requested = on_request,
		.concluded = on_conclusion};
	int ret;

	memcpy(config.to.mac, mac ? mac : mvmp_group, MVMP_MAC_LEN);
	ret = mvmp_enrol_operator_new(&config, mvmp_now(), &talk->op, err);
	if (!ret)
		ret = run_until(talk, &talk->asked, err);
	if (ret == -MVMP_NO_ANSWER) {
		mvmp_fail(err, MVMP_NO_ANSWER, "no node with this code answered on %s within %g s",
			talk->link->name, talk->ctl->opt.timeout_s);
		mvmp_hint(err, "mvagent --enrol shows the code; it lives ten minutes, and node and "
			       "this machine are on one segment");
	}
	return ret;
}

int mvctl_talk_give(
	struct mvctl_talk *talk, const struct mvmp_enrol_delivery *delivery, struct mvmp_error *err)
{
	int ret = mvmp_enrol_delivery_check(&mvmp_crypto_openssl, delivery, &talk->request,
		talk->node.mac, mvmp_wall_s(NULL), err);

	if (ret)
		return ret;
	if (mvmp_enrol_operator_give(talk->op, delivery, mvmp_now()))
		return mvmp_fail(err, MVMP_NO_MEMORY, "cannot deliver: out of memory");
	ret = run_until(talk, &talk->over, err);
	if (ret == -MVMP_OUTCOME_UNKNOWN)
		mvmp_hint(err, "its console says whether it is");
	return ret;
}
