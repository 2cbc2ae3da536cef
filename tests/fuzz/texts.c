/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mvmp/bytes.h>
#include <mvmp/cert.h>
#include <mvmp/clean_text.h>

static void read_mac(const char *text)
{
	uint8_t mac[MVMP_MAC_LEN], again[MVMP_MAC_LEN];
	char said[18];

	if (mvmp_mac_parse(mac, text))
		return;
	fuzz_holds(
		!mvmp_mac_parse(again, mvmp_mac_text(said, mac)) && !memcmp(mac, again, sizeof mac),
		"a MAC is read as it is written");
}

static void read_uuid(const char *text)
{
	uint8_t uuid[16];
	char said[37];

	if (!mvmp_uuid_parse(uuid, text))
		fuzz_holds(!strcasecmp(mvmp_uuid_text(said, uuid), text),
			"a UUID has one form but for case");
}

static void read_roles(const char *text)
{
	uint16_t roles = 0, again;
	char said[64];

	if (mvmp_roles_parse(&roles, text, NULL))
		return;
	fuzz_holds(!(roles & ~MVMP_ROLES_ALL), "roles are known ones");
	if (roles)
		fuzz_holds(!mvmp_roles_parse(&again, mvmp_roles_text(said, roles), NULL) &&
				   again == roles,
			"roles are read as they are written");
}

static void clean(const uint8_t *bytes, size_t len)
{
	char to[64];

	mvmp_clean_text(to, sizeof to, bytes, len);
	fuzz_holds(memchr(to, '\0', sizeof to), "a cleaned text ends");
	fuzz_holds(fuzz_is_harmless(to, strlen(to)) && !strpbrk(to, "\n\t"),
		"a cleaned text is harmless");
}

static void read_varint(const uint8_t *bytes, size_t len)
{
	uint8_t again[10];
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mvmp_writer w = mvmp_writer(again, sizeof again);
	uint64_t value = mvmp_get_varint(&r);

	mvmp_put_varint(&w, value);
	fuzz_holds(!w.bad && w.used <= 10, "a varint has at most ten bytes");
	fuzz_holds(r.bad || mvmp_zigzag(mvmp_unzigzag(value)) == value, "zigzag is undone");
}

/* The small texts that people and other members write: what is accepted means one thing. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len);
	uint8_t unhexed[16];

	read_mac(text);
	read_uuid(text);
	read_roles(text);
	mvmp_unhex(unhexed, sizeof unhexed, text);
	if (mvmp_name_valid(text, len))
		fuzz_holds(len && len <= MVMP_NAME_MAX && strlen(text) == len && *text != '.' &&
				   *text != '-',
			"a name is what the specification says");
	clean(bytes, len);
	read_varint(bytes, len);
	free(text);
	return 0;
}
