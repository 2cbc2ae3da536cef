/* SPDX-License-Identifier: Apache-2.0 */
#include "nodetext.h"
#include "mvctl.h"
#include <mvmp/bytes.h>
#include <string.h>
#include <time.h>

void mvctl_print_label(FILE *out, const char *label)
{
	fprintf(out, "  %-9s  ", label);
}

static bool rate_of(double *ret, const struct mvctl_source *source, enum mvmp_entity kind,
	const struct mvmp_record *now, unsigned metric)
{
	struct mvctl_pair pair = {source, kind, now, mvctl_earlier(source, kind, now)};

	return mvctl_pair_rate(ret, &pair, metric);
}

static void print_headline(
	FILE *out, const struct mvctl_source *source, const struct mvmp_cert *cert)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	char id[9], up[32], age[32];

	fprintf(out, "node %s (%s)", source->node, mvmp_cert_node_id(id, cert));
	if (mvmp_has(node, MVMP_N_UPTIME))
		fprintf(out, "   up %s",
			mvctl_human_duration(up, sizeof up, node->value[MVMP_N_UPTIME]));
	fprintf(out, "   sample %s old",
		mvctl_human_duration(age, sizeof age, node->age_ns + source->extra_age_ns));
	if (mvmp_has(node, MVMP_N_MEM_CONTENTION) && node->value[MVMP_N_MEM_CONTENTION] > 1000000)
		fputs("   warn: memory contention", out);
	fputs(source->after.simulated ? "   simulated\n" : "\n", out);
}

static void print_identity(FILE *out, const struct mvmp_cert *cert)
{
	time_t end = (time_t)cert->not_after;
	char roles[64], date[16] = "?", mac[18];
	struct tm tm;

	if (gmtime_r(&end, &tm))
		strftime(date, sizeof date, "%Y-%m-%d", &tm);
	mvctl_print_label(out, "identity");
	fprintf(out, "certificate %llu, role %s, valid to %s", (unsigned long long)cert->serial,
		mvmp_roles_text(roles, cert->roles), date);
	for (unsigned i = 0; i < cert->macs; i++)
		fprintf(out, "%s%s", i ? " " : ", MAC ", mvmp_mac_text(mac, cert->mac[i]));
	fputc('\n', out);
}

static void print_agent(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	char boot[5];

	mvctl_print_label(out, "agent");
	fprintf(out, "%s backend", node->text[MVMP_NT_BACKEND]);
	if (node->text[MVMP_NT_KERNEL][0])
		fprintf(out, ", kernel %s", node->text[MVMP_NT_KERNEL]);
	fprintf(out, ", boot %s\n", mvmp_hex(boot, source->after.host_boot, 2));
	if (node->text[MVMP_NT_CPU_MODEL][0]) {
		mvctl_print_label(out, "model");
		fprintf(out, "%s\n", node->text[MVMP_NT_CPU_MODEL]);
	}
}

/* Shares of all pCPUs in percent. */
static bool cpu_shares(double share[static 5], const struct mvctl_source *source)
{
	static const unsigned metric[] = {
		MVMP_N_USER, MVMP_N_SYSTEM, MVMP_N_STEAL, MVMP_N_IOWAIT, MVMP_N_IDLE};
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	double sum = 0;

	for (unsigned i = 0; i < 5; i++) {
		if (!rate_of(&share[i], source, MVMP_NODE, node, metric[i]))
			share[i] = 0;
		sum += share[i];
	}
	for (unsigned i = 0; i < 5 && sum > 0; i++)
		share[i] *= 100 / sum;
	return sum > 0;
}

