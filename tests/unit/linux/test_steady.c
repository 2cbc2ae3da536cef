/* SPDX-License-Identifier: Apache-2.0 */

#include "../cmocka_all.h"
#include "guests_fixture.h"
#include <fault.h>

/* Once its buffers have grown, a sample of everything allocates nothing and opens nothing. */
static void steady_sample_allocates_nothing(void **state)
{
	static struct guests g;
	const struct process p = {.pid = 4000242,
		.name = "/usr/bin/qemu-system-x86_64",
		.arguments = "-name|guest=vm-1|-uuid|11000000-0000-0000-0000-000000000000",
		.thread = "CPU %u/KVM",
		.vcpus = 2,
		.state = 'S',
		.start = 1234};
	struct host *host = &g.host;
	unsigned opened, allocations, records = 0;

	guests_prepare(&g);
	process_write(&g, &p);
	libvirt_add(&g, 0x11);
	guests_open(&g);
	guests_sample(&g, 0);
	guests_sample(&g, 100);
	opened = host->priv.opened;
	allocations = fault_allocations();
	assert_true(allocations > 0); /* the counting works */
	for (unsigned i = 0; i < 50; i++) {
		host->now_ns += 100 * MVMP_NS_PER_MS;
		mvmp_sample_reset(&host->sample);
		host->backend->ops->sample(
			host->backend, (1u << MVMP_ENTITY_COUNT) - 1, &host->sample);
	}
	assert_int_equal(fault_allocations(), allocations);
	assert_int_equal(host->priv.opened, opened);
	for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
		records += host->sample.kind[kind].count;
	/* 1 node, 4 pCPUs, 2 NUMA nodes, 2 pools, 1 domain, 2 vCPUs, 1 VIF, 1 VBD */
	assert_int_equal(records, 14);
	guests_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_sample_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
