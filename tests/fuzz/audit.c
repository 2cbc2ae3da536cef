/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <audit.h>
#include <disk_memory.h>

static unsigned told;

static void each(void *ctx, const struct mva_audit_entry *entry)
{
	fuzz_holds(entry->who && entry->verb && entry->arguments && entry->result && entry->text,
		"an entry's texts are texts");
	told++;
}

/* Whatever a crash left of the audit log: it is read, and its next line stands alone. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_audit_entry entry = {.wall_ns = 1,
		.who = "ada",
		.verb = "pin",
		.arguments = "",
		.result = "ok",
		.text = ""};
	struct mva_batch batch = {0};
	struct mva_audit *audit;
	int count;

	if (len)
		disk->ops->append(disk, "audit.log", bytes, len);
	audit = mva_audit_new(disk, 4096);
	if (!audit)
		abort();
	count = mva_audit_read(audit, 10, each, NULL);
	fuzz_holds(count >= 0 && count <= 10, "no more is told than was asked for");
	mva_audit_add(audit, &entry);
	mva_audit_save(audit, &batch);
	mva_audit_saved(audit, mva_batch_run(&batch, disk));
	told = 0;
	count = mva_audit_read(audit, 1, each, NULL);
	fuzz_holds(count == 1 && told == 1, "the line just written is the newest");
	mva_audit_free(audit);
	mva_batch_free(&batch);
	disk->ops->close(disk);
	return 0;
}
