/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_RUN_PRIVATE_H
#define MVMP_RUN_PRIVATE_H

/* Inside the run: run.c has links and timers, news.c what changes about the identity. */

#include <mvmp/run.h>

enum { DESCRIPTORS_PER_LINK = 4 };

struct run_news {
	struct ev_timer recheck, inquire, share, look;
	uint64_t
		former_end; /* monotonic ns: the former cluster key's time is over, at the latest */
	uint64_t accepted, accepted_at; /* frames so far, and when that number was seen to change */
	uint64_t strangers;		/* frames of strangers then */
	uint64_t lost_at;		/* when it was said that we are lost; 0: not yet */
};

struct run_link {
	struct mvmp_run *run;
	struct mvmp_link *link; /* NULL: free slot */
	unsigned index;
	unsigned watchers;
	uint16_t mtu; /* that the endpoint was told */
	struct ev_io watcher[DESCRIPTORS_PER_LINK];
	void (*down)(void *ctx, unsigned index);
	void *ctx;
};

struct mvmp_run {
	struct mvmp_ticket_file *tickets; /* NULL: kept nowhere */
	struct mvmp_run_config config;
	struct mvmp_endpoint *endpoint;
	struct mvmp_client *client;
	struct mvmp_server *server;
	struct ev_timer timer;
	struct run_news news;
	struct ev_prepare prepare;
	struct ev_io generation;
	bool set_back; /* nothing more is sent */
	struct run_link link[MVMP_LINKS_MAX];
};

/* ---- news.c ---- */
void run_news_start(struct mvmp_run *run);
void run_news_stop(struct mvmp_run *run);
/* mvmp_cluster_newer and mvmp_cert_installer; ctx is the run. */
void run_news_take(void *ctx, const struct mvmp_cluster_news *news);
int run_news_install(void *ctx, const struct mvmp_cert *from, const uint8_t *cert, size_t len,
	struct mvmp_error *err);

#endif
