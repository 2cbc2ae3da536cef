/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../../mvagent/linux/virt.h"
#include <stdlib.h>
#include <string.h>

/* libvirt's descriptions carry names and paths that users chose: whatever is accepted ends
 * within its fields. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct mva_libvirt_domain domain;
	char *text = malloc(len + 1);

	if (!text)
		abort();
	memcpy(text, bytes, len);
	text[len] = '\0';
	domain = (struct mva_libvirt_domain){0};
	if (mva_virt_parse(text, &domain)) {
		if (domain.vifs > MVA_GUEST_VIFS_MAX || domain.vbds > MVA_GUEST_VBDS_MAX ||
			!memchr(domain.name, '\0', sizeof(domain.name)))
			abort();
	}
	free(text);
	return 0;
}
