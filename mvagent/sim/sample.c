/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SECTOR = 512, PAGE = 4096 };

static const uint64_t gib = 1ull << 30;

/* Constants of a device, so that devices differ. */
static uint64_t trait(const struct sim_machine *m, uint32_t domain, uint32_t device, uint64_t range)
{
	return sim_mix(m->options.seed, domain, 1000 + device) % range;
}

static uint64_t domain_ran(const struct sim_machine *m, const struct sim_domain *d)
{
	uint64_t ran = 0;

	for (unsigned v = 0; v < m->options.vcpus; v++)
		ran += sim_vcpu_ran(m, &d->vcpu[v]);
	return ran;
}

static uint64_t domain_waited(const struct sim_machine *m, const struct sim_domain *d)
{
	uint64_t waited = 0;

	for (unsigned v = 0; v < m->options.vcpus; v++)
		waited += sim_vcpu_wanted(m, &d->vcpu[v]) - sim_vcpu_ran(m, &d->vcpu[v]);
	return waited;
}

static uint64_t domains_memory(const struct sim_machine *m)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < m->options.domains; i++)
		bytes += m->domain[i].mem_max;
	return bytes;
}

static uint64_t node_memory(const struct sim_machine *m)
{
	return domains_memory(m) + m->options.numa * 4 * gib;
}

/* Division of a pCPU's time; the parts add up to the time since boot. */
struct split {
	uint64_t user, system, irq, idle, iowait, guest, busy;
};

static void add_split(struct split *s, const struct sim_machine *m, unsigned cpu)
{
	uint64_t busy = sim_pcpu_busy(m, cpu), guest = sim_pcpu_guest(m, cpu);
	uint64_t host = busy > guest ? busy - guest : 0;
	uint64_t idle = m->now_ns > busy ? m->now_ns - busy : 0;

	s->busy += busy;
	s->guest += guest;
	s->irq += host / 8;
	s->system += host / 2;
	s->user += busy - host / 8 - host / 2;
	s->iowait += idle / 64;
	s->idle += idle - idle / 64;
}

static void fill_node_cpu(const struct sim_machine *m, struct mvmp_record *r)
{
	struct split s = {0};
	uint64_t wanted = 0;

	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		add_split(&s, m, cpu);
		wanted += m->pcpu[cpu].load_ppm;
	}
	mvmp_set(r, MVMP_N_USER, s.user);
	mvmp_set(r, MVMP_N_SYSTEM, s.system + s.irq);
	mvmp_set(r, MVMP_N_IDLE, s.idle);
	mvmp_set(r, MVMP_N_IOWAIT, s.iowait);
	mvmp_set(r, MVMP_N_STEAL, 0);
	mvmp_set(r, MVMP_N_GUEST, s.guest);
	mvmp_set(r, MVMP_N_LOAD1, wanted / 1000);
	mvmp_set(r, MVMP_N_LOAD5, wanted / 1000);
	mvmp_set(r, MVMP_N_LOAD15, wanted / 1000);
	mvmp_set(r, MVMP_N_RUNNABLE, (wanted + 500000) / 1000000);
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a machine has one pCPU or more */
	mvmp_set(r, MVMP_N_CPU_CONTENTION, (wanted + 500000) / 1000000 * 1000000 / m->options.cpus);
	mvmp_set(r, MVMP_N_SWITCHES, s.busy / 400000);
	mvmp_set(r, MVMP_N_INTERRUPTS, s.busy / 900000);
}

static void fill_node_memory(const struct sim_machine *m, struct mvmp_record *r)
{
	uint64_t total = node_memory(m), used = domains_memory(m) + m->options.numa * gib;

	mvmp_set(r, MVMP_N_MEM_TOTAL, total);
	mvmp_set(r, MVMP_N_MEM_FREE, total - used);
	mvmp_set(r, MVMP_N_MEM_AVAILABLE, total - used);
	mvmp_set(r, MVMP_N_MEM_CACHED, m->options.numa * gib / 2);
	mvmp_set(r, MVMP_N_SWAP_TOTAL, 0);
	mvmp_set(r, MVMP_N_SWAP_FREE, 0);
	mvmp_set(r, MVMP_N_MEM_CONTENTION, used / PAGE * 1000000 / (total / PAGE));
}

