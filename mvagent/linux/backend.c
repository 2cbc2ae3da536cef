/* SPDX-License-Identifier: Apache-2.0 */

/* The backend's ops: what is opened, in which order a sample is made, what is refreshed when. */

#include "counters.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CPU lists, distances, partitions: what changes by hotplug or an administrator. */
static const uint64_t refresh_ns = 10 * MVMP_NS_PER_S;

static struct mva_linux *linux_of(struct mva_backend *backend)
{
	return (struct mva_linux *)backend;
}

uint64_t mva_linux_now(const struct mva_linux *lx)
{
	return lx->env.mono_ns(lx->env.ctx);
}

void mva_linux_can(struct mva_linux *lx, const char *name, bool supported, const char *reason)
{
	struct mva_capability *cap = lx->capability;
	struct mva_capability *end = cap + lx->capabilities;

	while (cap < end && strcmp(cap->name, name))
		cap++;
	if (cap == lx->capability + MVA_CAPABILITIES_MAX)
		return;
	if (cap == end)
		lx->capabilities++;
	*cap = (struct mva_capability){.name = name, .supported = supported};
	if (!supported && reason)
		snprintf(cap->reason, sizeof(cap->reason), "%.119s", reason);
}

static void linux_close(struct mva_backend *backend)
{
	struct mva_linux *lx = linux_of(backend);

	mva_counters_close(lx);
	mva_guests_close(lx);
	mva_pools_close(lx);
	mva_rapl_close(lx);
	mva_edac_close(lx);
	mva_sensors_close(lx);
	mva_numa_close(lx);
	mva_cpufreq_close(lx);
	mva_proc_close(lx);
	mva_stat_close(lx);
	free(lx->buf);
	free(lx);
}

static void open_node(struct mva_linux *lx)
{
	mva_identity_open(lx);
	mva_meminfo_open(lx);
	mva_loadavg_open(lx);
	mva_vmstat_open(lx);
	mva_psi_open(lx);
	mva_schedstat_open(lx);
	mva_cpufreq_open(lx);
	mva_numa_open(lx);
	mva_sensors_open(lx);
	mva_edac_open(lx);
	mva_rapl_open(lx);
	mva_pools_open(lx);
	mva_counters_open(lx);
}

static void forget_descriptors(struct mva_linux *lx)
{
	lx->proc = (struct mva_proc){-1, -1, -1, -1, -1, {-1, -1, -1}};
	lx->stat.fd = lx->cpufreq.dir = lx->numa.dir = lx->pools.dir = -1;
}

static int linux_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err)
{
	struct mva_linux *lx = calloc(1, sizeof(*lx));
	int r;

	if (!lx)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the linux backend");
	lx->base.ops = &mva_backend_linux;
	lx->env = *env;
	lx->tick_ns = (long)(MVMP_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	forget_descriptors(lx);
	r = mva_stat_open(lx, err);
	if (r < 0) {
		linux_close(&lx->base);
		return r;
	}
	lx->known_cpus = lx->stat.cpus;
	open_node(lx);
	r = mva_guests_open(lx, env->options, err);
	if (r < 0) {
		linux_close(&lx->base);
		return r;
	}
	*ret = &lx->base;
	return 0;
}

/* Records of all pCPUs first, then what each source knows of them. False without memory. */
static bool sample_pcpus(struct mva_linux *lx, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < lx->stat.cpus; i++) {
		struct mvmp_record *r = mvmp_sample_add(out, MVMP_PCPU);
		int numa;

		if (!r)
			return false;
		r->key.index = lx->stat.cpu[i].cpu;
		mva_stat_pcpu(&lx->stat.cpu[i], r);
		numa = mva_numa_of_cpu(lx, r->key.index);
		mva_set_or_unsupported(r, MVMP_P_NUMA, numa >= 0, (uint64_t)numa);
	}
	mva_schedstat_pcpus(lx, &out->kind[MVMP_PCPU]);
	return true;
}

