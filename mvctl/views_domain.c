/* SPDX-License-Identifier: Apache-2.0 */
#include "view_columns.h"
#include <string.h>

/* Views of domains and their parts. Network in Mb/s (10^6 bit), disk in MB/s (10^6 bytes), as
 * the guest sees the direction. */

/* Sum of a rate over a domain's devices; false when one of them has none, or there are none. */
static bool device_rate(
	double *ret, const struct mvctl_pair *pair, enum mvmp_entity kind, unsigned metric)
{
	const struct mvmp_records *records = &pair->source->after.kind[kind];
	double sum = 0, rate;
	bool any = false;

	for (uint32_t i = 0; i < records->count; i++) {
		const struct mvmp_record *now = &records->at[i];
		struct mvctl_pair device = {pair->source, kind, now, NULL};

		if (memcmp(now->key.domain, pair->now->key.domain, MVMP_ID_LEN) != 0)
			continue;
		device.before = mvctl_earlier(pair->source, kind, now);
		if (!mvctl_pair_rate(&rate, &device, metric))
			return false;
		sum += rate;
		any = true;
	}
	*ret = sum;
	return any;
}

static void domain_rx(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	double rate;

	if (device_rate(&rate, pair, MVMP_VIF, MVMP_I_RX_BYTES))
		mvctl_put_real(cell, rate * 8);
}

static void domain_tx(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	double rate;

	if (device_rate(&rate, pair, MVMP_VIF, MVMP_I_TX_BYTES))
		mvctl_put_real(cell, rate * 8);
}

static void domain_rd(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	double rate;

	if (device_rate(&rate, pair, MVMP_VBD, MVMP_B_RD_BYTES))
		mvctl_put_real(cell, rate);
}

static void domain_wr(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	double rate;

	if (device_rate(&rate, pair, MVMP_VBD, MVMP_B_WR_BYTES))
		mvctl_put_real(cell, rate);
}

static const struct mvctl_view_column domain_columns[] = {
	NODE_NAME,
	METRIC("domid", "DOM", MVCTL_FIXED, NULL, MVMP_D_ID),
	TEXT("name", "NAME", 0, MVMP_DT_NAME),
	{{"state", "STATE", MVCTL_STATE, NULL}, MVCTL_FROM_METRIC, MVMP_D_STATE, 0, NULL},
	METRIC("vcpus", "VCPU", MVCTL_FIXED, NULL, MVMP_D_VCPUS),
	RATE("cpu_percent", "CPU%", 0, mvctl_human_1, MVMP_D_CPU, NS_TO_PERCENT),
	RATE("wait_percent", "WAIT%", 0, mvctl_human_1, MVMP_D_WAIT, NS_TO_PERCENT),
	METRIC("mem_current_bytes", "MEM_MiB", 0, mvctl_human_bytes_mib, MVMP_D_MEM_CURRENT),
	CALL("rx_bits_per_s", "RX_Mb/s", 0, mvctl_human_bits_mb, domain_rx),
	CALL("tx_bits_per_s", "TX_Mb/s", 0, mvctl_human_bits_mb, domain_tx),
	TEXT("pin", "PIN", 0, MVMP_DT_PIN),
	AGE(0),
	CALL("rd_bytes_per_s", "RD_MB/s", MVCTL_WIDE, mvctl_human_bytes_mb, domain_rd),
	CALL("wr_bytes_per_s", "WR_MB/s", MVCTL_WIDE, mvctl_human_bytes_mb, domain_wr),
	METRIC("mem_max_bytes", "MAX_MiB", MVCTL_WIDE, mvctl_human_bytes_mib, MVMP_D_MEM_MAX),
	METRIC("mem_rss_bytes", "RSS_MiB", MVCTL_WIDE, mvctl_human_bytes_mib, MVMP_D_MEM_RSS),
	TEXT("type", "TYPE", MVCTL_WIDE, MVMP_DT_TYPE),
	UUID("uuid"),
	REASON,
};

