/* SPDX-License-Identifier: Apache-2.0 */

/* Energy of the packages: powercap zones intel-rapl:<N> named "package-...". energy_uj begins
 * anew at max_energy_range_uj (Documentation/power/powercap/powercap.rst); here it grows. */

#include "linux.h"
#include "scan.h"

/* A package at 500 W passes the smallest common range (2^32 / 2^16 J) in about two minutes. */
static const uint64_t spacing_ns = 30 * MVMP_NS_PER_S;

static bool is_package(struct mva_linux *lx, int dir, unsigned zone)
{
	return mva_linux_read_once(lx, dir, "intel-rapl:%u/name", zone) > 0 &&
	       !strncmp(lx->buf, "package", 7);
}

static void add_zone(struct mva_linux *lx, int dir, unsigned number)
{
	struct mva_rapl_zone zone = {0};
	const char *at;
	int64_t now;

	if (mva_linux_read_once(lx, dir, "intel-rapl:%u/max_energy_range_uj", number) <= 0)
		return;
	at = lx->buf;
	zone.range_uj = scan_u64(&at);
	zone.fd = mva_linux_open(lx, "rapl", MVA_SRC_RAPL_ENERGY, "", number);
	if (!mva_linux_read_number(zone.fd, &now)) {
		mva_linux_close(&zone.fd);
		return;
	}
	zone.last_uj = zone.sum_uj = (uint64_t)now;
	lx->rapl.zone[lx->rapl.zones++] = zone;
}

void mva_rapl_open(struct mva_linux *lx)
{
	int dir = mva_linux_open(lx, "rapl", MVA_SRC_SYS_DIR, "powercap", 0);

	if (dir < 0)
		return;
	mva_linux_can(lx, "rapl", false, "no package zone intel-rapl:N in /sys/class/powercap");
	for (unsigned n = 0; n < MVA_RAPL_MAX; n++) {
		if (is_package(lx, dir, n))
			add_zone(lx, dir, n);
	}
	mva_linux_close(&dir);
	lx->rapl.read_ns = mva_linux_now(lx);
	if (lx->rapl.zones)
		mva_linux_can(lx, "rapl", true, NULL);
}

static void read_zone(struct mva_rapl_zone *zone)
{
	int64_t value;
	uint64_t now;

	if (!mva_linux_read_number(zone->fd, &value))
		return;
	now = (uint64_t)value;
	zone->sum_uj +=
		now >= zone->last_uj ? now - zone->last_uj : now + zone->range_uj - zone->last_uj;
	zone->last_uj = now;
}

static void read_zones(struct mva_linux *lx)
{
	lx->rapl.read_ns = mva_linux_now(lx);
	for (unsigned i = 0; i < lx->rapl.zones; i++)
		read_zone(&lx->rapl.zone[i]);
}

void mva_rapl_read(struct mva_linux *lx)
{
	if (mva_linux_now(lx) - lx->rapl.read_ns >= spacing_ns)
		read_zones(lx);
}

void mva_rapl_node(struct mva_linux *lx, struct mvmp_record *node)
{
	uint64_t sum = 0;

	read_zones(lx);
	for (unsigned i = 0; i < lx->rapl.zones; i++)
		sum += lx->rapl.zone[i].sum_uj;
	mva_set_or_unsupported(node, MVMP_N_ENERGY, lx->rapl.zones, sum);
}

void mva_rapl_close(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->rapl.zones; i++)
		mva_linux_close(&lx->rapl.zone[i].fd);
	lx->rapl.zones = 0;
}
