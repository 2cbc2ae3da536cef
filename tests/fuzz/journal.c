/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../../mvagent/disk_memory.h"
#include "../../mvagent/journal.h"
#include <stdlib.h>
#include <string.h>

static int save(struct mva_journal *journal, struct mva_disk *disk)
{
	struct mva_batch batch = {0};
	int rc;

	mva_journal_save(journal, &batch);
	rc = mva_batch_run(&batch, disk);
	mva_journal_saved(journal, rc);
	mva_batch_free(&batch);
	return rc;
}

/* Whatever a segment holds after a crash, the journal opens, works on behind it, and finds its own
 * work again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_intent intent = {.serial = 77, .verb = 32, .summary = "pin", .wall_ns = 1};
	struct mva_journal *journal = NULL;

	memset(intent.operation, 0xee, sizeof intent.operation);
	disk->ops->append(disk, "journal.00000001", bytes, len);
	if (mva_journal_open(disk, NULL, 0, &journal, NULL))
		abort();
	if (mva_journal_find(journal, 77, intent.operation, NULL) == MVA_JOURNAL_NEW) {
		if (mva_journal_begin(journal, &intent) || save(journal, disk))
			abort();
		mva_journal_close(journal);
		if (mva_journal_open(disk, NULL, 0, &journal, NULL) ||
			mva_journal_find(journal, 77, intent.operation, NULL) !=
				MVA_JOURNAL_INTERRUPTED)
			abort();
	}
	mva_journal_close(journal);
	disk->ops->close(disk);
	return 0;
}
