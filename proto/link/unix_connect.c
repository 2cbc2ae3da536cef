/* SPDX-License-Identifier: Apache-2.0 */
/* The connecting side of the Unix link: every socket of one directory. */
#include "unix_link.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct unix_connector {
	struct unix_link link;
	char directory[96];
};

static struct unix_connector *unix_connector(struct unix_link *link)
{
	return container_of(link, struct unix_connector, link);
}

static bool connected(const struct unix_link *link, const char *name)
{
	for (unsigned i = 0; i < UNIX_CONNECTIONS_MAX; i++) {
		if (link->connection[i].fd >= 0 && !strcmp(link->connection[i].name, name))
			return true;
	}
	return false;
}

/* A socket nobody listens on, or one we may not use, is as if it were not there. */
static void connect_one(struct unix_connector *connector, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct unix_connection *connection;
	size_t len = strlen(connector->directory);
	int fd;

	if (len + 1 + strlen(name) >= sizeof address.sun_path)
		return;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	memcpy(address.sun_path, connector->directory, len);
	address.sun_path[len] = '/';
	memcpy(address.sun_path + len + 1, name, strlen(name));
	if (connect(fd, (const struct sockaddr *)&address, sizeof address)) {
		close(fd);
		return;
	}
	connection = unix_link_add(&connector->link, fd);
	if (connection)
		snprintf(connection->name, sizeof connection->name, "%s", name);
	else
		close(fd);
}

static bool is_socket_name(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && len < sizeof((struct unix_connection *)0)->name &&
	       !strcmp(name + len - 5, ".sock");
}

static void connect_new(struct unix_connector *connector)
{
	DIR *directory = opendir(connector->directory);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory))) {
		if (is_socket_name(entry->d_name) && !connected(&connector->link, entry->d_name))
			connect_one(connector, entry->d_name);
	}
	closedir(directory);
}

static int connector_send(struct mvmp_link *base, const uint8_t dst[static MVMP_MAC_LEN],
	enum mvmp_channel channel, uint8_t *frame, size_t len)
{
	if (dst[0] & 1)
		connect_new(unix_connector(unix_link(base)));
	return unix_link_send(unix_link(base), dst, channel, frame, len);
}

static int connector_receive(struct mvmp_link *base, unsigned ready, unsigned budget,
	mvmp_link_deliver *deliver, void *ctx)
{
	return unix_link_receive(unix_link(base), budget, deliver, ctx, NULL);
}

static void connector_close(struct mvmp_link *base)
{
	struct unix_connector *connector = unix_connector(unix_link(base));

	unix_link_clear(&connector->link);
	free(connector);
}

static const struct mvmp_link_ops connector_ops = {
	.send = connector_send,
	.receive = connector_receive,
	.descriptors = unix_link_descriptors,
	.close = connector_close,
};

int mvmp_unix_connect(const char *directory, struct mvmp_link **ret, struct mvmp_error *err)
{
	struct unix_connector *connector;

	if (strlen(directory) >= sizeof connector->directory)
		return mvmp_fail(err, MVMP_INVALID, "directory %s is longer than %zu characters",
			directory, sizeof connector->directory - 1);
	connector = calloc(1, sizeof *connector);
	if (!connector || unix_link_init(&connector->link, &connector_ops, directory)) {
		free(connector);
		return mvmp_fail(err, MVMP_NO_MEMORY,
			"cannot connect to the programs of %s: out of memory or descriptors",
			directory);
	}
	snprintf(connector->directory, sizeof connector->directory, "%s", directory);
	*ret = &connector->link.base;
	return 0;
}