static int fill_node(const struct sim *sim, struct mvmp_sample *out)
{
	const struct sim_machine *m = &sim->machine;
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_NODE);
	uint32_t running = 0;

	if (!r)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->options.domains; i++)
		running += !m->domain[i].paused;
	mvmp_set(r, MVMP_N_PCPUS, m->options.cpus);
	mvmp_set(r, MVMP_N_POOLS, 1);
	mvmp_set(r, MVMP_N_NUMA_NODES, m->options.numa);
	mvmp_set(r, MVMP_N_DOMAINS, m->options.domains);
	mvmp_set(r, MVMP_N_DOMAINS_RUNNING, running);
	mvmp_set(r, MVMP_N_FREQ, 2600000);
	mvmp_set(r, MVMP_N_FREQ_MAX, 3200000);
	mvmp_set(r, MVMP_N_THROTTLE, 187500); /* 1 - 2.6 / 3.2 */
	mvmp_set(r, MVMP_N_UPTIME, m->now_ns);
	fill_node_cpu(m, r);
	fill_node_memory(m, r);
	r->unsupported = ~r->present & ((1ull << MVMP_NODE_METRIC_COUNT) - 1);
	mvmp_set_text(r, MVMP_NT_NAME, sim->env.node ? sim->env.node : "simulated");
	mvmp_set_text(r, MVMP_NT_BACKEND, "sim");
	mvmp_set_text(r, MVMP_NT_KERNEL, "simulated");
	mvmp_set_text(r, MVMP_NT_CPU_MODEL, "simulated CPU");
	return 0;
}

static int fill_pcpu(const struct sim_machine *m, unsigned cpu, struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_PCPU);
	struct split s = {0};

	if (!r)
		return -ENOMEM;
	add_split(&s, m, cpu);
	r->key.index = cpu;
	mvmp_set(r, MVMP_P_BUSY, s.busy);
	mvmp_set(r, MVMP_P_USER, s.user);
	mvmp_set(r, MVMP_P_SYSTEM, s.system);
	mvmp_set(r, MVMP_P_IRQ, s.irq);
	mvmp_set(r, MVMP_P_IDLE, s.idle);
	mvmp_set(r, MVMP_P_IOWAIT, s.iowait);
	mvmp_set(r, MVMP_P_STEAL, 0);
	mvmp_set(r, MVMP_P_GUEST, s.guest);
	mvmp_set(r, MVMP_P_FREQ, 2600000);
	mvmp_set(r, MVMP_P_FREQ_MAX, 3200000);
	mvmp_set(r, MVMP_P_TEMP, 40000 + m->pcpu[cpu].busy_ppm / 50);
	mvmp_set(r, MVMP_P_NUMA, sim_pcpu_numa(m, cpu));
	r->unsupported = 1ull << MVMP_P_WAIT;
	return 0;
}

static void numa_cpus(const struct sim_machine *m, unsigned node, struct mva_cpuset *ret)
{
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		if (sim_pcpu_numa(m, cpu) == node)
			mva_cpuset_add(ret, cpu);
	}
}

