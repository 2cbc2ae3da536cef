/* SPDX-License-Identifier: Apache-2.0 */

/* Temperatures, thousandths of a degree: hwmon's temp<M>_input, and thermal zones where no hwmon
 * chip tells. Core temperatures come from chips that label them "Core N" (coretemp); the
 * package of such a chip is in its "Package id P". */

#include "linux.h"
#include "scan.h"
#include <stdio.h>

/* Some chips ask their sensors over a slow bus: not more often than this. */
static const uint64_t spacing_ns = MVMP_NS_PER_S;

static struct mva_sensor *add(struct mva_linux *lx, int dir, const char *path)
{
	struct mva_sensors *sensors = &lx->sensors;
	int fd;

	if (sensors->count == MVA_SENSORS_MAX)
		return NULL;
	fd = mva_linux_openat(dir, "%s", path);
	if (fd < 0)
		return NULL;
	sensors->at[sensors->count] = (struct mva_sensor){.fd = fd, .core = -1, .package = -1};
	return &sensors->at[sensors->count++];
}

static bool read_label(struct mva_linux *lx, int dir, const char *chip, unsigned number)
{
	return mva_linux_read_once(lx, dir, "%s/temp%u_label", chip, number) > 0;
}

static int package_of(struct mva_linux *lx, int dir, const char *chip)
{
	for (unsigned number = 1; number <= 2; number++) {
		const char *at;

		if (!read_label(lx, dir, chip, number))
			continue;
		at = lx->buf;
		if (scan_is(&at, "Package id "))
			return (int)scan_u64(&at);
	}
	return 0;
}

static void add_chip(struct mva_linux *lx, int dir, const char *chip, void *ctx)
{
	int package = package_of(lx, dir, chip);

	(void)ctx;
	/* Asking a disk for its temperature may wake it. */
	if (mva_linux_read_once(lx, dir, "%s/name", chip) > 0 && !strcmp(lx->buf, "drivetemp"))
		return;
	/* Numbers have gaps: coretemp numbers by core id. */
	for (unsigned number = 1; number <= 256; number++) {
		struct mva_sensor *sensor;
		char path[300];
		const char *at;

		snprintf(path, sizeof(path), "%s/temp%u_input", chip, number);
		sensor = add(lx, dir, path);
		if (!sensor || !read_label(lx, dir, chip, number))
			continue;
		at = lx->buf;
		if (!scan_is(&at, "Core "))
			continue;
		sensor->core = (int)scan_u64(&at);
		sensor->package = package;
		lx->sensors.cores = true;
	}
}

static void add_zone(struct mva_linux *lx, int dir, const char *zone, void *ctx)
{
	char path[300];

	(void)ctx;
	snprintf(path, sizeof(path), "%s/temp", zone);
	add(lx, dir, path);
}

void mva_sensors_open(struct mva_linux *lx)
{
	int hwmon = mva_linux_open(lx, NULL, MVA_SRC_SYS_DIR, "hwmon", 0);
	int thermal = mva_linux_open(lx, NULL, MVA_SRC_SYS_DIR, "thermal", 0);

	if (hwmon >= 0)
		mva_linux_each(lx, hwmon, "hwmon", add_chip, NULL);
	if (thermal >= 0 && !lx->sensors.count)
		mva_linux_each(lx, thermal, "thermal_zone", add_zone, NULL);
	mva_linux_close(&hwmon);
	mva_linux_close(&thermal);
	mva_linux_can(lx, "temperature", lx->sensors.count > 0,
		"no temp*_input in /sys/class/hwmon, no thermal_zone* in /sys/class/thermal");
	mva_linux_can(lx, "pcpu.temperature", lx->sensors.cores,
		"no hwmon chip labels a temperature 'Core N'");
}

static void read_sensors(struct mva_linux *lx)
{
	uint64_t now = mva_linux_now(lx);

	if (lx->sensors.read_ns && now - lx->sensors.read_ns < spacing_ns)
		return;
	lx->sensors.read_ns = now;
	for (unsigned i = 0; i < lx->sensors.count; i++) {
		struct mva_sensor *sensor = &lx->sensors.at[i];

		sensor->known = mva_linux_read_number(sensor->fd, &sensor->mc);
	}
}

static const struct mva_sensor *of_core(const struct mva_sensors *sensors, int package, int core)
{
	for (unsigned i = 0; i < sensors->count; i++) {
		const struct mva_sensor *sensor = &sensors->at[i];

		if (sensor->known && sensor->core == core && sensor->package == package)
			return sensor;
	}
	return NULL;
}

static void sample_pcpus(struct mva_linux *lx, struct mvmp_records *pcpus)
{
	for (unsigned i = 0; i < pcpus->count; i++) {
		const struct mva_sensor *sensor =
			i >= lx->cpufreq.cpus ? NULL
					      : of_core(&lx->sensors, (int)lx->cpufreq.package[i],
							(int)lx->cpufreq.core[i]);

		mva_set_or_unsupported(
			&pcpus->at[i], MVMP_P_TEMP, sensor, sensor ? (uint64_t)sensor->mc : 0);
	}
}

void mva_sensors_sample(struct mva_linux *lx, struct mvmp_record *node, struct mvmp_records *pcpus)
{
	bool known = false;
	int64_t hottest = 0;

	read_sensors(lx);
	for (unsigned i = 0; i < lx->sensors.count; i++) {
		const struct mva_sensor *sensor = &lx->sensors.at[i];

		if (!sensor->known || (known && sensor->mc <= hottest))
			continue;
		hottest = sensor->mc;
		known = true;
	}
	if (node)
		mva_set_or_unsupported(node, MVMP_N_TEMP, known, (uint64_t)hottest);
	if (pcpus)
		sample_pcpus(lx, pcpus);
}

void mva_sensors_close(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->sensors.count; i++)
		mva_linux_close(&lx->sensors.at[i].fd);
	lx->sensors.count = 0;
}
