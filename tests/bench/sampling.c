/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one sample of all guests costs, by the linux backend and by libvirt's all-domain
 * statistics on the same guests in the same run. Processor time of this process and (for
 * libvirt) wall time of the call; medians of the rounds.
 *
 *   sampling [-c URI] [-n ROUNDS] [--dump]
 *
 * --dump prints the last sample instead of figures.
 */

#include "../../mvagent/backend.h"
#include "../../mvagent/linux/tasks.h"
#include "../support/priv_local.h"
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <mvmp/bytes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 10000 };

struct bench {
	const char *uri;
	unsigned rounds;
	bool dump;
	unsigned guests;
	struct priv_local priv;
	struct mva_backend *backend;
	struct mvmp_sample sample;
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * MVMP_NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t mono(void *ctx)
{
	return read_clock(CLOCK_MONOTONIC);
}

static uint64_t wall(void *ctx)
{
	return read_clock(CLOCK_REALTIME);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median_us(uint64_t *ns, unsigned count)
{
	qsort(ns, count, sizeof(*ns), compare);
	count /= 2;
	return (double)ns[count] / 1000;
}

/* Median cost of sampling these kinds, microseconds of processor time. */
static double sample_cost(struct bench *bench, uint32_t kinds)
{
	static uint64_t took[ROUNDS_MAX];

	for (unsigned i = 0; i < bench->rounds; i++) {
		uint64_t begin = read_clock(CLOCK_THREAD_CPUTIME_ID);

		mvmp_sample_reset(&bench->sample);
		bench->backend->ops->sample(bench->backend, kinds, &bench->sample);
		took[i] = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin;
	}
	return median_us(took, bench->rounds);
}

/* Inventories and the first block statistics. */
static void settle(struct bench *bench)
{
	for (unsigned i = 0; i < 200; i++) {
		bench->backend->ops->advance(bench->backend);
		if (!priv_local_step(&bench->priv) && i > 20)
			break;
	}
}

static void print_ours(struct bench *bench)
{
	const uint32_t host = 1 << MVMP_NODE | 1 << MVMP_PCPU | 1 << MVMP_NUMA | 1 << MVMP_POOL;
	double domains = sample_cost(bench, 1 << MVMP_DOMAIN);
	unsigned guests = bench->sample.kind[MVMP_DOMAIN].count;
	double vcpus = sample_cost(bench, 1 << MVMP_DOMAIN | 1 << MVMP_VCPU);
	unsigned cpus = bench->sample.kind[MVMP_VCPU].count;
	double vifs = sample_cost(bench, 1 << MVMP_VIF);
	unsigned nics = bench->sample.kind[MVMP_VIF].count;
	double all = sample_cost(bench, (1u << MVMP_ENTITY_COUNT) - 1);
	double node = sample_cost(bench, host);

	bench->guests = guests;
	printf("%u guests, %u vCPUs, %u VIFs, %u rounds\n", guests, cpus, nics, bench->rounds);
	printf("%-44s %10.1f us\n", "node, pCPUs, NUMA nodes, pools", node);
	printf("%-44s %10.1f us, %.2f per guest\n", "domains", domains, domains / guests);
	printf("%-44s %10.1f us, %.2f more per vCPU\n", "domains and vCPUs", vcpus,
		(vcpus - domains) / cpus);
	printf("%-44s %10.1f us, %.2f per VIF\n", "VIFs", vifs, vifs / nics);
	printf("%-44s %10.1f us, %.2f per guest\n", "everything", all, all / guests);
}

static double libvirt_cost(struct bench *bench, virConnectPtr conn, unsigned stats)
{
	static uint64_t took[ROUNDS_MAX];
	unsigned rounds = bench->rounds > 50 ? 50 : bench->rounds;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t begin = read_clock(CLOCK_MONOTONIC);
		virDomainStatsRecordPtr *record = NULL;
		int count = virConnectGetAllDomainStats(
			conn, stats, &record, VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);

		took[i] = read_clock(CLOCK_MONOTONIC) - begin;
		if (count >= 0)
			virDomainStatsRecordListFree(record);
	}
	return median_us(took, rounds);
}

static void print_libvirt(struct bench *bench)
{
	const unsigned most = VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_VCPU |
			      VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_INTERFACE |
			      VIR_DOMAIN_STATS_BLOCK;
	virConnectPtr conn = virConnectOpen(bench->uri);
	double cost, guests = bench->guests ? bench->guests : 1;

	if (!conn)
		return;
	cost = libvirt_cost(bench, conn, 0);
	printf("%-44s %10.1f us, %.2f per guest (wall)\n", "libvirt, everything", cost,
		cost / guests);
	cost = libvirt_cost(bench, conn, most);
	printf("%-44s %10.1f us, %.2f per guest (wall)\n",
		"libvirt, cpu vcpu balloon interface block", cost, cost / guests);
	virConnectClose(conn);
}

static void dump_record(enum mvmp_entity kind, const struct mvmp_record *r)
{
	const struct mvmp_entity_info *info = &mvmp_entities[kind];
	char uuid[37];

	printf("%s %s %u incarnation %u age %" PRIu64 " quality %u reason %u", info->name,
		mvmp_uuid_text(uuid, r->key.domain), r->key.index, r->incarnation, r->age_ns,
		r->quality, r->reason);
	for (unsigned i = 0; i < info->texts; i++)
		printf(" %s=\"%s\"", info->text_name[i], r->text[i]);
	for (unsigned i = 0; i < info->metrics; i++) {
		if (mvmp_has(r, i))
			printf(" %s=%" PRIu64, info->metric[i].name, r->value[i]);
		else if (r->unsupported >> i & 1)
			printf(" %s=unsupported", info->metric[i].name);
	}
	printf("\n");
}

static void dump_counters(struct bench *bench, const char *domain, bool arrays)
{
	struct mvmp_error err = {0};
	struct mva_perf perf;

	if (bench->backend->ops->perf(bench->backend, domain, arrays, &perf, &err)) {
		printf("counters: %s\n", err.text);
		return;
	}
	for (unsigned i = 0; i < perf.counters; i++) {
		const struct mva_perf_counter *c = &perf.counter[i];

		printf("counter \"%s\" %" PRIu64, c->name, c->total);
		for (unsigned k = 0; c->value && k < c->values; k++)
			printf(" %" PRIu64, c->value[k]);
		printf(" (%s)%s%s\n", c->source, c->unsupported ? " unsupported: " : "",
			c->unsupported ? c->unsupported : "");
	}
}

static void dump(struct bench *bench)
{
	const struct mva_capability *cap;
	unsigned caps;

	dump_counters(bench, NULL, false);
	caps = bench->backend->ops->capabilities(bench->backend, &cap);

	sample_cost(bench, (1u << MVMP_ENTITY_COUNT) - 1);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++) {
		for (uint32_t i = 0; i < bench->sample.kind[kind].count; i++)
			dump_record(kind, &bench->sample.kind[kind].at[i]);
	}
	for (unsigned i = 0; i < caps; i++)
		printf("capability %s %s %s\n", cap[i].name, cap[i].supported ? "yes" : "no",
			cap[i].reason);
}

