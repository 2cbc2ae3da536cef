/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static int read_cert(struct mvctl_bundle *bundle, const char *path, struct mvmp_error *err)
{
	struct mvctl_bundle_cert *cert;
	int len;

	bundle->cert = mvctl_grow(bundle->cert, bundle->certs + 1, sizeof bundle->cert[0]);
	cert = &bundle->cert[bundle->certs];
	len = mvmp_keyfile_read(&mvmp_member_cert, path, cert->bytes, err);
	if (len < 0)
		return len;
	cert->len = (size_t)len;
	if (mvmp_cert_decode(&cert->cert, cert->bytes, cert->len) != MVMP_ACCEPTED)
		return mvmp_fail(err, MVMP_INVALID, "%s holds no certificate", path);
	bundle->certs++;
	return 0;
}

/* Certificates are handed on where they are there. */
static int read_certs(struct mvctl_bundle *bundle, const char *directory, struct mvmp_error *err)
{
	char *folder = mvctl_format_text("%s/issued", directory), *path;
	DIR *list = opendir(folder);
	struct dirent *entry;
	int ret = 0;

	if (!list && errno != ENOENT)
		ret = mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
			"cannot read %s: %s", folder, strerror(errno));
	while (list && !ret && (entry = readdir(list))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".cert") != 0)
			continue;
		path = mvctl_format_text("%s/%s", folder, entry->d_name);
		ret = read_cert(bundle, path, err);
		free(path);
	}
	if (list)
		closedir(list);
	free(folder);
	return ret;
}

static int read_key(struct mvctl_bundle *bundle, const char *directory, struct mvmp_error *err)
{
	int ret = mvmp_keyfile_read_in(&mvmp_cluster_key, directory, bundle->key, err);
	uint8_t id[MVMP_ID_LEN];

	if (ret == -MVMP_NOT_FOUND)
		return 0;
	if (ret < 0)
		return ret;
	mvmp_cluster_key_id(crypto, id, bundle->key);
	if (memcmp(id, bundle->cluster.key_id, sizeof id) != 0)
		return mvmp_fail(err, MVMP_INVALID,
			"%s/cluster.key is not the cluster key that cluster.state there names",
			directory);
	bundle->has_key = true;
	return 0;
}

int mvctl_bundle_read(struct mvctl_bundle *bundle, const char *directory, struct mvmp_error *err)
{
	int ret;

	*bundle = (struct mvctl_bundle){.state = mvctl_alloc(1, MVMP_CLUSTER_MAX)};
	ret = mvmp_keyfile_read_in(&mvmp_cluster_state, directory, bundle->state, err);
	if (ret < 0)
		return ret;
	bundle->state_len = (size_t)ret;
	ret = mvmp_cluster_decode(
		crypto, &bundle->cluster, NULL, bundle->state, bundle->state_len, err);
	if (!ret)
		ret = read_key(bundle, directory, err);
	return ret ? ret : read_certs(bundle, directory, err);
}

void mvctl_bundle_clear(struct mvctl_bundle *bundle)
{
	mvmp_cluster_clear(&bundle->cluster);
	free(bundle->state);
	free(bundle->cert);
	mvmp_wipe(bundle, sizeof *bundle);
}

const struct mvctl_bundle_cert *mvctl_bundle_newer(
	const struct mvctl_bundle *bundle, const struct mvmp_cert *cert, uint64_t now_s)
{
	const struct mvctl_bundle_cert *best = NULL;
	uint64_t serial = cert->serial;
	struct mvmp_cert checked;

	for (unsigned i = 0; i < bundle->certs; i++) {
		const struct mvctl_bundle_cert *at = &bundle->cert[i];

		if (at->cert.serial <= serial || strcmp(at->cert.name, cert->name) != 0 ||
			memcmp(at->cert.key, cert->key, MVMP_KEY_LEN) != 0 ||
			mvmp_cert_check(crypto, &checked, &bundle->cluster, at->bytes, at->len,
				now_s) != MVMP_ACCEPTED)
			continue;
		best = at;
		serial = at->cert.serial;
	}
	return best;
}
