/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <cpuset.h>

/* CPU lists of callers and of the kernel: read, written and read again they are the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len), said[8192], small[16];
	struct mva_cpuset set, again;

	if (!mva_cpuset_parse(&set, text, NULL)) {
		mva_cpuset_text(said, sizeof said, &set);
		if (mva_cpuset_count(&set))
			fuzz_holds(!mva_cpuset_parse(&again, said, NULL) &&
					   mva_cpuset_equal(&set, &again),
				"a set is read as it is written");
		mva_cpuset_text(small, sizeof small, &set);
		fuzz_holds(memchr(small, '\0', sizeof small), "a text that is cut ends");
		mva_cpuset_text_any(small, sizeof small, &set, &set);
	}
	free(text);
	return 0;
}
