/* SPDX-License-Identifier: Apache-2.0 */
#include "rrdfile.h"
#include <errno.h>
#include <fcntl.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static enum mvmp_status status_of(const char *message)
{
	if (strstr(message, "Permission denied") || strstr(message, "not permitted"))
		return MVMP_PERMISSION;
	return MVMP_IO;
}

int mvs_rrd_fail(struct mvmp_error *err, const char *doing, const char *path)
{
	char message[256];
	const char *reason;

	snprintf(message, sizeof message, "%s", rrd_test_error() ? rrd_get_error() : "failed");
	rrd_clear_error();
	reason = strrchr(message, ':');
	reason = reason && strchr(message, '\'') ? reason + 2 : message;
	return mvmp_fail(err, status_of(message), "cannot %s %s: %s", doing, path, reason);
}

/* What librrd tells about an existing file. */
struct file_facts {
	unsigned long step;
	unsigned long heartbeat; /* the shortest of its sources */
	unsigned sources;	 /* in the file */
	unsigned known;		 /* of the schema's, found in the file */
	uint64_t last_s;
};

static bool name_is_source(const struct mvs_schema *schema, const char *name, size_t len)
{
	for (unsigned i = 0; i < schema->args; i++) {
		const char *arg = schema->argv[i];

		if (strncmp(arg, "DS:", 3) == 0 && strncmp(arg + 3, name, len) == 0 &&
			arg[3 + len] == ':')
			return true;
	}
	return false;
}

static unsigned schema_sources(const struct mvs_schema *schema)
{
	unsigned n = 0;

	while (n < schema->args && strncmp(schema->argv[n], "DS:", 3) == 0)
		n++;
	return n;
}

/* Takes "ds[rx_bytes].minimal_heartbeat" of each source. */
static void note_source(
	struct file_facts *facts, const struct mvs_schema *schema, const rrd_info_t *info)
{
	const char *end = strchr(info->key, ']');

	if (strncmp(info->key, "ds[", 3) || !end || strcmp(end, "].minimal_heartbeat"))
		return;
	if (facts->sources == 0 || info->value.u_cnt < facts->heartbeat)
		facts->heartbeat = info->value.u_cnt;
	facts->sources++;
	if (name_is_source(schema, info->key + 3, (size_t)(end - info->key - 3)))
		facts->known++;
}

static int read_facts(struct file_facts *facts, const struct mvs_schema *schema, const char *path)
{
	rrd_info_t *all = rrd_info_r(path);

	memset(facts, 0, sizeof *facts);
	if (!all)
		return -EBADMSG;
	for (rrd_info_t *i = all; i; i = i->next) {
		if (strcmp(i->key, "step") == 0)
			facts->step = i->value.u_cnt;
		else if (strcmp(i->key, "last_update") == 0)
			facts->last_s = (uint64_t)i->value.u_cnt;
		else
			note_source(facts, schema, i);
	}
	rrd_info_free(all);
	return 0;
}

/* librrd fails silently where the file cannot grow: asks the file system for the reason. */
static void explain_silence(const char *path, size_t bytes)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	int rc = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);

	if (fd >= 0)
		close(fd);
	if (rc)
		rrd_set_error((char *)"'%s': %s", path, strerror(rc));
}

bool mvs_room_left(uint64_t free_bytes, uint64_t total_bytes, uint64_t bytes)
{
	uint64_t reserve = total_bytes / 50;

	if (reserve > 256ull << 20)
		reserve = 256ull << 20;
	return free_bytes >= bytes && free_bytes - bytes >= reserve;
}

/* New files end before the disk does: rows of those that are there, and others' files, need room
 * too. */
static int check_room(const char *path, const struct mvs_schema *schema, struct mvmp_error *err)
{
	char dir[MVS_PATH_MAX];
	struct statvfs fs;

	snprintf(dir, sizeof dir, "%s", path);
	*strrchr(dir, '/') = '\0';
	if (statvfs(dir, &fs) ||
		mvs_room_left(fs.f_bavail * fs.f_frsize, fs.f_blocks * fs.f_frsize, schema->bytes))
		return 0;
	return mvmp_fail(err, MVMP_IO,
		"cannot create %s: No space left for new files: the disk has %llu MB free", path,
		(unsigned long long)(fs.f_bavail * fs.f_frsize >> 20));
}

