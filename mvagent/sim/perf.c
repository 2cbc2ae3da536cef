/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INDEXES_MAX = 142 }; /* of the longest array */

static unsigned widest(const struct sim_machine *m)
{
	unsigned width = m->options.cpus > m->options.vcpus ? m->options.cpus : m->options.vcpus;

	return width > INDEXES_MAX ? width : INDEXES_MAX;
}

int sim_perf_init(struct sim_perf *perf, const struct sim_machine *m)
{
	perf->counter = calloc(sim_perf_name_count, sizeof *perf->counter);
	perf->value = calloc((size_t)sim_perf_name_count * widest(m), sizeof *perf->value);
	perf->cpu = calloc(widest(m), sizeof *perf->cpu);
	if (!perf->counter || !perf->value || !perf->cpu) {
		sim_perf_clear(perf);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < widest(m); i++)
		perf->cpu[i] = i;
	return 0;
}

void sim_perf_clear(struct sim_perf *perf)
{
	free(perf->counter);
	free(perf->value);
	free(perf->cpu);
	*perf = (struct sim_perf){0};
}

/* Events of `per_s` in `ns` of what drives them. */
static uint64_t events(uint64_t ns, uint32_t per_s)
{
	return ns / MVMP_NS_PER_MS * per_s / 1000;
}

static uint64_t of_cpu(const struct sim_machine *m, const struct sim_perf_name *name, unsigned cpu)
{
	switch (name->drive) {
	case SIM_PERF_BUSY:
		return events(sim_pcpu_busy(m, cpu), name->per_s);
	case SIM_PERF_GUEST:
		return events(sim_pcpu_guest(m, cpu), name->per_s);
	case SIM_PERF_ELAPSED:
		return events(m->now_ns, name->per_s);
	case SIM_PERF_LEVEL:
		break;
	}
	return 0;
}

/* An index's part of what one CPU counted: most events fall on the first few. */
static uint64_t of_index(
	const struct sim_machine *m, const struct sim_perf_name *name, unsigned cpu, unsigned index)
{
	uint64_t all = of_cpu(m, name, cpu);

	if (index + 1 == name->size)
		return 0;
	return (all >> (index + 1 < 63 ? index + 1 : 63)) & ~7ull;
}

static void fill_cpus(const struct sim_machine *m, const struct sim_perf_name *name,
	struct mva_perf_counter *c, uint64_t *value)
{
	c->values = m->options.cpus;
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		value[cpu] = 0;
		for (unsigned i = 0; i < name->size; i++)
			value[cpu] += of_index(m, name, cpu, i);
		if (!name->size)
			value[cpu] = of_cpu(m, name, cpu);
	}
}

/* "ARR00", as Xen's console names the elements of arrays. */
static const char *const *labels(void)
{
	static char text[INDEXES_MAX][8];
	static const char *label[INDEXES_MAX];

	for (unsigned i = 0; i < INDEXES_MAX && !label[i]; i++) {
		unsigned digits = i < 100 ? 2 : 3, n = i;

		memcpy(text[i], "ARR", 3);
		for (unsigned d = digits; d-- > 0; n /= 10)
			text[i][3 + d] = (char)('0' + n % 10);
		label[i] = text[i];
	}
	return label;
}

static void fill_indexes(const struct sim_machine *m, const struct sim_perf_name *name,
	struct mva_perf_counter *c, uint64_t *value)
{
	c->values = name->size;
	c->label = labels();
	for (unsigned i = 0; i < name->size; i++) {
		value[i] = 0;
		for (unsigned cpu = 0; cpu < m->options.cpus; cpu++)
			value[i] += of_index(m, name, cpu, i);
	}
}

static void sum(struct mva_perf_counter *c, const uint64_t *value)
{
	c->value = value;
	for (unsigned i = 0; i < c->values; i++)
		c->total += value[i];
}

static unsigned fill_node(const struct sim *sim, bool arrays)
{
	const struct sim_machine *m = &sim->machine;

	for (unsigned i = 0; i < sim_perf_name_count; i++) {
		const struct sim_perf_name *name = &sim_perf_names[i];
		struct mva_perf_counter *c = &sim->perf.counter[i];
		uint64_t *value = sim->perf.value + (size_t)i * widest(m);

		*c = (struct mva_perf_counter){.name = name->name,
			.source = "simulated hypervisor",
			.level = name->drive == SIM_PERF_LEVEL};
		if (arrays && name->size)
			fill_indexes(m, name, c, value);
		else
			fill_cpus(m, name, c, value);
		sum(c, value);
	}
	return sim_perf_name_count;
}

/* What a hypervisor counts for one domain, by vCPU. */
static unsigned fill_domain(const struct sim *sim, const struct sim_domain *d)
{
	static const struct {
		const char *name;
		uint32_t per_s;
	} kind[] = {{"vmexits", 5200}, {"hypercalls", 2100}, {"page faults", 35}};
	static const char *label[64];
	static char text[64][8];
	const struct sim_machine *m = &sim->machine;
	unsigned kinds = sizeof kind / sizeof kind[0];

	for (unsigned v = 0; v < m->options.vcpus; v++) {
		memcpy(text[v], "vCPU", 4);
		text[v][4] = (char)('0' + v / 10);
		text[v][5] = (char)('0' + v % 10);
		label[v] = text[v];
	}
	for (unsigned i = 0; i < kinds; i++) {
		struct mva_perf_counter *c = &sim->perf.counter[i];
		uint64_t *value = sim->perf.value + (size_t)i * widest(m);

		*c = (struct mva_perf_counter){.name = kind[i].name,
			.source = "simulated hypervisor",
			.values = m->options.vcpus,
			.label = label};
		for (unsigned v = 0; v < m->options.vcpus; v++)
			value[v] = events(sim_vcpu_ran(m, &d->vcpu[v]), kind[i].per_s);
		sum(c, value);
	}
	return kinds;
}

int sim_perf_read(struct sim *sim, const char *domain, bool arrays, struct mva_perf *ret,
	struct mvmp_error *err)
{
	const struct sim_domain *d = domain ? sim_machine_find(&sim->machine, domain) : NULL;

	if (domain && !d)
		return mvmp_fail(err, MVMP_NOT_FOUND, "no domain is called %s", domain);
	*ret = (struct mva_perf){
		.now_ns = sim->machine.now_ns,
		.cpu = sim->perf.cpu,
		.cpus = sim->machine.options.cpus,
		.counter = sim->perf.counter,
		.counters = d ? fill_domain(sim, d) : fill_node(sim, arrays),
	};
	return 0;
}
