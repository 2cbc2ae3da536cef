/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"
#include <errno.h>
#include <fcntl.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* systemd.exec(5): $JOURNAL_STREAM is "DEVICE:INODE" of the stream that is the journal. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[48];
	struct stat st;

	if (!stream || fstat(fd, &st))
		return false;
	snprintf(own, sizeof own, "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return !strcmp(own, stream);
}

static int print(FILE *out, const char *code, const struct mvmp_enrol_request *request)
{
	char key[2 * MVMP_KEY_LEN + 1], mac[18];

	fprintf(out, "enrolment code of this node, for ten minutes:\n\n    %s\n\n", code);
	fprintf(out, "  name  %s\n", request->name[0] ? request->name : "- (the CA gives one)");
	for (unsigned i = 0; i < request->macs; i++)
		fprintf(out, "  MAC   %s\n", mvmp_mac_text(mac, request->mac[i]));
	fprintf(out, "  key   %s\n\n", mvmp_hex(key, request->key, MVMP_KEY_LEN));
	fprintf(out, "on a machine of the same segment: mvctl enrol -i IFACE --ca CADIR\n");
	return fflush(out) || ferror(out) ? -1 : 0;
}

int mva_enrol_show(const uint8_t secret[static MVMP_ENROL_SECRET_LEN],
	const struct mvmp_enrol_request *request, struct mvmp_error *err)
{
	bool logged = is_journal(STDOUT_FILENO);
	FILE *out = logged ? fopen("/dev/console", "we") : stdout;
	char code[MVMP_ENROL_CODE_SIZE];
	int rc = out ? print(out, mvmp_enrol_code_text(code, secret), request) : -1;

	mvmp_wipe(code, sizeof code);
	if (rc)
		mvmp_fail(err, MVMP_PERMISSION, "cannot show the code on %s: %s",
			logged ? "/dev/console, and stdout is a log" : "stdout", strerror(errno));
	if (logged && out)
		fclose(out);
	return rc ? -(int)err->status : 0;
}
