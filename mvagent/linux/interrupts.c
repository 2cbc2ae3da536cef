/* SPDX-License-Identifier: Apache-2.0 */

/*
 * /proc/interrupts and /proc/softirqs: a head line "CPU0 CPU1 ...", then a row "NAME: n n ...".
 * Xen's names where they mean the same. On x86 a TLB shootdown travels as a function call
 * interrupt and is in CAL already, so the sum of inter-processor interrupts is RES + CAL.
 */

#include "counters.h"
#include "scan.h"
#include <ctype.h>
#include <stdio.h>

/* A table being read: which pCPU each column is, and where rows go. */
struct table {
	struct mva_counters *counters;
	unsigned columns;
	int position[MVA_CPUS_MAX]; /* of the column's pCPU in the dump, -1: not in it */
	unsigned set;		    /* of labels: 0 interrupts, 1 softirqs */
	struct mva_perf_counter *by_index;
};

static int position_of(const struct mva_counters *counters, uint64_t cpu)
{
	for (unsigned i = 0; i < counters->cpus; i++) {
		if (counters->cpu[i] == cpu)
			return (int)i;
	}
	return -1;
}

static bool read_head(struct table *table, const char *line)
{
	const char *at = line;

	for (scan_blanks(&at); scan_is(&at, "CPU"); scan_blanks(&at)) {
		uint64_t cpu = scan_u64(&at);

		if (table->columns == MVA_CPUS_MAX)
			return false;
		table->position[table->columns++] = position_of(table->counters, cpu);
	}
	return table->columns > 0;
}

/* Adds a row's numbers to `value` (by pCPU); its sum, or -1 for a row without a number for each
 * pCPU (ERR, MIS). */
static int64_t read_row(const struct table *table, const char *at, uint64_t *value)
{
	uint64_t sum = 0;
	const char *probe = at;

	for (unsigned i = 0; i < table->columns; i++) {
		scan_blanks(&probe);
		if (!isdigit((unsigned char)*probe))
			return -1;
		scan_u64(&probe);
	}
	for (unsigned i = 0; i < table->columns; i++) {
		uint64_t n = scan_u64(&at);

		if (value && table->position[i] >= 0)
			value[table->position[i]] += n;
		sum += n;
	}
	return (int64_t)sum;
}

static void label(struct table *table, unsigned index, const char *name, size_t len)
{
	struct mva_counters *counters = table->counters;
	char *text = counters->label_text[table->set][index];

	snprintf(text, MVA_LABEL_LEN, "%.*s", (int)len, name);
	counters->label_at[table->set][index] = text;
}

/* One row into the counter over all rows: by pCPU, or by index with the row's name. */
static void take_row(struct table *table, const char *name, size_t len, const char *numbers)
{
	struct mva_perf_counter *counter = table->by_index;
	uint64_t *value = (uint64_t *)counter->value;
	int64_t sum;

	if (!counter->label) {
		read_row(table, numbers, value);
		return;
	}
	sum = read_row(table, numbers, NULL);
	if (sum < 0 || counter->values == MVA_INDEXES_MAX)
		return;
	label(table, counter->values, name, len);
	value[counter->values++] = (uint64_t)sum;
}

static const struct own {
	const char *row, *name, *also; /* `also`: a second row of the same sum */
	const char *source;
} own_rows[] = {
	{"LOC", "apic timer interrupts", NULL, "/proc/interrupts, LOC"},
	{"RES", "#IPIs", "CAL", "/proc/interrupts, RES + CAL"},
	{"RES", "interrupts: rescheduling", NULL, "/proc/interrupts, RES"},
	{"CAL", "interrupts: function call", NULL, "/proc/interrupts, CAL"},
	{"TLB", "interrupts: TLB shootdowns", NULL, "/proc/interrupts, TLB (part of CAL)"},
	{"NMI", "interrupts: non-maskable", NULL, "/proc/interrupts, NMI"},
	{"PMI", "interrupts: performance monitoring", NULL, "/proc/interrupts, PMI"},
	{"IWI", "interrupts: IRQ work", NULL, "/proc/interrupts, IWI"},
	{"TRM", "interrupts: thermal", NULL, "/proc/interrupts, TRM"},
	{"MCE", "machine check exceptions", NULL, "/proc/interrupts, MCE"},
	{"HYP", "interrupts: hypervisor callback", NULL, "/proc/interrupts, HYP"},
	{"PIN", "interrupts: posted, notification", NULL, "/proc/interrupts, PIN"},
	{"PIW", "interrupts: posted, wakeup", NULL, "/proc/interrupts, PIW"},
};

enum { OWN_ROWS = sizeof(own_rows) / sizeof(own_rows[0]) };

/* Counters of their own, made when their first row shows that the node has them. */
static void take_own(struct table *table, struct mva_perf_counter *made[static OWN_ROWS],
	const char *name, size_t len, const char *numbers)
{
	for (unsigned i = 0; i < OWN_ROWS; i++) {
		const struct own *own = &own_rows[i];

		if ((strlen(own->row) != len || strncmp(own->row, name, len)) &&
			(!own->also || strlen(own->also) != len || strncmp(own->also, name, len)))
			continue;
		if (!made[i]) {
			made[i] = mva_counter_add(table->counters, own->name, own->source);
			if (!made[i])
				return;
			mva_counter_values(table->counters, made[i]);
		}
		read_row(table, numbers, (uint64_t *)made[i]->value);
		mva_counter_sum(made[i]);
	}
}

/* Reads the table in lx->buf; `own`: rows get counters of their own too. */
static void read_table(struct mva_linux *lx, struct table *table, bool own)
{
	struct mva_perf_counter *made[OWN_ROWS] = {0};
	const char *line = lx->buf;

	if (!read_head(table, line))
		return;
	while ((line = scan_next_line(line))) {
		const char *name = line, *colon;
		size_t len;

		scan_blanks(&name);
		len = strcspn(name, ":\n");
		colon = name + len;
		if (*colon != ':')
			continue;
		take_row(table, name, len, colon + 1);
		if (own)
			take_own(table, made, name, len, colon + 1);
	}
	mva_counter_sum(table->by_index);
}

static void add_table(struct mva_linux *lx, int fd, const char *name, const char *source,
	unsigned set, bool arrays)
{
	struct mva_counters *counters = lx->counters;
	struct table table = {.counters = counters, .set = set};
	int len = mva_linux_read_all(lx, fd);

	table.by_index = len > 0 ? mva_counter_add(counters, name, source) : NULL;
	if (!table.by_index)
		return;
	mva_counter_values(counters, table.by_index);
	if (arrays) {
		table.by_index->label = counters->label_at[set];
		table.by_index->values = 0;
	}
	read_table(lx, &table, set == 0);
}

void mva_interrupts_add(struct mva_linux *lx, bool arrays)
{
	add_table(lx, lx->counters->interrupts, "#interrupts", "/proc/interrupts, all rows", 0,
		arrays);
	add_table(lx, lx->counters->softirqs, "softirqs", "/proc/softirqs, all rows", 1, arrays);
}
