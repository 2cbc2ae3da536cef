/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <mvmp/bytes.h>
#include <mvmp/run.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t mvmp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * MVMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t mvmp_wall_s(void *ctx)
{
	return (uint64_t)time(NULL);
}

/* random(4): a UUID drawn once for each boot. Without /proc the id is all zeros, which only
 * means that a reboot cannot be told from a restart of the program. */
void mvmp_host_boot(uint8_t to[static MVMP_ID_LEN])
{
	char text[37] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(to, 0, MVMP_ID_LEN);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 ||
		mvmp_uuid_parse(to, text))
		memset(to, 0, MVMP_ID_LEN);
	close(fd);
}
