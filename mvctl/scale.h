/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_SCALE_H
#define MVCTL_SCALE_H

/* How figures of one series are shown to people: times `factor`, in `unit`. */
struct mvctl_scale {
	double factor;
	char unit[32]; /* "Mbit/s", "GHz", "%"; ASCII */
};

/* Chooses by the unit the aggregator names and the largest magnitude (NaN: nothing known). */
struct mvctl_scale mvctl_scale_of(const char *unit, double largest);

#endif
