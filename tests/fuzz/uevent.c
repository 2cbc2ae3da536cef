/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <generation.h>

/* What the kernel's device news say: words that should each end. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *event = malloc(len ? len : 1);

	if (!event)
		abort();
	if (len)
		memcpy(event, bytes, len);
	if (generation_event_is_new(event, len))
		fuzz_holds(memmem(bytes, len, "NEW_VMGENID=1", sizeof "NEW_VMGENID=1"),
			"a new generation is told in words");
	free(event);
	return 0;
}
