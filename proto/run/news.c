/* SPDX-License-Identifier: Apache-2.0 */
#include "run_private.h"
#include "tickets.h"
#include <stdio.h>
#include <string.h>

/*
 * Cluster states, cluster keys and certificates that come while a program runs: taken over, put in
 * force, told to the owner who keeps them on disk, and handed on. Who is connected to many hands
 * on to all of them, some at a time; and asks each of them every five seconds, so that what was
 * brought to another member comes here too.
 */

enum {
	RECHECK_S = 60, /* certificates run out */
	INQUIRE_S = 1,
	INQUIRE_MOST = 100, /* members in so long */
	SHARE_MS = 20,
	SHARE_MOST = 32, /* members in so long: 33 kB each at the most */
	LOOK_S = 5,
	SILENT_S = 60, /* nobody of our cluster was heard */
	SAY_AGAIN_S = 3600,
	STRANGERS_MANY = 3, /* frames since then */
};

/* What is left of the grace also passes where the clock stands, or is set back. */
static void time_former(struct mvmp_run *run)
{
	const struct mvmp_identity *identity = run->config.identity;
	uint64_t floor = identity->cluster.time_floor, now = mvmp_wall_s(NULL), left = 0;

	now = now > floor ? now : floor;
	if (identity->former.until > now)
		left = identity->former.until - now;
	run->news.former_end = mvmp_now() + left * MVMP_NS_PER_S;
}

/* Seconds that the former cluster key counts, at most `most`. */
static double former_left(const struct mvmp_run *run, double most)
{
	uint64_t wall = mvmp_wall_s(NULL), until = run->config.identity->former.until;
	uint64_t now = mvmp_now(), end = run->news.former_end;
	double left = end > now ? (double)(end - now) / 1e9 : 0.;

	if (until < wall + (uint64_t)left)
		left = until > wall ? (double)(until - wall) : 0.;
	return left < most ? left : most;
}

/* Certificates run out by the minute, the former cluster key on its second. */
static void arm_recheck(struct mvmp_run *run)
{
	double after = RECHECK_S;

	if (run->config.identity->former.held)
		after = former_left(run, RECHECK_S);
	run->news.recheck.repeat = after > 0.1 ? after : 0.1;
	ev_timer_again(run->config.loop, &run->news.recheck);
}

static void tell(struct mvmp_run *run, const struct mvmp_run_change *change)
{
	if (run->config.identity_changed)
		run->config.identity_changed(run->config.ctx, change);
}

static void on_recheck(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct mvmp_run *run = timer->data;
	struct mvmp_identity *identity = run->config.identity;
	const struct mvmp_run_change over = {.former_over = true};
	uint64_t now = mvmp_now();
	uint64_t wall = now >= run->news.former_end ? UINT64_MAX : mvmp_wall_s(NULL);

	if (mvmp_identity_expire_key(identity, wall))
		mvmp_endpoint_take_keys(run->endpoint, now);
	if (identity->former.over) {
		identity->former.over = false;
		tell(run, &over);
	}
	mvmp_endpoint_recheck(run->endpoint, now);
	if (run->tickets)
		mvmp_ticket_file_save(run->tickets);
	arm_recheck(run);
}

/* ---- handing on ---- */

static void on_share(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct mvmp_run *run = timer->data;

	if (!run->client || !mvmp_client_share(run->client, SHARE_MOST, mvmp_now()))
		ev_timer_stop(loop, timer);
}

/* Who was away for longer than the grace of a change hears of others nothing that it can open. A
 * quiet member beside another cluster does so as well, and is told seldom. */
static void on_look(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct mvmp_run *run = timer->data;
	struct run_news *news = &run->news;
	const struct mvmp_endpoint_counters *c = mvmp_endpoint_counters(run->endpoint);
	uint64_t strangers = c->drops.count[MVMP_DROP_STRANGER], now = mvmp_now();
	uint64_t accepted = c->drops.count[MVMP_ACCEPTED];

	if (accepted != news->accepted) {
		news->accepted = accepted;
		news->accepted_at = now;
		news->strangers = strangers;
	}
	if (strangers - news->strangers < STRANGERS_MANY ||
		(accepted && now - news->accepted_at < SILENT_S * MVMP_NS_PER_S) ||
		(news->lost_at && now - news->lost_at < SAY_AGAIN_S * MVMP_NS_PER_S))
		return;
	news->lost_at = now;
	mvmp_log("all frames here are made under another cluster key than ours (generation %u of "
		 "cluster state %llu): this member was away for longer than the grace of a change, "
		 "or belongs to another cluster; enrol it again, or bring it cluster.key and "
		 "cluster.state from the CA",
		run->config.identity->cluster.key_generation,
		(unsigned long long)run->config.identity->cluster.number);
}

