/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bytes and nanoseconds a record of the stats codec at MTU 1500, with counters as a node has
 * them after some weeks: `codec [ROUNDS]`. CPU time of this process, median of the rounds.
 */

#include <math.h>
#include <mvmp/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Payload of a stats frame at MTU 1500: less header and tag. */
enum { ROOM = 1500 - MVMP_HEADER_LEN - MVMP_TAG_LEN, DOMAINS = 100, ROUNDS_MAX = 1001 };

static uint64_t random_state = 1;

static uint64_t random64(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Between low and high, each order of magnitude as likely as the next. */
static uint64_t spread(double low, double high)
{
	double at = (double)(random64() >> 11) / 9007199254740992.0;

	return (uint64_t)exp(log(low) + at * (log(high) - log(low)));
}

static void fill_vif(struct mvmp_record *r)
{
	uint64_t rx = spread(1e4, 1e8), tx = spread(1e4, 1e8);

	mvmp_set(r, MVMP_I_RX_PACKETS, rx);
	mvmp_set(r, MVMP_I_RX_BYTES, rx * spread(80, 1400));
	mvmp_set(r, MVMP_I_TX_PACKETS, tx);
	mvmp_set(r, MVMP_I_TX_BYTES, tx * spread(80, 1400));
	mvmp_set(r, MVMP_I_RX_ERRORS, 0);
	mvmp_set(r, MVMP_I_TX_ERRORS, 0);
	mvmp_set(r, MVMP_I_RX_DROPS, random64() % 4 ? 0 : spread(1, 1000));
	mvmp_set(r, MVMP_I_TX_DROPS, 0);
}

/* Requests and sectors, as the seed's list of block device figures has them. */
static void fill_vbd(struct mvmp_record *r)
{
	uint64_t rd = spread(1e4, 1e7), wr = spread(1e4, 1e7);

	mvmp_set(r, MVMP_B_RD_REQS, rd);
	mvmp_set(r, MVMP_B_WR_REQS, wr);
	mvmp_set(r, MVMP_B_RD_SECTORS, rd * 8 * spread(1, 16));
	mvmp_set(r, MVMP_B_WR_SECTORS, wr * 8 * spread(1, 16));
	mvmp_set(r, MVMP_B_ERRORS, 0);
	r->unsupported = 1ull << MVMP_B_OUTSTANDING;
}

/* All that a domain's monitor can tell. */
static void fill_whole_vbd(struct mvmp_record *r)
{
	fill_vbd(r);
	mvmp_set(r, MVMP_B_RD_BYTES, r->value[MVMP_B_RD_SECTORS] * 512);
	mvmp_set(r, MVMP_B_WR_BYTES, r->value[MVMP_B_WR_SECTORS] * 512);
	mvmp_set(r, MVMP_B_RD_TIME, r->value[MVMP_B_RD_REQS] * spread(5e4, 5e6));
	mvmp_set(r, MVMP_B_WR_TIME, r->value[MVMP_B_WR_REQS] * spread(5e4, 5e6));
	mvmp_set(r, MVMP_B_FLUSHES, spread(1e3, 1e6));
	mvmp_set(r, MVMP_B_FLUSH_TIME, r->value[MVMP_B_FLUSHES] * spread(5e5, 5e6));
	mvmp_set(r, MVMP_B_CAPACITY, 1ull << (30 + random64() % 8));
	mvmp_set(r, MVMP_B_ALLOCATION, spread(1e5, 1e7) * 4096);
	mvmp_set(r, MVMP_B_PHYSICAL, spread(1e5, 1e7) * 4096);
}

static void fill_vcpu(struct mvmp_record *r)
{
	mvmp_set(r, MVMP_V_TIME, spread(1e12, 1e15));
	mvmp_set(r, MVMP_V_WAIT, spread(1e9, 1e12));
	mvmp_set(r, MVMP_V_PCPU, random64() % 64);
	mvmp_set(r, MVMP_V_SWITCHES, spread(1e5, 1e9));
}

static void fill(struct mvmp_sample *sample, unsigned kind, unsigned each,
	void (*with)(struct mvmp_record *r))
{
	mvmp_sample_reset(sample);
	sample->number = 100000;
	sample->wall_ns = 1790000000000000000ull;
	sample->mono_ns = 2000000000000000ull;
	sample->kinds = 1u << kind;
	memset(sample->instance, 0x5a, MVMP_ID_LEN);
	memset(sample->host_boot, 0xa5, MVMP_ID_LEN);
	for (unsigned d = 0; d < DOMAINS; d++) {
		uint64_t uuid[2] = {random64(), random64()};

		for (uint32_t i = 0; i < each; i++) {
			struct mvmp_record *r = mvmp_sample_add(sample, kind);

			memcpy(r->key.domain, uuid, MVMP_ID_LEN);
			r->key.index = i;
			r->incarnation = 1;
			with(r);
		}
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * MVMP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct packed {
	uint8_t frame[64][ROOM];
	int len[64];
	unsigned frames;
	size_t bytes, full_bytes;
};

static void pack(struct packed *to, const struct mvmp_sample *sample)
{
	struct mvmp_stats_cursor cursor = {.sample = sample, .kinds = sample->kinds};
	struct mvmp_stats_head head = {.subscription = 1, .sequence = 500000, .interval_ms = 1000};

	to->frames = 0;
	to->bytes = 0;
	while (to->frames < 64) {
		int len = mvmp_stats_pack(&cursor, &head, to->frame[to->frames], ROOM);

		if (len <= 0)
			break;
		head.sequence++;
		to->len[to->frames++] = len;
		to->bytes += (size_t)len;
	}
}

static void unpack(struct mvmp_sample *to, const struct packed *from)
{
	struct mvmp_stats_head head;

	mvmp_sample_reset(to);
	for (unsigned i = 0; i < from->frames; i++) {
		if (mvmp_stats_unpack(from->frame[i], (size_t)from->len[i], &head, to))
			exit(1);
	}
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(
	const char *what, const struct mvmp_sample *sample, unsigned kind, unsigned rounds)
{
	static double encode[ROUNDS_MAX], decode[ROUNDS_MAX];
	static struct packed packed;
	struct mvmp_sample got = {0};
	double n = sample->kind[kind].count;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t start = cpu_ns(), middle;

		for (unsigned k = 0; k < 10; k++)
			pack(&packed, sample);
		middle = cpu_ns();
		for (unsigned k = 0; k < 10; k++)
			unpack(&got, &packed);
		encode[i] = (double)(middle - start) / n / 10;
		decode[i] = (double)(cpu_ns() - middle) / n / 10;
	}
	if (got.kind[kind].count != sample->kind[kind].count)
		exit(1);
	qsort(encode, rounds, sizeof *encode, by_value);
	qsort(decode, rounds, sizeof *decode, by_value);
	printf("%-44s %7u %6u %8.1f %9.1f %9.1f\n", what, sample->kind[kind].count, packed.frames,
		(double)packed.bytes / n, encode[rounds / 2], decode[rounds / 2]);
	mvmp_sample_free(&got);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		unsigned kind, each;
		void (*with)(struct mvmp_record *r);
	} table[] = {
		{"VIF, 8 metrics, 2 for each domain", MVMP_VIF, 2, fill_vif},
		{"VIF, 8 metrics, 1 for each domain", MVMP_VIF, 1, fill_vif},
		{"VBD, requests and sectors, 2 for each domain", MVMP_VBD, 2, fill_vbd},
		{"VBD, requests and sectors, 1 for each domain", MVMP_VBD, 1, fill_vbd},
		{"VBD, all 15 metrics, 2 for each domain", MVMP_VBD, 2, fill_whole_vbd},
		{"vCPU, 4 metrics, 4 for each domain", MVMP_VCPU, 4, fill_vcpu},
	};
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 101;
	struct mvmp_sample sample = {0};

	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "codec: ROUNDS is 1 to %d\n", ROUNDS_MAX);
		return 2;
	}
	printf("frames of %d bytes; heads included\n", ROOM);
	printf("%-44s %7s %6s %8s %9s %9s\n", "", "RECORDS", "FRAMES", "B/REC", "ENC ns", "DEC ns");
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
		fill(&sample, table[i].kind, table[i].each, table[i].with);
		measure(table[i].what, &sample, table[i].kind, rounds);
	}
	mvmp_sample_free(&sample);
	return 0;
}