static void read_options(struct bench *bench, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--dump"))
			bench->dump = true;
		else if (!strcmp(argv[i], "-c") && i + 1 < argc)
			bench->uri = argv[++i];
		else if (!strcmp(argv[i], "-n") && i + 1 < argc)
			bench->rounds = (unsigned)strtoul(argv[++i], NULL, 10);
	}
	if (!bench->rounds || bench->rounds > ROUNDS_MAX)
		bench->rounds = ROUNDS_MAX;
}

int main(int argc, char **argv)
{
	static struct bench bench = {.uri = "qemu:///system", .rounds = 1000};
	struct mva_backend_env env = {
		.priv = &bench.priv.base, .mono_ns = mono, .wall_ns = wall, .options = ""};
	struct mvmp_error err = {0};

	read_options(&bench, argc, argv);
	priv_local_init(&bench.priv, "");
	mva_linux_task_init(bench.uri, "");
	if (mva_backend_linux.open(&env, &bench.backend, &err)) {
		fprintf(stderr, "sampling: %s\n", err.text);
		return 1;
	}
	settle(&bench);
	if (bench.dump) {
		bench.rounds = 1;
		dump(&bench);
	} else {
		print_ours(&bench);
		print_libvirt(&bench);
	}
	bench.backend->ops->close(bench.backend);
	mvmp_sample_free(&bench.sample);
	return 0;
}
