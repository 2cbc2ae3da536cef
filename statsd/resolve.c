/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path {
	char node[MVMP_NAME_MAX + 1];
	char second[MVMP_TEXT_LEN]; /* "cpu3", a domain's name or UUID, or "" */
	char third[MVMP_TEXT_LEN];  /* "vif0", "vda", or "" */
};

static int split(struct path *to, const char *text, struct mvmp_error *err)
{
	char *part[3] = {to->node, to->second, to->third};
	size_t room[3] = {sizeof to->node, sizeof to->second, sizeof to->third};

	memset(to, 0, sizeof *to);
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strcspn(text, "/");

		if (len == 0 || len >= room[i])
			break;
		memcpy(part[i], text, len);
		text += len;
		if (!*text)
			return 0;
		text++;
	}
	return mvmp_fail(
		err, MVMP_INVALID, "an entity is NODE, NODE/cpu3, NODE/DOMAIN or NODE/DOMAIN/vif0");
}

/* Appends up to eight names to a list in an error's text. */
static void list_name(struct mvmp_error *err, unsigned *n, const char *name)
{
	size_t used = strlen(err->hint);

	if (++*n <= 8 && *name)
		snprintf(err->hint + used, sizeof err->hint - used, "%s%s",
			used ? ", " : "there are ", name);
}

static int node_not_found(struct mvs_store *store, const char *node, struct mvmp_error *err)
{
	unsigned n = 0;

	mvmp_fail(err, MVMP_NOT_FOUND, "nothing is stored of a node called %s", node);
	for (struct mvs_dir *d = mvs_store_next_dir(store, NULL); d;
		d = mvs_store_next_dir(store, d))
		list_name(err, &n, mvs_dir_name(d));
	return -MVMP_NOT_FOUND;
}

static bool is_domain(const struct mvs_file *file, const char *text, const uint8_t *uuid)
{
	if (mvs_file_kind(file) != MVMP_DOMAIN)
		return false;
	if (uuid && memcmp(mvs_file_key(file)->domain, uuid, MVMP_ID_LEN) == 0)
		return true;
	return strcmp(mvs_file_name(file), text) == 0;
}

static struct mvs_file *find_domain(struct mvs_dir *dir, const char *text)
{
	struct mvs_file *found = NULL;
	uint8_t uuid[MVMP_ID_LEN];
	bool is_uuid = mvmp_uuid_parse(uuid, text) == 0;

	/* Of two with one name the younger file is meant: the domain was made anew. */
	for (struct mvs_file *f = mvs_store_next(dir, NULL); f; f = mvs_store_next(dir, f)) {
		if (is_domain(f, text, is_uuid ? uuid : NULL))
			found = f;
	}
	return found;
}

static int domain_not_found(struct mvs_dir *dir, const char *text, struct mvmp_error *err)
{
	unsigned n = 0;

	mvmp_fail(err, MVMP_NOT_FOUND, "nothing is stored of %s on %s", text, mvs_dir_name(dir));
	for (struct mvs_file *f = mvs_store_next(dir, NULL); f; f = mvs_store_next(dir, f)) {
		if (mvs_file_kind(f) == MVMP_DOMAIN)
			list_name(err, &n, mvs_file_name(f));
	}
	return -MVMP_NOT_FOUND;
}

static struct mvs_file *find_host_part(struct mvs_dir *dir, const char *text)
{
	for (struct mvs_file *f = mvs_store_next(dir, NULL); f; f = mvs_store_next(dir, f)) {
		enum mvmp_entity kind = mvs_file_kind(f);
		char label[48];

		if (kind == MVMP_NODE || mvs_kind_in_domain(kind))
			continue;
		if (strcmp(mvs_entity_label(label, kind, mvs_file_key(f)), text) == 0)
			return f;
	}
	return NULL;
}

/* A device by its name ("vda", "vif0") or its kind and number. */
static struct mvs_file *find_device(
	struct mvs_dir *dir, const struct mvs_file *domain, const char *text)
{
	struct mvs_file *f;

	for (f = mvs_store_next(dir, NULL); f; f = mvs_store_next(dir, f)) {
		enum mvmp_entity kind = mvs_file_kind(f);
		char label[48];

		if (kind == MVMP_DOMAIN || !mvs_kind_in_domain(kind) ||
			memcmp(mvs_file_key(f)->domain, mvs_file_key(domain)->domain, MVMP_ID_LEN))
			continue;
		if (strcmp(mvs_file_name(f), text) == 0 ||
			strcmp(mvs_entity_label(label, kind, mvs_file_key(f)), text) == 0)
			return f;
	}
	return NULL;
}

static int device_not_found(struct mvs_dir *dir, const struct mvs_file *domain, const char *text,
	struct mvmp_error *err)
{
	unsigned n = 0;

	mvmp_fail(
		err, MVMP_NOT_FOUND, "nothing is stored of %s of %s", text, mvs_file_name(domain));
	for (struct mvs_file *f = mvs_store_next(dir, NULL); f; f = mvs_store_next(dir, f)) {
		enum mvmp_entity kind = mvs_file_kind(f);
		const char *name = mvs_file_name(f);
		char label[48];

		if (kind == MVMP_DOMAIN || !mvs_kind_in_domain(kind) ||
			memcmp(mvs_file_key(f)->domain, mvs_file_key(domain)->domain, MVMP_ID_LEN))
			continue;
		list_name(err, &n, *name ? name : mvs_entity_label(label, kind, mvs_file_key(f)));
	}
	return -MVMP_NOT_FOUND;
}

int mvs_resolve(
	struct mvs_store *store, const char *text, struct mvs_file **ret, struct mvmp_error *err)
{
	static const struct mvmp_key node_key;
	struct mvs_file *file, *domain;
	struct mvs_dir *dir;
	struct path path;
	int rc = split(&path, text, err);

	if (rc)
		return rc;
	dir = mvs_store_dir(store, path.node, false);
	if (!dir)
		return node_not_found(store, path.node, err);
	if (!path.second[0]) {
		*ret = mvs_store_file(dir, MVMP_NODE, &node_key, false);
		return *ret ? 0 : node_not_found(store, path.node, err);
	}
	file = path.third[0] ? NULL : find_host_part(dir, path.second);
	domain = file ? NULL : find_domain(dir, path.second);
	if (!file && !domain)
		return domain_not_found(dir, path.second, err);
	if (path.third[0])
		file = find_device(dir, domain, path.third);
	else if (domain)
		file = domain;
	if (!file)
		return device_not_found(dir, domain, path.third, err);
	*ret = file;
	return 0;
}
