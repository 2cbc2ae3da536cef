/* SPDX-License-Identifier: Apache-2.0 */
#include "committer.h"
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mva_committer {
	struct mva_disk *disk;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct mva_batch *batch; /* to be run, or being run */
	bool ended, stop;
	int result, event;
};

static void *work(void *ctx)
{
	struct mva_committer *c = ctx;
	const uint64_t one = 1;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		struct mva_batch *batch = c->batch;
		int result;

		if (!batch || c->ended) {
			pthread_cond_wait(&c->wanted, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		result = mva_batch_run(batch, c->disk);
		pthread_mutex_lock(&c->lock);
		c->result = result;
		c->ended = true;
		if (write(c->event, &one, sizeof one) < 0)
			break; /* cannot happen: the counter is far from full */
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct mva_committer *mva_committer_new(struct mva_disk *disk)
{
	struct mva_committer *c = calloc(1, sizeof *c);
	pthread_attr_t attributes;
	sigset_t all, old;
	int rc;

	if (!c)
		return NULL;
	c->disk = disk;
	c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wanted, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 * 1024);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = c->event < 0 ? -1 : pthread_create(&c->thread, &attributes, work, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (!rc)
		return c;
	if (c->event >= 0)
		close(c->event);
	free(c);
	return NULL;
}

void mva_committer_free(struct mva_committer *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wanted);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	close(c->event);
	pthread_cond_destroy(&c->wanted);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void mva_committer_run(struct mva_committer *c, struct mva_batch *batch)
{
	pthread_mutex_lock(&c->lock);
	c->batch = batch;
	c->ended = false;
	pthread_cond_signal(&c->wanted);
	pthread_mutex_unlock(&c->lock);
}

int mva_committer_descriptor(const struct mva_committer *c)
{
	return c->event;
}

int mva_committer_take(struct mva_committer *c, int *ret)
{
	uint64_t count;
	bool ended;

	if (read(c->event, &count, sizeof count) < 0)
		return false;
	pthread_mutex_lock(&c->lock);
	ended = c->ended;
	*ret = c->result;
	if (ended)
		c->batch = NULL;
	c->ended = false;
	pthread_mutex_unlock(&c->lock);
	return ended;
}
