/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVS_MESSAGE_H
#define MVS_MESSAGE_H

/* Protobuf messages in and out, for requests and answers; never in the path of samples. */

#include "node.h"
#include <mvmp.pb-c.h>

struct mvs_bytes {
	uint8_t *at;
	size_t len;
};

/* -ENOMEM. The caller frees with mvs_bytes_free(). */
int mvs_pack(struct mvs_bytes *to, const ProtobufCMessage *message);
void mvs_bytes_free(struct mvs_bytes *bytes);

/* Feeds the frames of a SampleAnswer to the node's live table. -EBADMSG: it cannot be decoded, or
 * without memory. */
int mvs_each_frame(const uint8_t *body, size_t len, struct mvs_node *node, uint64_t now);

#endif
