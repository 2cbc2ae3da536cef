/* SPDX-License-Identifier: Apache-2.0 */
#include "tasks.h"
#include <stdio.h>

static char libvirt_uri[256], tree_root[128];

void mva_linux_task_init(const char *uri, const char *root)
{
	snprintf(libvirt_uri, sizeof(libvirt_uri), "%s", uri);
	snprintf(tree_root, sizeof(tree_root), "%s", root);
}

int mva_linux_task_run(enum mva_task task, const void *request, size_t len, uint8_t *answer,
	size_t size, struct mvmp_error *err)
{
	return mvmp_fail(err, MVMP_UNSUPPORTED, "there is no task %d", (int)task);
}