const struct mvctl_view mvctl_view_domains = {
	.kind = MVMP_DOMAIN,
	.noun = "domains",
	.kinds = 1u << MVMP_DOMAIN | 1u << MVMP_VIF | 1u << MVMP_VBD,
	.column = domain_columns,
	.columns = sizeof domain_columns / sizeof domain_columns[0],
	.summary = "domains: state, CPU, memory, network; --wide: disks, UUID",
};

static const struct mvctl_view_column vcpu_columns[] = {
	NODE_NAME,
	DOMAIN_NAME,
	INDEX("vcpu", "VCPU"),
	RATE("cpu_percent", "CPU%", 0, mvctl_human_1, MVMP_V_TIME, NS_TO_PERCENT),
	RATE("wait_percent", "WAIT%", 0, mvctl_human_1, MVMP_V_WAIT, NS_TO_PERCENT),
	METRIC("pcpu", "PCPU", 0, NULL, MVMP_V_PCPU),
	TEXT("affinity", "PIN", 0, MVMP_VT_AFFINITY),
	RATE("ctx_switches_per_s", "SWITCH/s", 0, mvctl_human_integer, MVMP_V_SWITCHES, 1),
	AGE(0),
	UUID("domain_uuid"),
	REASON,
};

const struct mvctl_view mvctl_view_vcpus = {
	.kind = MVMP_VCPU,
	.noun = "vcpus",
	.kinds = 1u << MVMP_DOMAIN | 1u << MVMP_VCPU,
	.column = vcpu_columns,
	.columns = sizeof vcpu_columns / sizeof vcpu_columns[0],
	.summary = "vCPUs: time, wait (steal), pCPU, pinning",
};

static const struct mvctl_view_column vif_columns[] = {
	NODE_NAME,
	DOMAIN_NAME,
	TEXT("name", "VIF", 0, MVMP_IT_NAME),
	TEXT("device", "DEVICE", 0, MVMP_IT_DEVICE),
	RATE("rx_bits_per_s", "RX_Mb/s", 0, mvctl_human_bits_mb, MVMP_I_RX_BYTES, 8),
	RATE("tx_bits_per_s", "TX_Mb/s", 0, mvctl_human_bits_mb, MVMP_I_TX_BYTES, 8),
	RATE("rx_packets_per_s", "RX_p/s", 0, mvctl_human_integer, MVMP_I_RX_PACKETS, 1),
	RATE("tx_packets_per_s", "TX_p/s", 0, mvctl_human_integer, MVMP_I_TX_PACKETS, 1),
	METRIC("rx_drops", "RXDROP", 0, NULL, MVMP_I_RX_DROPS),
	METRIC("tx_drops", "TXDROP", 0, NULL, MVMP_I_TX_DROPS),
	AGE(0),
	METRIC("rx_bytes", "RX_BYTES", MVCTL_WIDE, NULL, MVMP_I_RX_BYTES),
	METRIC("tx_bytes", "TX_BYTES", MVCTL_WIDE, NULL, MVMP_I_TX_BYTES),
	METRIC("rx_packets", "RX_PACKETS", MVCTL_WIDE, NULL, MVMP_I_RX_PACKETS),
	METRIC("tx_packets", "TX_PACKETS", MVCTL_WIDE, NULL, MVMP_I_TX_PACKETS),
	METRIC("rx_errors", "RXERR", MVCTL_WIDE, NULL, MVMP_I_RX_ERRORS),
	METRIC("tx_errors", "TXERR", MVCTL_WIDE, NULL, MVMP_I_TX_ERRORS),
	TEXT("mac", "MAC", MVCTL_WIDE, MVMP_IT_MAC),
	TEXT("bridge", "BRIDGE", MVCTL_WIDE, MVMP_IT_BRIDGE),
	UUID("domain_uuid"),
	REASON,
};

