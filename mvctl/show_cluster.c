/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"
#include "show.h"

int mvctl_show_cluster(struct mvctl *ctl, int argc, char **argv)
{
	struct mvctl_members members = {0};
	int rc;

	if (argc > 1)
		return mvctl_usage(ctl, "show cluster takes no %s", argv[1]);
	rc = mvctl_connect(ctl, false);
	if (!rc)
		rc = mvctl_members_find(ctl, &members);
	if (!rc)
		rc = mvctl_members_ask(ctl, &members, false);
	if (!rc)
		rc = mvctl_members_report(ctl, &members);
	mvctl_members_clear(&members);
	return rc;
}
