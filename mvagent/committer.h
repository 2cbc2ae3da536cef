/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_COMMITTER_H
#define MVA_COMMITTER_H

/* Runs batches on the disk in a thread, so that the event loop never waits for a sync. */

#include "disk.h"

struct mva_committer;

/* Starts the thread. NULL when it cannot be had. */
struct mva_committer *mva_committer_new(struct mva_disk *disk);
/* Ends the thread after the batch under way. */
void mva_committer_free(struct mva_committer *committer);

/* Hands over a batch; one at a time. */
void mva_committer_run(struct mva_committer *committer, struct mva_batch *batch);

/* Readable when a batch ended. */
int mva_committer_descriptor(const struct mva_committer *committer);
/* Takes the end of a batch: true with its result. */
int mva_committer_take(struct mva_committer *committer, int *ret);

#endif
