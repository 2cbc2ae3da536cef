/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cheap.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <tickets.h>
#include <unistd.h>

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

static void write_file(const uint8_t *bytes, size_t len)
{
	int fd;

	if (!path[0]) {
		snprintf(path, sizeof path, "%s/mvmp-fuzz-tickets-%d",
			access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", getpid());
		atexit(remove_file);
	}
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		abort();
}

static int send_nothing(void *ctx, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len)
{
	return 0;
}

static void draw(void *ctx, void *to, size_t len)
{
	memset(to, 7, len);
}

static uint64_t wall_s(void *ctx)
{
	return CHEAP_WALL_S;
}

static void hear(void *ctx, const struct mvmp_event *event)
{
}

/* Whatever lies where the tickets were kept: it is read or taken for empty, and a ticket that is
 * saved there is found again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_ticket ticket = {.responder = {1}, .id = {2}, .secret = {3}};
	struct mvmp_endpoint_config config = {
		.env = {.send = send_nothing, .random = draw, .wall_s = wall_s, .event = hear},
		.sessions_max = 4,
		.half_open_max = 4};
	struct mvmp_ticket_file *file;
	struct mvmp_identity identity;
	struct mvmp_endpoint *ep;
	unsigned before;

	cheap_member(&identity, "mvctl", MVMP_ROLE_OBSERVER, NULL, 1);
	config.identity = &identity;
	write_file(bytes, len);
	file = mvmp_ticket_file_new(path, &identity);
	if (!file || mvmp_endpoint_new(&config, 1, &ep, NULL))
		abort();
	before = mvmp_ticket_file_load(file, ep);
	fuzz_holds(before <= MVMP_TICKET_FILE_MOST, "tickets are bounded");
	mvmp_ticket_file_note(file, &ticket);
	if (mvmp_ticket_file_save(file))
		abort();
	fuzz_holds(mvmp_ticket_file_load(file, ep) >= 1, "what was saved is found");
	mvmp_endpoint_free(ep);
	mvmp_ticket_file_free(file);
	mvmp_identity_clear(&identity);
	return 0;
}
