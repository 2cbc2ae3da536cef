/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../../mvagent/linux/blockstats.h"
#include "../../mvagent/linux/inventory.h"
#include "../../mvagent/linux/pinning.h"
#include <stdlib.h>

static struct mva_seen_guest guest;
static struct mva_libvirt_domain domain;

static void read_guests(struct mvmp_reader r)
{
	while (mva_inventory_get_guest(&r, &guest)) {
		if (guest.threads > MVA_GUEST_VCPUS_MAX || guest.taps > MVA_GUEST_VIFS_MAX)
			abort();
	}
}

static void read_domains(struct mvmp_reader r)
{
	while (mva_inventory_get_domain(&r, &domain)) {
		if (domain.vifs > MVA_GUEST_VIFS_MAX || domain.vbds > MVA_GUEST_VBDS_MAX)
			abort();
	}
}

static void read_figures(struct mvmp_reader r)
{
	struct mva_balloon balloon;
	struct mva_block block;

	mva_balloon_get(&r, &balloon);
	while (mva_block_get(&r, &block)) {
		if (block.present >> MVMP_VBD_METRIC_COUNT)
			abort();
	}
}

/* The answers of workers, which a hung or killed one may cut or spoil; the first byte chooses
 * the reader. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct mvmp_reader r = mvmp_reader(bytes, len);
	struct mva_pin_request request;

	switch (mvmp_get_u8(&r) & 3) {
	case 0:
		read_guests(r);
		break;
	case 1:
		read_domains(r);
		break;
	case 2:
		read_figures(r);
		break;
	default:
		mva_pin_request_get(&r, &request);
	}
	return 0;
}
