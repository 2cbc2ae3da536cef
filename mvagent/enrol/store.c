/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/keyfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_bytes(
	struct mva_disk *disk, const char *name, const char *temporary, const char *text)
{
	int rc = disk->ops->remove(disk, temporary); /* what a former try left */

	if (!rc)
		rc = disk->ops->append(disk, temporary, text, strlen(text));
	if (!rc)
		rc = disk->ops->sync(disk, temporary);
	return rc ? rc : disk->ops->rename(disk, temporary, name);
}

static int write_file(
	struct mva_disk *disk, const struct mvmp_keyfile *kind, const uint8_t *bytes, size_t len)
{
	size_t size = strlen(kind->title) + 2 * len + 3;
	char temporary[MVA_FILE_NAME_MAX], *text = malloc(size);
	int rc, used;

	if (!text)
		return -ENOMEM;
	used = sprintf(text, "%s\n", kind->title);
	mvmp_hex(text + used, bytes, len);
	memcpy(text + size - 2, "\n", 2);
	snprintf(temporary, sizeof temporary, "%s.new", kind->name);
	rc = write_bytes(disk, kind->name, temporary, text);
	mvmp_wipe(text, size);
	free(text);
	return rc;
}

static int failed(struct mvmp_error *err, int rc)
{
	enum mvmp_status status = rc == -ENOMEM					  ? MVMP_NO_MEMORY
				  : rc == -EACCES || rc == -EROFS || rc == -EPERM ? MVMP_PERMISSION
										  : MVMP_IO;

	return mvmp_fail(err, status, "the node cannot write its files: %s", strerror(-rc));
}

int mva_enrol_store(
	struct mva_disk *disk, const struct mvmp_enrol_delivery *delivery, struct mvmp_error *err)
{
	int rc = disk->ops->remove(disk, mvmp_cluster_key_old.name); /* of a former membership */

	if (!rc)
		rc = write_file(disk, &mvmp_cluster_key, delivery->cluster_key, MVMP_KEY_LEN);

	if (!rc)
		rc = write_file(disk, &mvmp_cluster_state, delivery->state, delivery->state_len);
	if (!rc)
		rc = disk->ops->sync_names(disk);
	if (!rc)
		rc = write_file(disk, &mvmp_member_cert, delivery->cert, delivery->cert_len);
	if (!rc)
		rc = disk->ops->sync_names(disk);
	return rc ? failed(err, rc) : 0;
}
