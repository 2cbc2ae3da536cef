/* SPDX-License-Identifier: Apache-2.0 */
#include "ca_store.h"
#include "mvctl.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/keyfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct mvmp_crypto_ops *const crypto = &mvmp_crypto_openssl;

static int make_directory(const char *path, struct mvmp_error *err)
{
	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
		"cannot make the directory %s: %s", path, strerror(errno));
}

static int path_in(
	char to[static PATH_MAX], const char *directory, const char *name, struct mvmp_error *err)
{
	if (snprintf(to, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		return mvmp_fail(err, MVMP_INVALID, "the path of %s is too long", name);
	return 0;
}

static int write_name(const char *directory, const char *name, struct mvmp_error *err)
{
	char path[PATH_MAX], line[MVMP_NAME_MAX + 2];
	int ret = path_in(path, directory, "cluster.name", err);

	if (ret)
		return ret;
	snprintf(line, sizeof line, "%s\n", name);
	return mvmp_file_write(path, line, strlen(line), 0644, false, err);
}

/* The name is for people only: without its file the cluster has none. */
static void read_name(struct mvctl_ca *ca)
{
	char path[PATH_MAX];
	FILE *file;

	strcpy(ca->name, "-");
	if (path_in(path, ca->directory, "cluster.name", NULL))
		return;
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(ca->name, sizeof ca->name, file))
		ca->name[strcspn(ca->name, "\n")] = '\0';
	if (!mvmp_name_valid(ca->name, strlen(ca->name)))
		strcpy(ca->name, "-");
	fclose(file);
}

static int write_state(struct mvctl_ca *ca, struct mvmp_error *err)
{
	uint8_t *bytes;
	int len = mvmp_cluster_sign(crypto, &ca->cluster, ca->seed, &bytes, err), ret;

	if (len < 0)
		return len;
	ret = mvmp_keyfile_write_in(
		&mvmp_cluster_state, ca->directory, bytes, (size_t)len, false, err);
	free(ca->state);
	ca->state = bytes;
	ca->state_len = (size_t)len;
	return ret;
}

/* The CA key goes first: its presence is what refuses a second `init`. */
static int write_all(struct mvctl_ca *ca, const char *name, struct mvmp_error *err)
{
	char issued[PATH_MAX];
	int ret;

	ret = mvmp_keyfile_write_in(
		&mvmp_ca_key, ca->directory, ca->seed, sizeof ca->seed, true, err);
	if (!ret)
		ret = mvmp_keyfile_write_in(&mvmp_cluster_key, ca->directory, ca->cluster_key,
			sizeof ca->cluster_key, true, err);
	if (!ret)
		ret = write_state(ca, err);
	if (!ret)
		ret = write_name(ca->directory, name, err);
	if (!ret)
		ret = path_in(issued, ca->directory, "issued", err);
	return ret ? ret : make_directory(issued, err);
}

int mvctl_ca_create(const char *directory, const char *name, uint64_t now, struct mvmp_error *err)
{
	struct mvctl_ca ca = {.directory = directory, .lock = -1};
	int ret = make_directory(directory, err);

	if (ret)
		return ret;
	mvmp_random_os(NULL, ca.seed, sizeof ca.seed);
	mvmp_random_os(NULL, ca.cluster_key, sizeof ca.cluster_key);
	ca.cluster = (struct mvmp_cluster){.number = 1,
		.time_floor = now,
		.key_generation = 1,
		.grace_s = MVCTL_GRACE_DEFAULT_S,
		.cas = 1};
	mvmp_cluster_key_id(crypto, ca.cluster.key_id, ca.cluster_key);
	if (crypto->sign_public(ca.cluster.ca[0], ca.seed))
		ret = mvmp_fail(err, MVMP_NO_MEMORY, "cannot make a CA key: out of memory");
	if (!ret)
		ret = write_all(&ca, name, err);
	mvctl_ca_close(&ca);
	return ret;
}

static int lock(struct mvctl_ca *ca, struct mvmp_error *err)
{
	ca->lock = open(ca->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ca->lock < 0)
		return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_NOT_FOUND,
			"cannot open the CA directory %s: %s", ca->directory, strerror(errno));
	if (flock(ca->lock, LOCK_EX | LOCK_NB))
		return mvmp_fail(err, MVMP_BUSY,
			"another command is working in the CA directory %s", ca->directory);
	return 0;
}

static int read_keys(struct mvctl_ca *ca, struct mvmp_error *err)
{
	int ret = mvmp_keyfile_read_in(&mvmp_ca_key, ca->directory, ca->seed, err);

	if (ret == -MVMP_NOT_FOUND)
		mvmp_hint(err, "a new CA is made by: mvctl ca init %s", ca->directory);
	if (ret < 0)
		return ret;
	ret = mvmp_keyfile_read_in(&mvmp_cluster_key, ca->directory, ca->cluster_key, err);
	if (ret < 0)
		return ret;
	ca->state = mvctl_alloc(1, MVMP_CLUSTER_MAX);
	ret = mvmp_keyfile_read_in(&mvmp_cluster_state, ca->directory, ca->state, err);
	if (ret < 0)
		return ret;
	ca->state_len = (size_t)ret;
	ret = mvmp_cluster_decode(crypto, &ca->cluster, NULL, ca->state, ca->state_len, err);
	return ret ? ret : mvctl_ca_settle_keys(ca, err);
}