const struct mvctl_view mvctl_view_vifs = {
	.kind = MVMP_VIF,
	.noun = "vifs",
	.kinds = 1u << MVMP_DOMAIN | 1u << MVMP_VIF,
	.column = vif_columns,
	.columns = sizeof vif_columns / sizeof vif_columns[0],
	.summary = "VIFs: rates and drops as the guest sees them; --wide: counters, MAC, bridge",
};

/* Mean time of the requests that ended since the last sample; none ended: no value. */
static void put_latency(
	const struct mvctl_pair *pair, struct mvctl_cell *cell, unsigned time, unsigned requests)
{
	double ns, count;

	if (mvctl_pair_rate(&ns, pair, time) && mvctl_pair_rate(&count, pair, requests) &&
		count > 0)
		mvctl_put_real(cell, ns / count);
}

static void vbd_read_latency(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	put_latency(pair, cell, MVMP_B_RD_TIME, MVMP_B_RD_REQS);
}

static void vbd_write_latency(const struct mvctl_pair *pair, struct mvctl_cell *cell)
{
	put_latency(pair, cell, MVMP_B_WR_TIME, MVMP_B_WR_REQS);
}

static const struct mvctl_view_column vbd_columns[] = {
	NODE_NAME,
	DOMAIN_NAME,
	TEXT("name", "VBD", 0, MVMP_BT_NAME),
	TEXT("backing", "BACKING", 0, MVMP_BT_BACKING),
	RATE("rd_bytes_per_s", "RD_MB/s", 0, mvctl_human_bytes_mb, MVMP_B_RD_BYTES, 1),
	RATE("wr_bytes_per_s", "WR_MB/s", 0, mvctl_human_bytes_mb, MVMP_B_WR_BYTES, 1),
	RATE("rd_reqs_per_s", "RD/s", 0, mvctl_human_integer, MVMP_B_RD_REQS, 1),
	RATE("wr_reqs_per_s", "WR/s", 0, mvctl_human_integer, MVMP_B_WR_REQS, 1),
	CALL("rd_latency_ns", "RD_ms", 0, mvctl_human_ns_ms, vbd_read_latency),
	CALL("wr_latency_ns", "WR_ms", 0, mvctl_human_ns_ms, vbd_write_latency),
	METRIC("outstanding", "INFL", 0, NULL, MVMP_B_OUTSTANDING),
	AGE(0),
	METRIC("rd_reqs", "RD_REQS", MVCTL_WIDE, NULL, MVMP_B_RD_REQS),
	METRIC("wr_reqs", "WR_REQS", MVCTL_WIDE, NULL, MVMP_B_WR_REQS),
	METRIC("rd_sectors", "RD_SECTORS", MVCTL_WIDE, NULL, MVMP_B_RD_SECTORS),
	METRIC("wr_sectors", "WR_SECTORS", MVCTL_WIDE, NULL, MVMP_B_WR_SECTORS),
	METRIC("errors", "ERR", MVCTL_WIDE, NULL, MVMP_B_ERRORS),
	METRIC("capacity_bytes", "SIZE_GiB", MVCTL_WIDE, mvctl_human_bytes_gib, MVMP_B_CAPACITY),
	METRIC("allocation_bytes", "USED_GiB", MVCTL_WIDE, mvctl_human_bytes_gib,
		MVMP_B_ALLOCATION),
	TEXT("format", "FORMAT", MVCTL_WIDE, MVMP_BT_FORMAT),
	TEXT("source", "SOURCE", MVCTL_WIDE, MVMP_BT_SOURCE),
	UUID("domain_uuid"),
	REASON,
};

const struct mvctl_view mvctl_view_vbds = {
	.kind = MVMP_VBD,
	.noun = "vbds",
	.kinds = 1u << MVMP_DOMAIN | 1u << MVMP_VBD,
	.column = vbd_columns,
	.columns = sizeof vbd_columns / sizeof vbd_columns[0],
	.summary = "VBDs: rates, latency, requests in flight; --wide: counters, size, source",
};