static int fill_numa(const struct sim_machine *m, unsigned node, struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_NUMA);
	struct mva_cpuset cpus = {0};
	char text[MVMP_TEXT_LEN] = "";
	struct split s = {0};
	size_t used = 0;

	if (!r)
		return -ENOMEM;
	numa_cpus(m, node, &cpus);
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		if (mva_cpuset_has(&cpus, cpu))
			add_split(&s, m, cpu);
	}
	r->key.index = node;
	mvmp_set(r, MVMP_U_TOTAL, node_memory(m) / m->options.numa);
	mvmp_set(r, MVMP_U_FREE, 3 * gib);
	mvmp_set(r, MVMP_U_CPUS, mva_cpuset_count(&cpus));
	mvmp_set(r, MVMP_U_HIT, s.busy / 50000);
	mvmp_set(r, MVMP_U_MISS, s.busy / 5000000);
	mvmp_set(r, MVMP_U_FOREIGN, s.busy / 5000000);
	mvmp_set(r, MVMP_U_LOCAL, s.busy / 50000);
	mvmp_set(r, MVMP_U_OTHER, s.busy / 5000000);
	mvmp_set_text(r, MVMP_UT_CPUS, mva_cpuset_text(text, sizeof text, &cpus));
	for (unsigned i = 0; i < m->options.numa && used < sizeof text - 4; i++)
		used += (size_t)snprintf(
			text + used, sizeof text - used, "%s%d", i ? "," : "", i == node ? 10 : 21);
	mvmp_set_text(r, MVMP_UT_DISTANCES, text);
	return 0;
}

static int fill_pool(const struct sim_machine *m, struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_POOL);
	char text[MVMP_TEXT_LEN];
	uint64_t busy = 0, load = 0;

	if (!r)
		return -ENOMEM;
	for (unsigned cpu = 0; cpu < m->options.cpus; cpu++) {
		busy += sim_pcpu_busy(m, cpu);
		load += m->pcpu[cpu].busy_ppm;
	}
	mvmp_set(r, MVMP_L_CPUS, m->options.cpus);
	mvmp_set(r, MVMP_L_DOMAINS, m->options.domains);
	mvmp_set(r, MVMP_L_LOAD, load / 1000);
	mvmp_set(r, MVMP_L_BUSY, busy);
	mvmp_set_text(r, MVMP_LT_NAME, "Pool-0");
	mvmp_set_text(r, MVMP_LT_CPUS, mva_cpuset_text(text, sizeof text, &m->online));
	mvmp_set_text(r, MVMP_LT_SCHEDULER, "simulated");
	return 0;
}

/* The pin of the domain as one text: that of all its vCPUs, or "mixed". */
static void pin_text(const struct sim_machine *m, const struct sim_domain *d, char *to, size_t size)
{
	mva_cpuset_text_any(to, size, &d->vcpu[0].pin, &m->online);
	for (unsigned v = 1; v < m->options.vcpus; v++) {
		if (!mva_cpuset_equal(&d->vcpu[v].pin, &d->vcpu[0].pin))
			snprintf(to, size, "mixed");
	}
}

static int fill_domain(
	const struct sim_machine *m, const struct sim_domain *d, struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_DOMAIN);
	uint64_t ran = domain_ran(m, d);
	char text[MVMP_TEXT_LEN];

	if (!r)
		return -ENOMEM;
	memcpy(r->key.domain, d->uuid, sizeof d->uuid);
	r->incarnation = 1;
	mvmp_set(r, MVMP_D_ID, d->id);
	mvmp_set(r, MVMP_D_STATE, d->paused ? MVMP_STATE_PAUSED : MVMP_STATE_RUNNING);
	mvmp_set(r, MVMP_D_VCPUS, m->options.vcpus);
	mvmp_set(r, MVMP_D_CPU, ran + ran / 50);
	mvmp_set(r, MVMP_D_GUEST, ran);
	mvmp_set(r, MVMP_D_WAIT, domain_waited(m, d));
	mvmp_set(r, MVMP_D_INTERRUPTION, ran / 50);
	mvmp_set(r, MVMP_D_MEM_CURRENT, d->mem_max);
	mvmp_set(r, MVMP_D_MEM_MAX, d->mem_max);
	mvmp_set(r, MVMP_D_MEM_RSS, d->mem_max / 10 * 7);
	mvmp_set(r, MVMP_D_MEM_UNUSED, d->mem_max / 10 * 4);
	mvmp_set(r, MVMP_D_MEM_AGE, m->now_ns % (10 * MVMP_NS_PER_S));
	mvmp_set(r, MVMP_D_MAJFLT, ran / MVMP_NS_PER_S / 30);
	mvmp_set(r, MVMP_D_VIFS, m->options.vifs);
	mvmp_set(r, MVMP_D_VBDS, m->options.vbds);
	mvmp_set_text(r, MVMP_DT_NAME, d->name);
	mvmp_set_text(r, MVMP_DT_TYPE, "sim");
	pin_text(m, d, text, sizeof text);
	mvmp_set_text(r, MVMP_DT_PIN, text);
	return 0;
}

