/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"
#include <errno.h>
#include <stdlib.h>

int mvs_pack(struct mvs_bytes *to, const ProtobufCMessage *message)
{
	to->len = protobuf_c_message_get_packed_size(message);
	to->at = malloc(to->len ? to->len : 1);
	if (!to->at)
		return -ENOMEM;
	protobuf_c_message_pack(message, to->at);
	return 0;
}

void mvs_bytes_free(struct mvs_bytes *bytes)
{
	free(bytes->at);
	bytes->at = NULL;
}

int mvs_each_frame(const uint8_t *body, size_t len, struct mvs_node *node, uint64_t now)
{
	Mvmp__SampleAnswer *answer = mvmp__sample_answer__unpack(NULL, len, body);

	if (!answer)
		return -EBADMSG;
	for (size_t i = 0; i < answer->n_frame; i++)
		mvs_node_frame(node, answer->frame[i].data, answer->frame[i].len, false, now);
	mvmp__sample_answer__free_unpacked(answer, NULL);
	return 0;
}