static void sample_node(struct mva_linux *lx, struct mvmp_record *node)
{
	mva_stat_node(lx, node);
	mva_meminfo_node(lx, node);
	mva_loadavg_node(lx, node);
	mva_vmstat_node(lx, node);
	mva_psi_node(lx, node);
	mva_identity_node(lx, node);
	mva_edac_node(lx, node);
	mva_rapl_node(lx, node);
	mva_guests_node(lx, node);
	mvmp_set(node, MVMP_N_POOLS, lx->pools.count);
	mva_set_or_unsupported(node, MVMP_N_NUMA_NODES, lx->numa.nodes, lx->numa.nodes);
}

/* A pCPU came or went: its files too. */
static void follow_hotplug(struct mva_linux *lx)
{
	if (lx->known_cpus == lx->stat.cpus)
		return;
	lx->known_cpus = lx->stat.cpus;
	mva_cpufreq_open(lx);
	mva_numa_refresh(lx);
	mva_pools_refresh(lx);
}

static int sample_host(struct mva_linux *lx, uint32_t kinds, struct mvmp_sample *out)
{
	struct mvmp_record *node = NULL;
	struct mvmp_records *pcpus;
	bool has_pcpus;

	if (mva_stat_read(lx) < 0)
		return -EIO;
	follow_hotplug(lx);
	if (kinds & 1u << MVMP_NODE)
		node = mvmp_sample_add(out, MVMP_NODE);
	has_pcpus = kinds & 1u << MVMP_PCPU && sample_pcpus(lx, out);
	pcpus = has_pcpus ? &out->kind[MVMP_PCPU] : NULL;
	if (node)
		sample_node(lx, node);
	if (node || has_pcpus) {
		mva_cpufreq_sample(lx, node, pcpus);
		mva_sensors_sample(lx, node, pcpus);
	}
	if (node)
		mva_derive_node(lx, node);
	out->kinds |= (node ? 1u << MVMP_NODE : 0) | (has_pcpus ? 1u << MVMP_PCPU : 0);
	if (kinds & 1u << MVMP_POOL) {
		mva_pools_sample(lx, out);
		out->kinds |= 1u << MVMP_POOL;
	}
	return 0;
}

enum {
	HOST_KINDS = 1 << MVMP_NODE | 1 << MVMP_PCPU | 1 << MVMP_POOL,
	GUEST_KINDS = 1 << MVMP_DOMAIN | 1 << MVMP_VCPU | 1 << MVMP_VIF | 1 << MVMP_VBD,
};

static int linux_sample(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out)
{
	struct mva_linux *lx = linux_of(backend);

	if (kinds & HOST_KINDS)
		sample_host(lx, kinds, out);
	if (kinds & 1u << MVMP_NUMA && mva_numa_sample(lx, out))
		out->kinds |= 1u << MVMP_NUMA;
	if (kinds & GUEST_KINDS)
		mva_guests_sample(lx, kinds, out);
	return 0;
}

static unsigned linux_capabilities(struct mva_backend *backend, const struct mva_capability **ret)
{
	*ret = linux_of(backend)->capability;
	return linux_of(backend)->capabilities;
}

static void linux_online(struct mva_backend *backend, struct mva_cpuset *ret)
{
	*ret = linux_of(backend)->pools.at[0].set;
}

static void linux_advance(struct mva_backend *backend)
{
	struct mva_linux *lx = linux_of(backend);
	uint64_t now = mva_linux_now(lx);

	mva_rapl_read(lx);
	mva_guests_advance(lx);
	if (now - lx->refreshed_ns < refresh_ns)
		return;
	lx->refreshed_ns = now;
	mva_numa_refresh(lx);
	mva_pools_refresh(lx);
}

const struct mva_backend_ops mva_backend_linux = {
	.name = "linux",
	.open = linux_open,
	.close = linux_close,
	.sample = linux_sample,
	.capabilities = linux_capabilities,
	.perf = mva_linux_perf,
	.online = linux_online,
	.pin = mva_linux_pin,
	.advance = linux_advance,
};
