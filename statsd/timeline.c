/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"
#include <mvmp/limits.h>

/* `ppm` of the time since `then`, without overflow for spans of years. */
static int64_t share(uint64_t now, uint64_t then, uint64_t ppm)
{
	return now > then ? (int64_t)((now - then) / 1000000 * ppm) : 0;
}

/* Nodes may tell any time: a sum wraps where it cannot be held, and is refused where it is used. */
static int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static bool is_long_step(const struct mvs_timeline *line, int64_t wanted)
{
	return line->base_ns - wanted > (int64_t)(MVS_AHEAD_MAX_S * MVMP_NS_PER_S);
}

/* What was slewed off between the last update and `mono_ns`. */
static int64_t slewed(const struct mvs_timeline *line, uint64_t mono_ns)
{
	int64_t off = share(mono_ns, line->mono_ns, MVS_SLEW_PPM);

	return off < line->ahead_ns ? off : line->ahead_ns;
}

void mvs_timeline_update(struct mvs_timeline *line, uint64_t mono_ns, uint64_t wall_ns)
{
	int64_t wanted = (int64_t)(wall_ns - mono_ns);
	bool is_long = line->set && is_long_step(line, wanted);

	line->base_ns -= slewed(line, mono_ns);
	line->era += is_long;
	if (!line->set || is_long || line->base_ns < wanted)
		line->base_ns = wanted;
	line->set = true;
	line->mono_ns = mono_ns;
	line->ahead_ns = line->base_ns - wanted;
}

uint64_t mvs_timeline_ms(const struct mvs_timeline *line, int64_t mono_ns)
{
	int64_t ns = plus(mono_ns, line->base_ns);

	if (mono_ns > 0)
		ns = plus(ns, -slewed(line, (uint64_t)mono_ns));
	return ns > 0 ? (uint64_t)ns / MVMP_NS_PER_MS : 0;
}

void mvs_offset_update(struct mvs_offset *offset, uint64_t arrival_ns, uint64_t sample_ns)
{
	int64_t seen = (int64_t)(arrival_ns - sample_ns);
	int64_t leak = share(arrival_ns, offset->mono_ns, MVS_DRIFT_PPM);

	if (offset->set && seen > plus(offset->offset_ns, (int64_t)(MVS_LATE_MS * MVMP_NS_PER_MS)))
		offset->late++;
	else
		offset->late = 0;
	if (!offset->set || offset->late >= MVS_LATE_SAMPLES ||
		seen <= plus(offset->offset_ns, leak))
		offset->offset_ns = seen;
	else
		offset->offset_ns = plus(offset->offset_ns, leak);
	offset->set = true;
	offset->mono_ns = arrival_ns;
}

void mvs_offset_reset(struct mvs_offset *offset)
{
	*offset = (struct mvs_offset){0};
}

int64_t mvs_offset_apply(const struct mvs_offset *offset, uint64_t sample_ns)
{
	return plus((int64_t)sample_ns, offset->offset_ns);
}
