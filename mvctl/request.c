/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <mvmp/keyfile.h>
#include <string.h>

static const char title[] = "mvmp member request v1\n";

/* Reads the MAC of an interface here; false when there is none of that name. */
static bool interface_mac(uint8_t mac[static MVMP_MAC_LEN], const char *name)
{
	char path[64], text[32] = "";
	FILE *file;

	if (strchr(name, '/') || name[0] == '.' || strlen(name) > 15)
		return false;
	snprintf(path, sizeof path, "/sys/class/net/%s/address", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(text, sizeof text, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return !mvmp_mac_parse(mac, text);
}

static int add_mac(struct mvmp_cert *cert, const char *text, struct mvmp_error *err)
{
	if (cert->macs == MVMP_CERT_MACS_MAX)
		return mvmp_fail(err, MVMP_INVALID, "MAC %s is one too many; at most %d fit", text,
			MVMP_CERT_MACS_MAX);
	if (mvmp_mac_parse(cert->mac[cert->macs], text) &&
		!interface_mac(cert->mac[cert->macs], text))
		return mvmp_fail(err, MVMP_INVALID,
			"\"%s\" is no MAC (0c:c4:7a:77:f9:af) and no interface of this machine",
			text);
	cert->macs++;
	return 0;
}

static int set_name(struct mvmp_cert *cert, const char *text, struct mvmp_error *err)
{
	if (!mvmp_name_valid(text, strlen(text)))
		return mvmp_fail(err, MVMP_INVALID,
			"name \"%.80s\" is not 1 to %d of a-z 0-9 . - with a letter or digit first",
			text, MVMP_NAME_MAX);
	snprintf(cert->name, sizeof cert->name, "%s", text);
	return 0;
}

static int add_roles(struct mvmp_cert *cert, const char *text, struct mvmp_error *err)
{
	uint16_t roles;
	int ret = mvmp_roles_parse(&roles, text, err);

	if (!ret)
		cert->roles |= roles;
	return ret;
}

int mvctl_member_option(
	struct mvmp_cert *cert, int option, const char *value, struct mvmp_error *err)
{
	if (option == MVCTL_OPTION_NAME)
		return set_name(cert, value, err);
	if (option == MVCTL_OPTION_ROLE)
		return add_roles(cert, value, err);
	return add_mac(cert, value, err);
}

char *mvctl_member_text(char to[static 256], const struct mvmp_cert *cert)
{
	char roles[64], mac[18];
	int used = snprintf(to, 256, "role %s", mvmp_roles_text(roles, cert->roles));

	for (unsigned i = 0; i < cert->macs; i++)
		used += snprintf(to + used, (size_t)(256 - used), "%s %s", i ? "" : ", MAC",
			mvmp_mac_text(mac, cert->mac[i]));
	return to;
}

int mvctl_request_write(const char *path, const struct mvmp_cert *asked, struct mvmp_error *err)
{
	char text[1024], hex[2 * MVMP_KEY_LEN + 1], roles[64], mac[18];
	size_t size = sizeof text;
	int n = snprintf(text, size, "%skey %s\n", title, mvmp_hex(hex, asked->key, MVMP_KEY_LEN));

	if (asked->name[0])
		n += snprintf(text + n, size - (size_t)n, "name %s\n", asked->name);
	if (asked->roles)
		n += snprintf(text + n, size - (size_t)n, "roles %s\n",
			mvmp_roles_text(roles, asked->roles));
	for (unsigned i = 0; i < asked->macs; i++)
		n += snprintf(
			text + n, size - (size_t)n, "mac %s\n", mvmp_mac_text(mac, asked->mac[i]));
	return mvmp_file_write(path, text, (size_t)n, 0644, false, err);
}

static int take_line(struct mvmp_cert *asked, char *line, const char *path, struct mvmp_error *err)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (value)
		*value++ = '\0';
	if (value && !strcmp(line, "key") && !mvmp_unhex(asked->key, MVMP_KEY_LEN, value))
		return 0;
	if (value && !strcmp(line, "name"))
		return set_name(asked, value, err);
	if (value && !strcmp(line, "roles"))
		return add_roles(asked, value, err);
	/* An interface name would mean one of the CA's machine. */
	if (value && !strcmp(line, "mac") && strlen(value) == 17)
		return add_mac(asked, value, err);
	return mvmp_fail(err, MVMP_INVALID,
		"%s: line \"%.40s\" is not one of key, name, roles, mac with its value", path,
		line);
}

static int read_lines(FILE *file, struct mvmp_cert *asked, const char *path, struct mvmp_error *err)
{
	static const uint8_t no_key[MVMP_KEY_LEN];
	char line[256];
	int ret = 0;

	if (!fgets(line, sizeof line, file) || strcmp(line, title) != 0)
		return mvmp_fail(err, MVMP_INVALID,
			"%s is no member request: its first line is not \"%.22s\"", path, title);
	while (!ret && fgets(line, sizeof line, file))
		ret = take_line(asked, line, path, err);
	if (!ret && !memcmp(asked->key, no_key, sizeof no_key))
		return mvmp_fail(err, MVMP_INVALID, "%s has no key line", path);
	return ret;
}

int mvctl_request_read(const char *path, struct mvmp_cert *asked, struct mvmp_error *err)
{
	FILE *file = fopen(path, "re");
	int ret;

	if (!file)
		return mvmp_fail(err, errno == ENOENT ? MVMP_NOT_FOUND : MVMP_IO,
			"cannot read %s: %s", path, strerror(errno));
	ret = read_lines(file, asked, path, err);
	fclose(file);
	return ret;
}
