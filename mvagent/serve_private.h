/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SERVE_PRIVATE_H
#define MVA_SERVE_PRIVATE_H

/* The protocol process: serve.c opens and closes it, bind.c ties the agent to loop and network. */

#include "agent.h"
#include "committer.h"
#include "helper/client.h"
#include "options.h"
#include <mvmp/run.h>

struct serve {
	const struct mva_options *options;
	bool again;
	struct ev_loop *loop;
	struct mva_helper_client *helper;
	struct mvmp_identity identity;
	struct mvmp_run *run;
	struct mvmp_key_log *key_log;
	int state; /* the directory; the disk's */
	struct mva_disk *disk;
	struct mva_committer *committer;
	struct mva_agent *agent;
	uint64_t began;
	unsigned sessions; /* that are up */
	char socket[108];
	char sim_options[256];
	const char *link_interface[MVMP_LINKS_MAX]; /* NULL: the Unix link */
	struct ev_io committed, helper_io;
	struct ev_timer timer;
	struct ev_prepare prepare;
	struct ev_signal term, intr;
};

/* The agent's env. */
extern const struct mva_agent_env serve_env;

/* Callbacks of the run and its links. */
void serve_event(void *ctx, const struct mvmp_event *event);
void serve_identity_changed(void *ctx, const struct mvmp_run_change *change);
void serve_set_back(void *ctx);
void serve_link_down(void *ctx, unsigned index);

/* Starts the watchers of an agent that is open. */
void serve_watch(struct serve *s);

#endif
