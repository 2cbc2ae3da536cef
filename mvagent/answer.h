/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_ANSWER_H
#define MVA_ANSWER_H

/* Parts of answers that several verbs give. */

#include "agent_private.h"
#include "mvmp.pb-c.h"
#include <mvmp/stats.h>

/* Frames of one sample, owned. */
struct mva_frames {
	ProtobufCBinaryData *at;
	size_t count, capacity, bytes;
};

/* Packs the kinds of a sample into frames. 0, -ENOMEM, -EMSGSIZE (more than a message holds). */
int mva_frames_pack(
	struct mva_frames *frames, const struct mvmp_sample *sample, uint32_t kinds, bool texts);
void mva_frames_clear(struct mva_frames *frames);

/* Puts the backend's capabilities into an answer; its list and *ret_items are freed by the caller
 * (free()), also after a failure. 0 or -ENOMEM. */
int mva_capabilities(
	struct mva_agent *agent, Mvmp__SampleAnswer *answer, Mvmp__Capability **ret_items);

#endif
