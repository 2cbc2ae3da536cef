/* SPDX-License-Identifier: Apache-2.0 */

/* virDomainListGetStats of one domain: "block.<n>.rd.reqs" and so on, "balloon.current" (KiB).
 * Times are nanoseconds. QEMU tells no requests in flight and no failed ones this way. */

#include "virt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *field;
	unsigned metric;
} block_fields[] = {
	{"rd.reqs", MVMP_B_RD_REQS},
	{"rd.bytes", MVMP_B_RD_BYTES},
	{"rd.times", MVMP_B_RD_TIME},
	{"wr.reqs", MVMP_B_WR_REQS},
	{"wr.bytes", MVMP_B_WR_BYTES},
	{"wr.times", MVMP_B_WR_TIME},
	{"fl.reqs", MVMP_B_FLUSHES},
	{"fl.times", MVMP_B_FLUSH_TIME},
	{"allocation", MVMP_B_ALLOCATION},
	{"capacity", MVMP_B_CAPACITY},
	{"physical", MVMP_B_PHYSICAL},
};

enum { SECTOR = 512 };

static void set(struct mva_block *to, unsigned metric, uint64_t value)
{
	to->value[metric] = value;
	to->present |= 1u << metric;
}

static bool get(const virDomainStatsRecord *record, const char *field, uint64_t *ret)
{
	unsigned long long value;

	if (virTypedParamsGetULLong(record->params, record->nparams, field, &value) != 1)
		return false;
	*ret = value;
	return true;
}

/* Sectors are the bytes in 512s: QEMU counts bytes. */
static void add_sectors(struct mva_block *to)
{
	if (to->present >> MVMP_B_RD_BYTES & 1)
		set(to, MVMP_B_RD_SECTORS, to->value[MVMP_B_RD_BYTES] / SECTOR);
	if (to->present >> MVMP_B_WR_BYTES & 1)
		set(to, MVMP_B_WR_SECTORS, to->value[MVMP_B_WR_BYTES] / SECTOR);
}

static bool read_disk(const virDomainStatsRecord *record, unsigned n, struct mva_block *to)
{
	const char *name = NULL;
	char field[48];
	uint64_t value;

	*to = (struct mva_block){0};
	snprintf(field, sizeof(field), "block.%u.name", n);
	if (virTypedParamsGetString(record->params, record->nparams, field, &name) == 1)
		snprintf(to->target, sizeof(to->target), "%s", name);
	for (size_t i = 0; i < sizeof(block_fields) / sizeof(block_fields[0]); i++) {
		snprintf(field, sizeof(field), "block.%u.%s", n, block_fields[i].field);
		if (get(record, field, &value))
			set(to, block_fields[i].metric, value);
	}
	add_sectors(to);
	return to->present >> MVMP_B_RD_REQS & 1;
}

static void put_balloon(const virDomainStatsRecord *record, struct mvmp_writer *w)
{
	struct mva_balloon balloon = {0};
	uint64_t value;

	if (get(record, "balloon.current", &value)) {
		balloon.current = value * 1024;
		balloon.present |= MVA_BALLOON_CURRENT;
	}
	if (get(record, "balloon.maximum", &value)) {
		balloon.maximum = value * 1024;
		balloon.present |= MVA_BALLOON_MAXIMUM;
	}
	/* Only a driver that was asked to report (a statistics period) ever told something. */
	if (get(record, "balloon.last-update", &value) && value) {
		balloon.last_update_s = value;
		balloon.present |= MVA_BALLOON_LAST_UPDATE;
		if (get(record, "balloon.unused", &value)) {
			balloon.unused = value * 1024;
			balloon.present |= MVA_BALLOON_UNUSED;
		}
	}
	mva_balloon_put(w, &balloon);
}

static int put_record(const virDomainStatsRecord *record, bool disks, struct mvmp_writer *w,
	struct mvmp_error *err)
{
	struct mva_block block;
	unsigned answered = 0;
	unsigned count = 0;

	put_balloon(record, w);
	if (disks)
		virTypedParamsGetUInt(record->params, record->nparams, "block.count", &count);
	for (unsigned n = 0; n < count && n < MVA_GUEST_VBDS_MAX; n++) {
		if (!read_disk(record, n, &block))
			continue;
		mva_block_put(w, &block);
		answered++;
	}
	mva_block_put_end(w);
	/* Names without figures: libvirt did not get to ask QEMU. */
	if (count && !answered)
		return mvmp_fail(
			err, MVMP_BUSY, "the domain has not answered libvirt's last question yet");
	return 0;
}

int mva_virt_block(virDomainPtr domain, bool disks, struct mvmp_writer *w, struct mvmp_error *err)
{
	unsigned kinds = VIR_DOMAIN_STATS_BALLOON | (disks ? VIR_DOMAIN_STATS_BLOCK : 0);
	virDomainStatsRecordPtr *record = NULL;
	int count = virDomainListGetStats((virDomainPtr[]){domain, NULL}, kinds, &record,
		VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	int r;

	if (count < 0)
		return mva_virt_fail(err, MVMP_FAILED, "block statistics");
	if (!count)
		r = mvmp_fail(err, MVMP_NOT_FOUND, "the domain has just ended");
	else
		r = put_record(record[0], disks, w, err);
	virDomainStatsRecordListFree(record);
	return r;
}
