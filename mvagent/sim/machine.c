/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"
#include <errno.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ONE = 1000000,	       /* parts per million of one pCPU */
	HOST_PPM = 8000,       /* what the simulated host itself uses of each pCPU */
	STEPS_MAX = 4096,      /* quanta simulated for one look; longer ones after a pause */
	MIGRATE_ONE_IN = 24,   /* quanta after which an unpinned vCPU moves, on average */
	WAVE_QUANTA = 4 * 300, /* length of the daily wave: five minutes */
};

static const uint64_t quantum_ns = SIM_QUANTUM_MS * MVMP_NS_PER_MS;

uint64_t sim_mix(uint64_t seed, uint64_t a, uint64_t b)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + a * 0xd1b54a32d192ed03ull +
		     b * 0x8cb92ba72f3d8dd7ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t share(uint64_t ns, uint32_t ppm)
{
	return ns / ONE * ppm + ns % ONE * ppm / ONE;
}

static uint64_t part(const struct sim_machine *m)
{
	return m->now_ns - m->start_ns;
}

uint64_t sim_vcpu_ran(const struct sim_machine *m, const struct sim_vcpu *v)
{
	return v->ran_ns + share(part(m), v->run_ppm);
}

uint64_t sim_vcpu_wanted(const struct sim_machine *m, const struct sim_vcpu *v)
{
	return v->wanted_ns + share(part(m), v->want_ppm);
}

uint64_t sim_pcpu_busy(const struct sim_machine *m, unsigned cpu)
{
	return m->pcpu[cpu].busy_ns + share(part(m), m->pcpu[cpu].busy_ppm);
}

uint64_t sim_pcpu_guest(const struct sim_machine *m, unsigned cpu)
{
	return m->pcpu[cpu].guest_ns + share(part(m), m->pcpu[cpu].guest_ppm);
}

unsigned sim_pcpu_numa(const struct sim_machine *m, unsigned cpu)
{
	return cpu * m->options.numa / m->options.cpus;
}

static unsigned vcpu_count(const struct sim_machine *m)
{
	return m->options.domains * m->options.vcpus;
}

/* What vCPU number `v` wants in quantum `q`: its own mean, a slow wave, and noise. */
static uint32_t wanted(const struct sim_machine *m, unsigned v, uint64_t q)
{
	uint64_t seed = m->options.seed;
	uint32_t mean = 20000 + (uint32_t)(sim_mix(seed, v, 1) % 500000);
	uint64_t at = (q + sim_mix(seed, v, 2)) % WAVE_QUANTA;
	uint64_t up = at < WAVE_QUANTA / 2 ? at : WAVE_QUANTA - at; /* 0 up to half and back */
	uint64_t value = mean / 2 + mean * up * 2 / WAVE_QUANTA;

	value += sim_mix(seed, v, 3 + q) % 40000;
	return value > ONE ? ONE : (uint32_t)value;
}

/* The least loaded pCPU of the pin. */
static unsigned best_pcpu(const struct sim_machine *m, const struct mva_cpuset *pin, unsigned from)
{
	unsigned cpus = m->options.cpus, best = cpus;

	for (unsigned i = 0; i < cpus; i++) {
		unsigned cpu = (from + i) % cpus;

		if (!mva_cpuset_has(pin, cpu))
			continue;
		if (best == cpus || m->pcpu[cpu].load_ppm < m->pcpu[best].load_ppm)
			best = cpu;
	}
	return best;
}

static void place_vcpu(struct sim_machine *m, unsigned index, uint64_t q)
{
	struct sim_vcpu *v = &m->vcpus[index];
	bool stay = mva_cpuset_has(&v->pin, v->pcpu) &&
		    m->pcpu[v->pcpu].load_ppm + v->want_ppm <= ONE &&
		    sim_mix(m->options.seed, ~(uint64_t)index, q) % MIGRATE_ONE_IN != 0;

	if (!stay)
		v->pcpu = best_pcpu(m, &v->pin, v->pcpu + 1);
	m->pcpu[v->pcpu].load_ppm += v->want_ppm;
}

/* Where a pCPU is wanted for more than its time, each gets its part. */
static void divide_time(struct sim_machine *m)
{
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++)
		m->pcpu[cpu].guest_ppm = 0;
	for (unsigned i = 0; i < vcpu_count(m); i++) {
		struct sim_vcpu *v = &m->vcpus[i];
		struct sim_pcpu *p = &m->pcpu[v->pcpu];

		v->run_ppm = p->load_ppm <= ONE
				     ? v->want_ppm
				     : (uint32_t)((uint64_t)v->want_ppm * ONE / p->load_ppm);
		p->guest_ppm += v->run_ppm;
	}
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		struct sim_pcpu *p = &m->pcpu[cpu];

		p->busy_ppm = p->load_ppm < ONE ? p->load_ppm : ONE;
	}
}

