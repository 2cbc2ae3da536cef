/* SPDX-License-Identifier: Apache-2.0 */
#include "guest_users.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uid_t users[MVA_GUEST_USERS_MAX];
static unsigned count;

bool mva_guest_users_has(uid_t uid)
{
	for (unsigned i = 0; i < count; i++) {
		if (users[i] == uid)
			return true;
	}
	return uid == geteuid();
}

static bool add(uid_t uid)
{
	if (mva_guest_users_has(uid))
		return true;
	if (count == MVA_GUEST_USERS_MAX)
		return false;
	users[count++] = uid;
	return true;
}

int mva_guest_users_add(const char *name, struct mvmp_error *err)
{
	const struct passwd *entry = getpwnam(name);

	if (!entry)
		return mvmp_fail(err, MVMP_NOT_FOUND, "no user is called %.64s", name);
	if (!add(entry->pw_uid))
		return mvmp_fail(err, MVMP_INVALID, "%.64s is one guest user more than %d", name,
			MVA_GUEST_USERS_MAX);
	return 0;
}

void mva_guest_users_add_libvirt(void)
{
	mva_guest_users_add("libvirt-qemu", NULL); /* Debian */
	mva_guest_users_add("qemu", NULL);	   /* Fedora and its kin */
}

char *mva_guest_users_text(char to[static MVA_GUEST_USERS_TEXT])
{
	size_t used = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(
			to + used, MVA_GUEST_USERS_TEXT - used, "%s%u", i ? "," : "", users[i]);
	return to;
}

void mva_guest_users_parse(const char *text)
{
	char *end;

	count = 0;
	for (; *text; text = *end ? end + 1 : end) {
		unsigned long uid = strtoul(text, &end, 10);

		if (end == text || (*end && *end != ',') || !add((uid_t)uid))
			return;
	}
}