static void print_cpu(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	double share[5];

	mvctl_print_label(out, "cpu");
	fprintf(out, "%llu pCPU, %llu NUMA node%s", (unsigned long long)node->value[MVMP_N_PCPUS],
		(unsigned long long)node->value[MVMP_N_NUMA_NODES],
		node->value[MVMP_N_NUMA_NODES] == 1 ? "" : "s");
	if (cpu_shares(share, source))
		fprintf(out, "   busy %.1f %%  iowait %.1f %%  steal %.1f %%",
			share[0] + share[1] + share[2], share[3], share[2]);
	else
		fputs("   busy -", out);
	if (mvmp_has(node, MVMP_N_LOAD1))
		fprintf(out, "   load %.2f", (double)node->value[MVMP_N_LOAD1] / 1e3);
	fputc('\n', out);
}

unsigned mvctl_load_digits(char *to, size_t size, const struct mvctl_source *source, uint64_t numa)
{
	const struct mvmp_records *cpus = &source->after.kind[MVMP_PCPU];
	unsigned count = 0;
	size_t used = 0;

	for (uint32_t i = 0; i < cpus->count && used + 2 < size; i++) {
		const struct mvmp_record *cpu = &cpus->at[i];
		double busy;
		int digit;

		if (mvmp_has(cpu, MVMP_P_NUMA) && cpu->value[MVMP_P_NUMA] != numa)
			continue;
		if (count && count % 8 == 0)
			to[used++] = ' ';
		if (rate_of(&busy, source, MVMP_PCPU, cpu, MVMP_P_BUSY)) {
			digit = (int)(busy / 1e8);
			to[used++] = (char)('0' + (digit > 9 ? 9 : digit < 0 ? 0 : digit));
		} else {
			to[used++] = '.';
		}
		count++;
	}
	to[used] = '\0';
	return count;
}

static void print_load(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_records *numa = &source->after.kind[MVMP_NUMA];
	char digits[2400];

	for (uint32_t i = 0; i < numa->count; i++) {
		if (!mvctl_load_digits(digits, sizeof digits, source, numa->at[i].key.index))
			continue;
		mvctl_print_label(out, i ? "" : "pcpu load");
		fprintf(out, "numa%u %s%s\n", numa->at[i].key.index, digits,
			i ? "" : "   (one digit per pCPU, 9 = 90 % and more)");
	}
}

static void print_frequency(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;

	if (!mvmp_has(node, MVMP_N_FREQ))
		return;
	mvctl_print_label(out, "frequency");
	fprintf(out, "%.2f GHz now", (double)node->value[MVMP_N_FREQ] / 1e6);
	if (mvmp_has(node, MVMP_N_FREQ_MAX))
		fprintf(out, ", at most %.2f GHz", (double)node->value[MVMP_N_FREQ_MAX] / 1e6);
	if (mvmp_has(node, MVMP_N_TEMP))
		fprintf(out, "   %.0f C", (double)(int64_t)node->value[MVMP_N_TEMP] / 1e3);
	fputc('\n', out);
}

static void print_numa_memory(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_records *numa = &source->after.kind[MVMP_NUMA];

	for (uint32_t i = 0; i < numa->count && i < 8 && numa->count > 1; i++) {
		const struct mvmp_record *r = &numa->at[i];

		if (!mvmp_has(r, MVMP_U_TOTAL) || !mvmp_has(r, MVMP_U_FREE) ||
			!r->value[MVMP_U_TOTAL])
			continue;
		fprintf(out, "%s%u %.0f %%", i ? ", node " : "   node ", r->key.index,
			100.0 - 100.0 * (double)r->value[MVMP_U_FREE] /
					(double)r->value[MVMP_U_TOTAL]);
	}
}

static void print_memory(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	double total = (double)node->value[MVMP_N_MEM_TOTAL];
	double swap =
		(double)node->value[MVMP_N_SWAP_TOTAL] - (double)node->value[MVMP_N_SWAP_FREE];

	mvctl_print_label(out, "memory");
	if (mvmp_has(node, MVMP_N_MEM_TOTAL) && mvmp_has(node, MVMP_N_MEM_AVAILABLE))
		fprintf(out, "%.1f of %.1f GiB used",
			(total - (double)node->value[MVMP_N_MEM_AVAILABLE]) / (1 << 30),
			total / (1 << 30));
	else
		fputs("-", out);
	print_numa_memory(out, source);
	if (mvmp_has(node, MVMP_N_SWAP_TOTAL))
		fprintf(out, "   swap %.1f GiB", swap / (1 << 30));
	fputc('\n', out);
}

