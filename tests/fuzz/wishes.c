/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <disk_memory.h>
#include <wish.h>

static void save(struct mva_wishes *wishes, struct mva_disk *disk)
{
	struct mva_batch batch = {0};
	int rc;

	mva_wishes_save(wishes, &batch);
	rc = mva_batch_run(&batch, disk);
	mva_wishes_saved(wishes, rc);
	fuzz_holds(!rc, "an idle disk takes what is saved");
	mva_batch_free(&batch);
}

static void check(const struct mva_wishes *wishes)
{
	fuzz_holds(wishes->count <= MVA_WISHES_MAX, "wishes are bounded");
	for (unsigned i = 0; i < wishes->count; i++)
		fuzz_holds(wishes->at[i].number <= wishes->next &&
				   memchr(wishes->at[i].name, '\0', MVMP_TEXT_LEN) &&
				   memchr(wishes->at[i].who, '\0', MVMP_NAME_MAX + 1),
			"a wish has a number that was given, and texts that end");
}

/* Whatever a crash or a person left of wishes.json and wishes.log (split at the first NUL byte):
 * what is right is taken, a new wish finds its place, and after a save nothing is damaged. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_wish wish = {.uuid = {0xee}, .name = "web-07", .who = "ada", .serial = 4};
	const uint8_t *split = len ? memchr(bytes, 0, len) : NULL;
	size_t first = split ? (size_t)(split - bytes) : len;
	struct mva_wishes wishes;
	uint64_t number;

	if (first)
		disk->ops->append(disk, "wishes.json", bytes, first);
	if (split && first + 1 < len)
		disk->ops->append(disk, "wishes.log", split + 1, len - first - 1);
	if (mva_wishes_load(&wishes, disk, NULL))
		abort();
	check(&wishes);
	mva_cpuset_add(&wish.cpus, 3);
	number = mva_wishes_keep(&wishes, &wish);
	while (number && mva_wishes_dirty(&wishes))
		save(&wishes, disk);
	mva_wishes_clear(&wishes);
	if (mva_wishes_load(&wishes, disk, NULL))
		abort();
	if (number)
		fuzz_holds(!mva_wishes_damage(&wishes) && wishes.count,
			"what was saved is whole, and holds the wish");
	mva_wishes_clear(&wishes);
	disk->ops->close(disk);
	return 0;
}
