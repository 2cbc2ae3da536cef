/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/frame.h>
#include <record.h>
#include <stdlib.h>
#include <string.h>

static void check_records(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mvmp_fragment fragment;
	struct mvmp_frame_record record;
	struct mvmp_ack ack;

	while (mvmp_record_next(&r, &record)) {
		if (mvmp_record_fragment(record.body, &fragment) &&
			(fragment.bytes + fragment.len > bytes + len ||
				fragment.offset + fragment.len > fragment.total))
			abort();
		if (mvmp_record_ack(record.body, &ack) && ack.bits + ack.bits_len > bytes + len)
			abort();
	}
}

/* What is accepted lies inside its frame and has exactly one header; records lie inside theirs. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t again[MVMP_HEADER_LEN];
	struct mvmp_frame frame;

	for (unsigned channel = 0; channel < 2; channel++) {
		if (mvmp_frame_decode(&frame, (enum mvmp_channel)channel, bytes, len))
			continue;
		mvmp_frame_encode(again, &frame);
		if (memcmp(again, bytes, sizeof(again)) ||
			frame.payload + frame.payload_len > bytes + len)
			abort();
		check_records(frame.payload, frame.payload_len);
	}
	check_records(bytes, len);
	return 0;
}
