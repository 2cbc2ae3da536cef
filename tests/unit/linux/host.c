/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"
#include "../cmocka_all.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

void host_prepare(struct host *host, const char *name)
{
	char command[512];

	*host = (struct host){.now_ns = 1000 * MVMP_NS_PER_S};
	snprintf(host->root, sizeof(host->root), "%s/mvmp-tree-XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(host->root));
	snprintf(command, sizeof(command), "cp -a %s/%s/. %s", TREES, name, host->root);
	run(command);
	priv_local_init(&host->priv, host->root);
}

static uint64_t clock_of(void *ctx)
{
	return ((struct host *)ctx)->now_ns;
}

void host_open(struct host *host)
{
	struct mva_backend_env env = {.ctx = host,
		.priv = &host->priv.base,
		.mono_ns = clock_of,
		.wall_ns = clock_of,
		.options = ""};
	struct mvmp_error err = {0};

	if (mva_backend_linux.open(&env, &host->backend, &err))
		fail_msg("%s", err.text);
}

void host_close(struct host *host)
{
	char command[256];

	if (host->backend)
		host->backend->ops->close(host->backend);
	mvmp_sample_free(&host->sample);
	snprintf(command, sizeof(command), "rm -rf %s", host->root);
	run(command);
}

static void make_parents(const char *path)
{
	char part[256];

	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(part, 0755);
	}
}

void host_write(const struct host *host, const char *path, const char *text)
{
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", host->root, path);
	make_parents(full);
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

void host_link(const struct host *host, const char *path, const char *target)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", host->root, path);
	make_parents(full);
	assert_int_equal(symlink(target, full), 0);
}

void host_remove(const struct host *host, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf %s%s", host->root, path);
	run(command);
}

void host_sample(struct host *host, unsigned ms, uint32_t kinds)
{
	host->now_ns += ms * MVMP_NS_PER_MS;
	host->backend->ops->advance(host->backend);
	mvmp_sample_reset(&host->sample);
	assert_int_equal(host->backend->ops->sample(host->backend, kinds, &host->sample), 0);
}

const struct mvmp_record *host_record(
	const struct host *host, enum mvmp_entity kind, uint32_t index)
{
	for (uint32_t i = 0; i < host->sample.kind[kind].count; i++) {
		if (host->sample.kind[kind].at[i].key.index == index)
			return &host->sample.kind[kind].at[i];
	}
	return NULL;
}

uint64_t host_value(const struct mvmp_record *record, unsigned metric)
{
	assert_non_null(record);
	if (!mvmp_has(record, metric))
		fail_msg("metric %u has no value", metric);
	return record->value[metric];
}
