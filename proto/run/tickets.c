/* SPDX-License-Identifier: Apache-2.0 */
#include "tickets.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mvmp/crypto.h>
#include <mvmp/index.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TITLE_LEN = 16, OWNER_LEN = 8 };

static const char title[TITLE_LEN + 1] = "mvmp tickets v1\n";

struct record {
	uint8_t owner[OWNER_LEN];
	struct mvmp_ticket ticket;
};

_Static_assert(sizeof(struct record) == 48, "as it is on disk");

/* A file as it is on disk. */
struct image {
	char title[TITLE_LEN];
	struct record at[];
};

struct entry {
	TAILQ_ENTRY(entry) by_age;
	struct mvmp_index_entry by_pair;
	struct record record;
};

struct records {
	TAILQ_HEAD(, entry) all; /* oldest first */
	struct mvmp_index index; /* by owner and responder */
	unsigned count;
};

struct mvmp_ticket_file {
	char path[PATH_MAX];
	uint8_t owner[OWNER_LEN];
	struct records noted;
};

static void clear(struct records *records)
{
	struct entry *entry;

	while ((entry = TAILQ_FIRST(&records->all))) {
		TAILQ_REMOVE(&records->all, entry, by_age);
		mvmp_wipe(entry, sizeof(*entry));
		free(entry);
	}
	mvmp_index_clear(&records->index);
	*records = (struct records){.all = TAILQ_HEAD_INITIALIZER(records->all)};
}

static size_t image_len(unsigned count)
{
	return sizeof(struct image) + count * sizeof(struct record);
}

static void drop_image(struct image *image, unsigned count)
{
	if (image)
		mvmp_wipe(image, image_len(count));
	free(image);
}

typedef ssize_t transfer(int fd, void *at, size_t len);

static ssize_t write_some(int fd, void *at, size_t len)
{
	return write(fd, at, len);
}

/* read() or write_some() until all is done. */
static bool fully(transfer *some, int fd, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	while (len) {
		ssize_t n = some(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
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
	TAILQ_INIT(&file->noted.all);
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

static struct image *read_image(int fd, unsigned *count)
{
	struct image *image;

	if (!acceptable(fd, count))
		return NULL;
	image = malloc(image_len(*count));
	if (image && fully(read, fd, image, image_len(*count)) &&
		!memcmp(image->title, title, TITLE_LEN))
		return image;
	drop_image(image, *count);
	return NULL;
}

/* NULL, and no records, where there is no good file. */
static struct image *read_file(const char *path, unsigned *count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct image *image = fd < 0 ? NULL : read_image(fd, count);

	if (!image)
		*count = 0;
	if (fd >= 0)
		close(fd);
	return image;
}

unsigned mvmp_ticket_file_load(const struct mvmp_ticket_file *file, struct mvmp_endpoint *ep)
{
	unsigned own = 0, count;
	struct image *image = read_file(file->path, &count);

	for (unsigned i = 0; i < count; i++) {
		if (memcmp(image->at[i].owner, file->owner, OWNER_LEN))
			continue;
		mvmp_endpoint_add_ticket(ep, &image->at[i].ticket);
		own++;
	}
	drop_image(image, count);
	return own;
}

/* ---- writing ---- */

static bool same(const struct record *a, const struct record *b)
{
	return !memcmp(a->owner, b->owner, OWNER_LEN) &&
	       !memcmp(a->ticket.responder, b->ticket.responder, MVMP_FINGERPRINT_LEN);
}

static uint64_t key_of(const struct record *record)
{
	uint8_t pair[OWNER_LEN + MVMP_FINGERPRINT_LEN];

	memcpy(pair, record->owner, OWNER_LEN);
	memcpy(pair + OWNER_LEN, record->ticket.responder, MVMP_FINGERPRINT_LEN);
	return mvmp_index_key(0, pair, sizeof(pair));
}

static struct entry *find(const struct records *records, const struct record *record)
{
	struct mvmp_index_entry *at;
	struct entry *entry = mvmp_index_first(&records->index, key_of(record), &at);

	while (entry && !same(&entry->record, record))
		entry = mvmp_index_next(&at);
	return entry;
}

/* Of an older one of the same pair, the oldest of all when there are too many, or a new one. */
static struct entry *take_place(struct records *records, const struct record *record)
{
	struct entry *entry = find(records, record);

	if (!entry && records->count == MVMP_TICKET_FILE_MOST)
		entry = TAILQ_FIRST(&records->all);
	if (!entry)
		return calloc(1, sizeof(*entry));
	TAILQ_REMOVE(&records->all, entry, by_age);
	records->count--;
	return entry;
}

/* Puts a record to the end, in place of an older one of the same pair. */
static void put(struct records *records, const struct record *record)
{
	struct entry *entry = take_place(records, record);

	if (!entry)
		return;
	if (mvmp_index_put(&records->index, &entry->by_pair, key_of(record), entry)) {
		free(entry);
		return;
	}
	entry->record = *record;
	TAILQ_INSERT_TAIL(&records->all, entry, by_age);
	records->count++;
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

static struct image *make_image(const struct records *records)
{
	struct image *image = malloc(image_len(records->count));
	const struct entry *entry;
	unsigned i = 0;

	if (!image)
		return NULL;
	memcpy(image->title, title, TITLE_LEN);
	TAILQ_FOREACH (entry, &records->all, by_age)
		image->at[i++] = entry->record;
	return image;
}

/* Not synced: what a crash loses is given again. */
static int write_file(const char *path, struct image *image, unsigned count)
{
	char temporary[PATH_MAX + 8];
	bool good;
	int fd, rc = 0;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	good = fully(write_some, fd, image, image_len(count));
	if (close(fd) || !good || rename(temporary, path)) {
		rc = errno ? -errno : -EIO;
		unlink(temporary);
	}
	return rc;
}

static void put_file(struct records *records, const char *path)
{
	unsigned count;
	struct image *image = read_file(path, &count);

	for (unsigned i = 0; i < count; i++)
		put(records, &image->at[i]);
	drop_image(image, count);
}

int mvmp_ticket_file_save(struct mvmp_ticket_file *file)
{
	struct records all = {.all = TAILQ_HEAD_INITIALIZER(all.all)};
	const struct entry *entry;
	struct image *image;
	int rc = -ENOMEM;

	if (!file->noted.count)
		return 0;
	make_directories(file->path);
	put_file(&all, file->path);
	TAILQ_FOREACH (entry, &file->noted.all, by_age)
		put(&all, &entry->record);
	image = make_image(&all);
	if (image)
		rc = write_file(file->path, image, all.count);
	drop_image(image, all.count);
	clear(&all);
	if (!rc)
		clear(&file->noted);
	return rc;
}