static int fill_vcpu(const struct sim_machine *m, const struct sim_domain *d, unsigned index,
	struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_VCPU);
	const struct sim_vcpu *v = &d->vcpu[index];
	char text[MVMP_TEXT_LEN];

	if (!r)
		return -ENOMEM;
	memcpy(r->key.domain, d->uuid, sizeof d->uuid);
	r->key.index = index;
	r->incarnation = 1;
	mvmp_set(r, MVMP_V_TIME, sim_vcpu_ran(m, v));
	mvmp_set(r, MVMP_V_WAIT, sim_vcpu_wanted(m, v) - sim_vcpu_ran(m, v));
	mvmp_set(r, MVMP_V_PCPU, v->pcpu);
	mvmp_set(r, MVMP_V_SWITCHES, sim_vcpu_ran(m, v) / 2000000);
	mva_cpuset_text_any(text, sizeof text, &v->pin, &m->online);
	mvmp_set_text(r, MVMP_VT_AFFINITY, text);
	return 0;
}

static int fill_vif(const struct sim_machine *m, const struct sim_domain *d, unsigned index,
	struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_VIF);
	uint64_t us = domain_ran(m, d) / 1000;
	uint64_t rx = us * (1 + trait(m, d->id, index, 40)) / 200;
	uint64_t tx = us * (1 + trait(m, d->id, index + 100, 40)) / 200;
	char text[MVMP_TEXT_LEN];

	if (!r)
		return -ENOMEM;
	memcpy(r->key.domain, d->uuid, sizeof d->uuid);
	r->key.index = index;
	r->incarnation = 1;
	mvmp_set(r, MVMP_I_RX_PACKETS, rx);
	mvmp_set(r, MVMP_I_RX_BYTES, rx * 840);
	mvmp_set(r, MVMP_I_RX_ERRORS, 0);
	mvmp_set(r, MVMP_I_RX_DROPS, rx / 1000000);
	mvmp_set(r, MVMP_I_TX_PACKETS, tx);
	mvmp_set(r, MVMP_I_TX_BYTES, tx * 910);
	mvmp_set(r, MVMP_I_TX_ERRORS, 0);
	mvmp_set(r, MVMP_I_TX_DROPS, 0);
	snprintf(text, sizeof text, "vif%u", index);
	mvmp_set_text(r, MVMP_IT_NAME, text);
	snprintf(text, sizeof text, "sim%u.%u", d->id, index);
	mvmp_set_text(r, MVMP_IT_DEVICE, text);
	snprintf(text, sizeof text, "52:54:%02x:%02x:%02x:%02x", (unsigned)m->options.seed & 255,
		d->id >> 8 & 255, d->id & 255, index);
	mvmp_set_text(r, MVMP_IT_MAC, text);
	mvmp_set_text(r, MVMP_IT_BRIDGE, "br-sim");
	return 0;
}

