/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <nodeset.h>

enum { FOLDED_MAX = 2000 };

static void fold(struct mvctl_names *names)
{
	struct mvctl_names again = {0};
	char *folded;

	mvctl_names_sort(names);
	folded = mvctl_nodeset_fold(names);
	fuzz_holds(!mvctl_nodeset_expand(&again, folded, NULL), "what is folded can be read");
	mvctl_names_sort(&again);
	fuzz_holds(again.count == names->count, "folding keeps the number of names");
	for (unsigned i = 0; i < names->count; i++)
		fuzz_holds(!strcmp(again.name[i], names->name[i]), "folding keeps each name");
	mvctl_names_clear(&again);
	free(folded);
}

static bool is_plain(const struct mvctl_names *names)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (!*names->name[i] || strpbrk(names->name[i], "[],"))
			return false;
	}
	return names->count <= FOLDED_MAX;
}

/* What somebody wrote behind -n: a bounded number of names, and the same again when folded. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvctl_names names = {0};
	char *text = fuzz_text(bytes, len);

	if (!mvctl_nodeset_expand(&names, text, NULL)) {
		fuzz_holds(names.count <= MVCTL_NAMES_MAX, "names are bounded");
		if (is_plain(&names))
			fold(&names);
	}
	mvctl_names_clear(&names);
	free(text);
	return 0;
}