static void place(struct sim_machine *m)
{
	uint64_t q = m->start_ns / quantum_ns;

	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++)
		m->pcpu[cpu].load_ppm = HOST_PPM;
	for (unsigned i = 0; i < vcpu_count(m); i++) {
		bool paused = m->domain[i / m->options.vcpus].paused;

		m->vcpus[i].want_ppm = paused ? 0 : wanted(m, i, q);
		place_vcpu(m, i, q);
	}
	divide_time(m);
}

/* Ends the quantum now: what ran so far becomes the next one's start. */
static void fold(struct sim_machine *m)
{
	for (unsigned i = 0; i < vcpu_count(m); i++) {
		struct sim_vcpu *v = &m->vcpus[i];

		v->ran_ns = sim_vcpu_ran(m, v);
		v->wanted_ns = sim_vcpu_wanted(m, v);
	}
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		m->pcpu[cpu].busy_ns = sim_pcpu_busy(m, cpu);
		m->pcpu[cpu].guest_ns = sim_pcpu_guest(m, cpu);
	}
	m->start_ns = m->now_ns;
}

void sim_machine_advance(struct sim_machine *m, uint64_t mono_ns)
{
	uint64_t target = mono_ns - m->boot_ns;
	uint64_t step = (target - m->now_ns) / STEPS_MAX / quantum_ns * quantum_ns + quantum_ns;

	if (mono_ns < m->boot_ns || target <= m->now_ns)
		return;
	while (m->end_ns <= target) {
		m->now_ns = m->end_ns;
		fold(m);
		m->end_ns += step;
		place(m);
	}
	m->now_ns = target;
}

void sim_machine_pin(struct sim_machine *m, struct sim_domain *d, unsigned vcpu, bool emulator,
	const struct mva_cpuset *set)
{
	if (emulator) {
		d->emulator = *set;
		return;
	}
	d->vcpu[vcpu].pin = *set;
	fold(m);
	place(m);
}

static bool names(const struct sim_domain *d, const char *text)
{
	char uuid[37], id[12];

	snprintf(id, sizeof id, "%u", d->id);
	return strcmp(text, d->name) == 0 || strcmp(text, id) == 0 ||
	       strcasecmp(text, mvmp_uuid_text(uuid, d->uuid)) == 0;
}

struct sim_domain *sim_machine_find(const struct sim_machine *m, const char *text)
{
	for (unsigned i = 0; i < m->options.domains; i++) {
		if (names(&m->domain[i], text))
			return &m->domain[i];
	}
	return NULL;
}

static void make_domain(struct sim_machine *m, unsigned i)
{
	static const char *const kind[] = {"web", "db", "batch", "cache"};
	struct sim_domain *d = &m->domain[i];
	uint64_t half[2] = {sim_mix(m->options.seed, i, 11), sim_mix(m->options.seed, i, 12)};

	snprintf(d->name, sizeof d->name, "%s-%02u", kind[i % 4], i + 1);
	memcpy(d->uuid, half, sizeof d->uuid);
	d->uuid[6] = (uint8_t)(0x40 | (d->uuid[6] & 0x0f)); /* RFC 4122: random */
	d->uuid[8] = (uint8_t)(0x80 | (d->uuid[8] & 0x3f));
	d->id = i + 1;
	d->paused = i % 11 == 10;
	d->mem_max = (1ull + half[0] % 4) << 30;
	d->emulator = m->online;
	d->vcpu = m->vcpus + (size_t)i * m->options.vcpus;
	for (unsigned v = 0; v < m->options.vcpus; v++) {
		d->vcpu[v].pin = m->online;
		d->vcpu[v].pcpu = (i * m->options.vcpus + v) % m->options.cpus;
	}
}

int sim_machine_init(struct sim_machine *m, const struct sim_options *options, uint64_t boot_ns)
{
	*m = (struct sim_machine){.options = *options, .boot_ns = boot_ns, .end_ns = quantum_ns};
	m->pcpu = calloc(options->cpus, sizeof *m->pcpu);
	m->domain = calloc(options->domains + 1, sizeof *m->domain);
	m->vcpus = calloc((size_t)vcpu_count(m) + 1, sizeof *m->vcpus);
	if (!m->pcpu || !m->domain || !m->vcpus) {
		sim_machine_clear(m);
		return -ENOMEM;
	}
	for (unsigned cpu = 0; cpu < options->cpus; cpu++)
		mva_cpuset_add(&m->online, cpu);
	for (unsigned i = 0; i < options->domains; i++)
		make_domain(m, i);
	place(m);
	return 0;
}

void sim_machine_clear(struct sim_machine *m)
{
	free(m->pcpu);
	free(m->domain);
	free(m->vcpus);
	*m = (struct sim_machine){0};
}
