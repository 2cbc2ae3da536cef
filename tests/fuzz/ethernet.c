/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <ethernet.h>

static struct ethernet_rules rules = {
	.mac = {2, 0, 0, 0, 0, 1}, .ethertype = {MVMP_ETHERTYPE_CONTROL, MVMP_ETHERTYPE_STATS}};

static void unwrap(const uint8_t *bytes, size_t len, uint16_t vlan)
{
	struct ethernet_frame frame;

	rules.vlan = vlan;
	if (!ethernet_unwrap(&frame, &rules, bytes, len))
		return;
	fuzz_holds(frame.src == bytes + MVMP_MAC_LEN && frame.payload + frame.len == bytes + len &&
			   memcmp(frame.src, rules.mac, MVMP_MAC_LEN),
		"a frame is of another member and ends where the wire's ends");
}

static void parse(const char *text)
{
	struct ethernet_rules parsed = rules;
	char name[16];

	if (ethernet_parse_interface(name, &parsed, text, NULL))
		return;
	fuzz_holds(*name && strlen(name) < sizeof name && parsed.vlan < 4095 &&
			   parsed.ethertype[0] != parsed.ethertype[1] &&
			   parsed.ethertype[0] >= 0x600 && parsed.ethertype[1] >= 0x600,
		"an interface has a name, a VLAN that is one, and two EtherTypes");
}

/* What comes from a wire, and how people name one. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len);

	unwrap(bytes, len, 0);
	unwrap(bytes, len, 100);
	rules.vlan = 0;
	parse(text);
	free(text);
	return 0;
}
