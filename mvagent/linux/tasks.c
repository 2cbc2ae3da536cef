/* SPDX-License-Identifier: Apache-2.0 */
#include "tasks.h"
#include "kernel_scan.h"
#include "pin_task.h"
#include "virt.h"
#include <stdio.h>

static char libvirt_uri[256], tree_root[128];

void mva_linux_task_init(const char *uri, const char *root)
{
	snprintf(libvirt_uri, sizeof(libvirt_uri), "%s", uri);
	snprintf(tree_root, sizeof(tree_root), "%s", root);
}

static int run_inventory(struct mvmp_reader *r, struct mvmp_writer *w, struct mvmp_error *err)
{
	uint8_t part = mvmp_get_u8(r);
	bool fresh = mvmp_get_u8(r);

	mvmp_put_u8(w, part);
	if (part == MVA_INVENTORY_KERNEL) {
		mva_kernel_scan(tree_root, fresh, w);
		return 0;
	}
	if (part != MVA_INVENTORY_LIBVIRT)
		return mvmp_fail(err, MVMP_INVALID, "there is no part %u of an inventory", part);
	return mva_virt_inventory(libvirt_uri, fresh, w, err);
}

static int run_block(
	struct mvmp_reader *r, bool disks, struct mvmp_writer *w, struct mvmp_error *err)
{
	uint8_t uuid[MVMP_ID_LEN];
	virDomainPtr domain;
	int ret;

	mvmp_get_bytes(r, uuid, sizeof(uuid));
	domain = mva_virt_find(libvirt_uri, uuid, err);
	if (!domain)
		return -(int)err->status;
	ret = mva_virt_block(domain, disks, w, err);
	virDomainFree(domain);
	return ret;
}

static int run_pin(
	struct mvmp_reader *r, bool read_only, struct mvmp_writer *w, struct mvmp_error *err)
{
	struct mva_pin_request request;

	mva_pin_request_get(r, &request);
	if (r->bad)
		return mvmp_fail(err, MVMP_INVALID, "malformed request to pin");
	return mva_pin_task(libvirt_uri, tree_root, &request, read_only, w, err);
}

int mva_linux_task_run(enum mva_task task, const void *request, size_t len, uint8_t *answer,
	size_t size, struct mvmp_error *err)
{
	struct mvmp_reader r = mvmp_reader(request, len);
	struct mvmp_writer w = mvmp_writer(answer, size);
	int ret;

	switch (task) {
	case MVA_TASK_INVENTORY:
		ret = run_inventory(&r, &w, err);
		break;
	case MVA_TASK_BLOCK:
	case MVA_TASK_BALLOON:
		ret = run_block(&r, task == MVA_TASK_BLOCK, &w, err);
		break;
	case MVA_TASK_PIN:
	case MVA_TASK_READ_PIN:
		ret = run_pin(&r, task == MVA_TASK_READ_PIN, &w, err);
		break;
	default:
		return mvmp_fail(err, MVMP_INVALID, "there is no task %d", (int)task);
	}
	if (ret < 0)
		return ret;
	if (r.bad || w.bad)
		return mvmp_fail(
			err, MVMP_INVALID, "request of %zu bytes or answer too small", len);
	return (int)w.used;
}