static int fill_vbd(const struct sim_machine *m, const struct sim_domain *d, unsigned index,
	struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_VBD);
	uint64_t ms = domain_ran(m, d) / 1000000;
	uint64_t reads = ms * (1 + trait(m, d->id, index + 200, 20)) / 100;
	uint64_t writes = ms * (1 + trait(m, d->id, index + 300, 20)) / 100;
	char text[MVMP_TEXT_LEN];

	if (!r)
		return -ENOMEM;
	memcpy(r->key.domain, d->uuid, sizeof d->uuid);
	r->key.index = index;
	r->incarnation = 1;
	mvmp_set(r, MVMP_B_RD_REQS, reads);
	mvmp_set(r, MVMP_B_WR_REQS, writes);
	mvmp_set(r, MVMP_B_RD_SECTORS, reads * 32);
	mvmp_set(r, MVMP_B_WR_SECTORS, writes * 16);
	mvmp_set(r, MVMP_B_RD_BYTES, reads * 32 * SECTOR);
	mvmp_set(r, MVMP_B_WR_BYTES, writes * 16 * SECTOR);
	mvmp_set(r, MVMP_B_RD_TIME, reads * 180000);
	mvmp_set(r, MVMP_B_WR_TIME, writes * 240000);
	mvmp_set(r, MVMP_B_FLUSHES, writes / 20);
	mvmp_set(r, MVMP_B_FLUSH_TIME, writes / 20 * 900000);
	mvmp_set(r, MVMP_B_OUTSTANDING, ms % 3);
	mvmp_set(r, MVMP_B_ERRORS, 0);
	mvmp_set(r, MVMP_B_CAPACITY, 20 * gib);
	mvmp_set(r, MVMP_B_ALLOCATION, 4 * gib + writes * SECTOR % (8 * gib));
	mvmp_set(r, MVMP_B_PHYSICAL, 20 * gib);
	snprintf(text, sizeof text, "vd%c", 'a' + (int)index);
	mvmp_set_text(r, MVMP_BT_NAME, text);
	mvmp_set_text(r, MVMP_BT_BACKING, "file");
	snprintf(text, sizeof text, "/sim/%s-%u.img", d->name, index);
	mvmp_set_text(r, MVMP_BT_SOURCE, text);
	mvmp_set_text(r, MVMP_BT_FORMAT, "raw");
	return 0;
}

/* Records of one kind that a domain has. */
static int fill_of_domain(const struct sim_machine *m, const struct sim_domain *d,
	enum mvmp_entity kind, struct mvmp_sample *out)
{
	static int (*const fill[])(const struct sim_machine *, const struct sim_domain *, unsigned,
		struct mvmp_sample *) = {
		[MVMP_VCPU] = fill_vcpu, [MVMP_VIF] = fill_vif, [MVMP_VBD] = fill_vbd};
	unsigned count = kind == MVMP_VCPU  ? m->options.vcpus
			 : kind == MVMP_VIF ? m->options.vifs
					    : m->options.vbds;
	int rc = 0;

	for (unsigned i = 0; i < count && !rc; i++)
		rc = fill[kind](m, d, i, out);
	return rc;
}

static int fill_kind(const struct sim *sim, enum mvmp_entity kind, struct mvmp_sample *out)
{
	const struct sim_machine *m = &sim->machine;
	int rc = 0;

	if (kind == MVMP_NODE)
		return fill_node(sim, out);
	if (kind == MVMP_POOL)
		return fill_pool(m, out);
	for (unsigned i = 0; kind == MVMP_PCPU && i < m->options.cpus && !rc; i++)
		rc = fill_pcpu(m, i, out);
	for (unsigned i = 0; kind == MVMP_NUMA && i < m->options.numa && !rc; i++)
		rc = fill_numa(m, i, out);
	for (uint32_t i = 0; kind == MVMP_DOMAIN && i < m->options.domains && !rc; i++)
		rc = fill_domain(m, &m->domain[i], out);
	for (uint32_t i = 0; kind > MVMP_DOMAIN && i < m->options.domains && !rc; i++)
		rc = fill_of_domain(m, &m->domain[i], kind, out);
	return rc;
}

int sim_sample_fill(const struct sim *sim, uint32_t kinds, struct mvmp_sample *out)
{
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		int rc = kinds >> kind & 1 ? fill_kind(sim, kind, out) : 0;

		if (rc)
			return rc;
		out->kinds |= kinds & 1u << kind;
	}
	return 0;
}