/* Creates under a name of its own, then renames: a reader or a crash sees all or nothing. With
 * `source`, history comes from that file. */
static int create_file(const char *path, const struct mvs_schema *schema, const char *source,
	uint64_t first_s, struct mvmp_error *err)
{
	char fresh[MVS_PATH_MAX + 8];
	const char *sources[2] = {source, NULL};
	int rc;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	unlink(fresh);
	rrd_clear_error();
	rc = rrd_create_r2(fresh, schema->step_s, (time_t)first_s - 1, 0, source ? sources : NULL,
		NULL, (int)schema->args, (const char **)schema->argv);
	if (rc == 0 && rename(fresh, path) == 0)
		return 0;
	if (rc == 0)
		rrd_set_error((char *)"'%s': %s", path, strerror(errno));
	if (!rrd_test_error())
		explain_silence(fresh, schema->bytes);
	unlink(fresh);
	return mvs_rrd_fail(err, "create", path);
}

static int make_directories(const char *path, struct mvmp_error *err)
{
	char dir[MVS_PATH_MAX];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	if (rrd_mkdir_p(dir, 0755) == 0)
		return 0;
	return mvmp_fail(err, errno == EACCES ? MVMP_PERMISSION : MVMP_IO,
		"cannot make directory %s: %s", dir, strerror(errno));
}

int mvs_rrd_aside(const char *path, const char *reason, struct mvmp_error *err)
{
	char aside[MVS_PATH_MAX + 32];

	for (unsigned n = 1; n < 1000; n++) {
		snprintf(aside, sizeof aside, "%s.%.12s-%u", path, reason, n);
		if (access(aside, F_OK) == 0)
			continue;
		if (rename(path, aside) == 0)
			return 0;
		break;
	}
	return mvmp_fail(err, MVMP_IO, "cannot move %s aside: %s", path, strerror(errno));
}

/* An existing file: usable as it is, to be widened, or damaged (-EBADMSG). */
static int adopt_file(
	const char *path, const struct mvs_schema *schema, uint64_t *last_s, struct mvmp_error *err)
{
	struct file_facts facts;

	if (read_facts(&facts, schema, path) || facts.sources == 0 || facts.known != facts.sources)
		return -EBADMSG;
	*last_s = facts.last_s;
	if (facts.sources == schema_sources(schema) && facts.step == schema->step_s &&
		facts.heartbeat >= schema->heartbeat_s)
		return 0;
	return create_file(path, schema, path, facts.last_s, err);
}

int mvs_rrd_open(const char *path, const struct mvs_schema *schema, uint64_t first_s,
	uint64_t *last_s, bool *damaged, struct mvmp_error *err)
{
	int rc;

	*last_s = 0;
	*damaged = false;
	if (access(path, F_OK) == 0) {
		rrd_clear_error();
		rc = adopt_file(path, schema, last_s, err);
		if (rc != -EBADMSG)
			return rc;
		*last_s = 0;
		*damaged = true;
		rc = mvs_rrd_aside(path, "damaged", err);
	} else {
		rc = make_directories(path, err);
		if (rc == 0)
			rc = check_room(path, schema, err);
	}
	return rc ? rc : create_file(path, schema, NULL, first_s, err);
}

uint64_t mvs_rrd_last(const char *path, unsigned sources, uint64_t *value)
{
	unsigned long count = 0;
	char **name = NULL, **text = NULL;
	uint64_t known = 0;
	time_t when;

	if (rrd_lastupdate_r(path, &when, &count, &name, &text))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		char *end;
		int64_t negative = strtoll(text[i], NULL, 10);

		if (i < sources) {
			value[i] = negative < 0 ? (uint64_t)negative : strtoull(text[i], &end, 10);
			if (negative < 0 || (end != text[i] && (!*end || *end == '.')))
				known |= 1ull << i;
		}
		rrd_freemem(name[i]);
		rrd_freemem(text[i]);
	}
	rrd_freemem(name);
	rrd_freemem(text);
	return known;
}

int mvs_rrd_update(const char *path, unsigned rows, const char *const *row, struct mvmp_error *err)
{
	rrd_clear_error();
	if (rrd_updatex_r(path, NULL, RRD_SKIP_PAST_UPDATES, (int)rows, (const char **)row) == 0)
		return 0;
	return mvs_rrd_fail(err, "update", path);
}