static int read_issued(struct mvctl_ca *ca, const char *path, struct mvmp_error *err)
{
	uint8_t bytes[MVMP_CERT_MAX];
	int len = mvmp_keyfile_read(&mvmp_member_cert, path, bytes, err);

	if (len < 0)
		return len;
	ca->issued = mvctl_grow(ca->issued, ca->count + 1, sizeof *ca->issued);
	if (mvmp_cert_decode(&ca->issued[ca->count], bytes, (size_t)len) != MVMP_ACCEPTED)
		return mvmp_fail(err, MVMP_INVALID, "%s holds no certificate", path);
	ca->count++;
	return 0;
}

static int compare_serials(const void *a, const void *b)
{
	const struct mvmp_cert *x = a, *y = b;

	return (x->serial > y->serial) - (x->serial < y->serial);
}

static bool is_certificate(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] >= '0' && name[0] <= '9' && dot && !strcmp(dot, ".cert");
}

static int list_issued(struct mvctl_ca *ca, struct mvmp_error *err)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct dirent *entry;
	DIR *directory;
	int ret = path_in(folder, ca->directory, "issued", err);

	if (ret)
		return ret;
	directory = opendir(folder);
	if (!directory)
		return mvmp_fail(err, MVMP_IO, "cannot read %s: %s", folder, strerror(errno));
	while (!ret && (entry = readdir(directory))) {
		if (!is_certificate(entry->d_name))
			continue;
		ret = path_in(path, folder, entry->d_name, err);
		if (!ret)
			ret = read_issued(ca, path, err);
	}
	closedir(directory);
	if (!ret && ca->count)
		qsort(ca->issued, ca->count, sizeof *ca->issued, compare_serials);
	return ret;
}

int mvctl_ca_open(struct mvctl_ca *ca, const char *directory, struct mvmp_error *err)
{
	int ret;

	*ca = (struct mvctl_ca){.directory = directory, .lock = -1};
	ret = lock(ca, err);
	if (!ret)
		ret = read_keys(ca, err);
	if (!ret)
		ret = list_issued(ca, err);
	read_name(ca);
	return ret;
}

void mvctl_ca_close(struct mvctl_ca *ca)
{
	mvmp_cluster_clear(&ca->cluster);
	free(ca->state);
	free(ca->issued);
	if (ca->lock >= 0)
		close(ca->lock);
	mvmp_wipe(ca, sizeof *ca);
}

void mvctl_ca_set_validity(
	const struct mvctl_ca *ca, struct mvmp_cert *cert, uint64_t now, unsigned long days)
{
	uint64_t floor = ca->cluster.time_floor;

	if (!cert->not_before)
		cert->not_before = now < floor ? now : floor;
	if (!cert->not_after)
		cert->not_after = now + 86400ull * (days ? days : 365);
}

int mvctl_ca_sign_next(struct mvctl_ca *ca, struct mvmp_cert *cert,
	uint8_t bytes[static MVMP_CERT_MAX], struct mvmp_error *err)
{
	cert->serial = ca->count ? ca->issued[ca->count - 1].serial + 1 : 1;
	return mvmp_cert_sign(crypto, cert, ca->rotating ? ca->next_seed : ca->seed, bytes, err);
}

int mvctl_ca_keep(struct mvctl_ca *ca, const struct mvmp_cert *cert, const uint8_t *bytes,
	size_t len, struct mvmp_error *err)
{
	char name[40], path[PATH_MAX];
	int ret;

	snprintf(name, sizeof name, "issued/%llu.cert", (unsigned long long)cert->serial);
	ret = path_in(path, ca->directory, name, err);
	return ret ? ret : mvmp_keyfile_write(&mvmp_member_cert, path, bytes, len, true, err);
}

static bool has_expired(const struct mvctl_ca *ca, uint64_t serial, uint64_t now)
{
	for (unsigned i = 0; i < ca->count; i++) {
		if (ca->issued[i].serial == serial)
			return ca->issued[i].not_after <= now;
	}
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int mvctl_ca_revoke(struct mvctl_ca *ca, const uint64_t *serial, unsigned serials, uint64_t now,
	struct mvmp_error *err)
{
	struct mvmp_cluster *cluster = &ca->cluster;
	uint64_t floor = now > cluster->time_floor ? now : cluster->time_floor;
	uint64_t *all = mvctl_alloc(cluster->revoked + serials, sizeof *all);
	unsigned count = 0;

	/* The time floor of the same state refuses those that have expired. */
	for (unsigned i = 0; i < cluster->revoked; i++) {
		if (!has_expired(ca, cluster->revoked_serial[i], floor))
			all[count++] = cluster->revoked_serial[i];
	}
	memcpy(all + count, serial, serials * sizeof *all);
	count += serials;
	qsort(all, count, sizeof *all, compare_numbers);
	free(cluster->revoked_serial);
	cluster->revoked_serial = all;
	cluster->revoked = count;
	return mvctl_ca_write_state(ca, now, err);
}

int mvctl_ca_write_state(struct mvctl_ca *ca, uint64_t now, struct mvmp_error *err)
{
	if (now > ca->cluster.time_floor)
		ca->cluster.time_floor = now;
	ca->cluster.number++;
	return write_state(ca, err);
}

const char *mvctl_ca_state(
	const struct mvmp_cluster *cluster, const struct mvmp_cert *cert, uint64_t now)
{
	uint64_t time = now > cluster->time_floor ? now : cluster->time_floor;

	if (mvmp_cluster_revokes(cluster, cert->serial))
		return "revoked";
	if (mvctl_ca_signer(cluster, cert) < 0)
		return "old CA";
	if (time >= cert->not_after)
		return "expired";
	return time < cert->not_before ? "not yet" : "valid";
}