static void on_inquire(struct ev_loop *loop, struct ev_timer *timer, int revents)
{
	struct mvmp_run *run = timer->data;

	if (run->client)
		mvmp_client_inquire(run->client, INQUIRE_MOST, mvmp_now());
}

/* ---- taking over ---- */

static void put_in_force(struct mvmp_run *run, const struct mvmp_run_change *change)
{
	uint64_t now = mvmp_now();

	if (change->key) {
		mvmp_endpoint_take_keys(run->endpoint, now);
		time_former(run);
		arm_recheck(run);
	}
	if (change->state)
		mvmp_endpoint_recheck(run->endpoint, now);
	tell(run, change);
	ev_timer_start(run->config.loop, &run->news.share);
}

/* A state that is refused lets no key in. A key that is refused does not hold the state back, which
 * a CA key has signed. */
static int take(struct mvmp_run *run, const struct mvmp_cluster_news *news, struct mvmp_error *err)
{
	struct mvmp_identity *identity = run->config.identity;
	struct mvmp_run_change change = {
		.from = news->from, .former_number = identity->cluster.number};
	int rc = 0;

	if (news->document)
		rc = mvmp_identity_update_cluster(
			identity, news->document, news->len, &change.state, err);
	if (!rc && news->key)
		rc = mvmp_identity_take_key(
			identity, news->key, mvmp_wall_s(NULL), &change.key, err);
	if (change.state || change.key)
		put_in_force(run, &change);
	return rc;
}

void run_news_take(void *ctx, const struct mvmp_cluster_news *news)
{
	static struct mvmp_log_limit limit;
	struct mvmp_error err;

	if (take(ctx, news, &err))
		mvmp_log_limited(
			&limit, 5, "refused what %s brought: %s", news->from->name, err.text);
}

int mvmp_run_take(struct mvmp_run *run, const uint8_t *document, size_t len, const uint8_t *key,
	struct mvmp_error *err)
{
	const struct mvmp_cluster_news news = {.document = document, .len = len, .key = key};

	return take(run, &news, err);
}

int run_news_install(void *ctx, const struct mvmp_cert *from, const uint8_t *cert, size_t len,
	struct mvmp_error *err)
{
	struct mvmp_run *run = ctx;
	struct mvmp_identity *identity = run->config.identity;
	struct mvmp_run_change change = {.from = from, .former_serial = identity->cert.serial};
	int rc = mvmp_identity_take_cert(identity, cert, len, mvmp_wall_s(NULL), &change.cert, err);

	if (!rc && change.cert) {
		mvmp_endpoint_take_cert(run->endpoint, mvmp_now());
		tell(run, &change);
	}
	return rc;
}

char *mvmp_run_change_text(char to[static 192], const struct mvmp_run_change *change,
	const struct mvmp_identity *identity)
{
	size_t used = 0, size = 192;
	char date[21];

	to[0] = '\0';
	if (change->state)
		used += (size_t)snprintf(to, size, "cluster state %llu -> %llu",
			(unsigned long long)change->former_number,
			(unsigned long long)identity->cluster.number);
	if (change->key)
		used += (size_t)snprintf(to + used, size - used,
			"%scluster key generation %u, the former one until %s", used ? ", " : "",
			identity->cluster.key_generation,
			mvmp_time_text(date, identity->former.until));
	if (change->cert)
		used += (size_t)snprintf(to + used, size - used, "certificate %llu -> %llu",
			(unsigned long long)change->former_serial,
			(unsigned long long)identity->cert.serial);
	if (change->former_over)
		used += (size_t)snprintf(
			to + used, size - used, "the former cluster key is not accepted any more");
	if (change->from)
		snprintf(to + used, size - used, ", from %.63s", change->from->name);
	return to;
}

/* ---- timers ---- */

void run_news_start(struct mvmp_run *run)
{
	struct run_news *news = &run->news;

	time_former(run);
	/* What is over since the last run is cleared away at once. */
	ev_timer_init(&news->recheck, on_recheck, 0.1, 0.1);
	ev_timer_init(&news->inquire, on_inquire, INQUIRE_S, INQUIRE_S);
	ev_timer_init(&news->share, on_share, 0., SHARE_MS / 1e3);
	ev_timer_init(&news->look, on_look, LOOK_S, LOOK_S);
	news->recheck.data = news->inquire.data = news->share.data = news->look.data = run;
	ev_timer_start(run->config.loop, &news->recheck);
	ev_timer_start(run->config.loop, &news->inquire);
	if (run->config.answer_probes)
		ev_timer_start(run->config.loop, &news->look);
}

void run_news_stop(struct mvmp_run *run)
{
	ev_timer_stop(run->config.loop, &run->news.recheck);
	ev_timer_stop(run->config.loop, &run->news.inquire);
	ev_timer_stop(run->config.loop, &run->news.share);
	ev_timer_stop(run->config.loop, &run->news.look);
}
