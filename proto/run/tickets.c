/* SPDX-License-Identifier: Apache-2.0 */
#include "tickets.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TITLE_LEN = 16, OWNER_LEN = 8 };

static const char title[TITLE_LEN + 1] = "mvmp tickets v1\n";

struct record {
	uint8_t owner[OWNER_LEN];
	struct mvmp_ticket ticket;
};

_Static_assert(sizeof(struct record) == 48, "as it is on disk");

/* Oldest first. */
struct records {
	struct record *at;
	unsigned count, room;
};

struct mvmp_ticket_file {
	char path[PATH_MAX];
	uint8_t owner[OWNER_LEN];
	struct records noted;
};

static void clear(struct records *records)
{
	if (records->at)
		mvmp_wipe(records->at, records->count * sizeof(struct record));
	free(records->at);
	*records = (struct records){0};
}

struct mvmp_ticket_file *mvmp_ticket_file_new(const char *path, const struct mvmp_identity *own)
{
	struct mvmp_ticket_file *file = calloc(1, sizeof(*file));
	uint8_t hash[MVMP_HASH_LEN];

	if (!file)
		return NULL;
	own->crypto->hash(hash, own->cert.key, MVMP_KEY_LEN, NULL, 0);
	memcpy(file->owner, hash, OWNER_LEN);
	snprintf(file->path, sizeof(file->path), "%s", path);
	return file;
}

void mvmp_ticket_file_free(struct mvmp_ticket_file *file)
{
	if (!file)
		return;
	clear(&file->noted);
	free(file);
}

/* ---- reading ---- */

/* Ours alone, and of a length that a file of ours may have. */
static bool acceptable(int fd, unsigned *count)
{
	struct stat st;
	off_t body;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
		return false;
	body = st.st_size - TITLE_LEN;
	if (body < 0 || body % (off_t)sizeof(struct record) ||
		body / (off_t)sizeof(struct record) > MVMP_TICKET_FILE_MOST)
		return false;
	*count = (unsigned)(body / (off_t)sizeof(struct record));
	return true;
}

static bool read_fully(int fd, void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_records(int fd, struct records *records)
{
	char head[TITLE_LEN];
	unsigned count;

	if (!acceptable(fd, &count) || !read_fully(fd, head, sizeof(head)) ||
		memcmp(head, title, sizeof(head)) != 0)
		return false;
	records->room = count + 1u;
	records->at = calloc(records->room, sizeof(struct record));
	records->count = records->at ? count : 0;
	return records->at && read_fully(fd, records->at, count * sizeof(struct record));
}

static void read_file(const char *path, struct records *records)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*records = (struct records){0};
	if (fd < 0)
		return;
	if (!read_records(fd, records))
		clear(records);
	close(fd);
}

unsigned mvmp_ticket_file_load(const struct mvmp_ticket_file *file, struct mvmp_endpoint *ep)
{
	struct records records;
	unsigned own = 0;

	read_file(file->path, &records);
	for (unsigned i = 0; i < records.count; i++) {
		if (memcmp(records.at[i].owner, file->owner, OWNER_LEN))
			continue;
		mvmp_endpoint_add_ticket(ep, &records.at[i].ticket);
		own++;
	}
	clear(&records);
	return own;
}

/* ---- writing ---- */

static bool same(const struct record *a, const struct record *b)
{
	return !memcmp(a->owner, b->owner, OWNER_LEN) &&
	       !memcmp(a->ticket.responder, b->ticket.responder, MVMP_FINGERPRINT_LEN);
}

/* Not realloc(): secrets would stay behind. */
static bool grow(struct records *records)
{
	unsigned room = records->room ? 2 * records->room : 16;
	struct record *at;

	if (records->count < records->room)
		return true;
	at = calloc(room, sizeof(*at));
	if (!at)
		return false;
	if (records->at) {
		memcpy(at, records->at, records->count * sizeof(*at));
		mvmp_wipe(records->at, records->count * sizeof(*at));
	}
	free(records->at);
	records->at = at;
	records->room = room;
	return true;
}

/* Puts a record to the end, in place of an older one of the same pair. */
static void put(struct records *records, const struct record *record)
{
	unsigned i = 0;

	while (i < records->count && !same(&records->at[i], record))
		i++;
	if (i == records->count && records->count < MVMP_TICKET_FILE_MOST) {
		if (!grow(records))
			return;
		records->count++;
	} else {
		i = i == records->count ? 0 : i;
		memmove(&records->at[i], &records->at[i + 1],
			(records->count - i - 1) * sizeof(*records->at));
	}
	records->at[records->count - 1] = *record;
}

void mvmp_ticket_file_note(struct mvmp_ticket_file *file, const struct mvmp_ticket *ticket)
{
	struct record record = {.ticket = *ticket};

	memcpy(record.owner, file->owner, OWNER_LEN);
	put(&file->noted, &record);
	mvmp_wipe(&record, sizeof(record));
}

/* Its directory, and the one above, as ~/.cache may be missing. */
static void make_directories(const char *path)
{
	char above[PATH_MAX], *slash;

	snprintf(above, sizeof(above), "%s", path);
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return;
	*slash = '\0';
	if (!mkdir(above, 0700) || errno != ENOENT)
		return;
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return;
	*slash = '\0';
	mkdir(above, 0700);
	*slash = '/';
	mkdir(above, 0700);
}

static bool write_fully(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Not synced: what a crash loses is given again. */
static int write_file(const char *path, const struct records *records)
{
	char temporary[PATH_MAX + 8];
	bool good;
	int fd, rc = 0;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	good = write_fully(fd, title, TITLE_LEN) &&
	       write_fully(fd, records->at, records->count * sizeof(struct record));
	if (close(fd) || !good || rename(temporary, path)) {
		rc = errno ? -errno : -EIO;
		unlink(temporary);
	}
	return rc;
}

int mvmp_ticket_file_save(struct mvmp_ticket_file *file)
{
	struct records records;
	int rc;

	if (!file->noted.count)
		return 0;
	make_directories(file->path);
	read_file(file->path, &records);
	for (unsigned i = 0; i < file->noted.count; i++)
		put(&records, &file->noted.at[i]);
	rc = write_file(file->path, &records);
	clear(&records);
	if (!rc)
		clear(&file->noted);
	return rc;
}