static void print_power(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_record *node = source->after.kind[MVMP_NODE].at;
	double watts;

	if (!rate_of(&watts, source, MVMP_NODE, node, MVMP_N_ENERGY))
		return;
	mvctl_print_label(out, "power");
	fprintf(out, "packages %.0f W\n", watts / 1e6);
}

static void print_domains(FILE *out, const struct mvctl_source *source)
{
	const struct mvmp_records *domains = &source->after.kind[MVMP_DOMAIN];
	unsigned running = 0, paused = 0, other = 0;

	if (!(source->after.kinds & 1u << MVMP_DOMAIN)) {
		mvctl_print_label(out, "domains");
		fprintf(out, "-\n");
		return;
	}
	for (uint32_t i = 0; i < domains->count; i++) {
		uint64_t state = domains->at[i].value[MVMP_D_STATE];

		if (state == MVMP_STATE_RUNNING || state == MVMP_STATE_BLOCKED)
			running++;
		else if (state == MVMP_STATE_PAUSED)
			paused++;
		else
			other++;
	}
	mvctl_print_label(out, "domains");
	fprintf(out, "%u running, %u paused", running, paused);
	if (other)
		fprintf(out, ", %u other", other);
	fputc('\n', out);
}

void mvctl_print_node(FILE *out, const struct mvctl_source *source, const struct mvmp_cert *cert)
{
	if (!source->after.kind[MVMP_NODE].count) {
		fprintf(out, "node %s   no sample yet\n", source->node);
		print_identity(out, cert);
		return;
	}
	print_headline(out, source, cert);
	print_identity(out, cert);
	print_agent(out, source);
	print_cpu(out, source);
	print_load(out, source);
	print_frequency(out, source);
	print_memory(out, source);
	print_power(out, source);
	print_domains(out, source);
}

void mvctl_link_clean(Mvmp__LinkAnswer *answer)
{
	mvctl_clean(answer->version);
	for (size_t i = 0; i < answer->n_links; i++)
		mvctl_clean(answer->links[i]->name);
	for (size_t i = 0; i < answer->n_counters; i++)
		mvctl_clean(answer->counters[i]->name);
	for (size_t i = 0; i < answer->n_drops; i++)
		mvctl_clean(answer->drops[i]->name);
}

static unsigned long long drops_of(const Mvmp__LinkAnswer *answer)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < answer->n_drops; i++)
		sum += answer->drops[i]->value;
	return sum;
}

void mvctl_print_node_link(FILE *out, const Mvmp__LinkAnswer *answer)
{
	unsigned long long dropped = drops_of(answer);
	bool first = true;

	mvctl_print_label(out, "link");
	for (size_t i = 0; i < answer->n_links; i++)
		fprintf(out, "%s%s, MTU %u", i ? "; " : "", answer->links[i]->name,
			answer->links[i]->mtu);
	fprintf(out, "%s%u sessions, dropped %llu frames", answer->n_links ? "; " : "",
		answer->sessions, dropped);
	for (size_t i = 0; i < answer->n_drops; i++) {
		if (!answer->drops[i]->value)
			continue;
		fprintf(out, "%s%s %llu", first ? " (" : ", ", answer->drops[i]->name,
			(unsigned long long)answer->drops[i]->value);
		first = false;
	}
	fputs(first ? "\n" : ")\n", out);
}

void mvctl_print_unsupported(FILE *out, const struct mvctl_source *source)
{
	int width = 9;

	for (unsigned i = 0; i < source->capabilities; i++) {
		if ((int)strlen(source->capability[i].name) > width)
			width = (int)strlen(source->capability[i].name);
	}
	for (unsigned i = 0; i < source->capabilities; i++)
		fprintf(out, "  %-*s  unsupported: %s\n", width, source->capability[i].name,
			source->capability[i].reason);
}
