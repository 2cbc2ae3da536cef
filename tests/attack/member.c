/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"
#include <err.h>
#include <string.h>
#include <time.h>

void member_begin(struct member *member, const struct attack *attack, bool answers,
	void (*event)(void *ctx, const struct mvmp_event *event), void *ctx)
{
	struct mvmp_run_config config = {.loop = ev_default_loop(0),
		.identity = &member->identity,
		.answer_probes = answers,
		.event = event,
		.ctx = ctx};
	struct mvmp_pcap_options options = {
		.interface = attack->interface, .listen_strangers = answers};
	struct mvmp_link *link;
	struct mvmp_error e;

	*member = (struct member){.loop = config.loop};
	if (mvmp_identity_load(&member->identity, attack->directory, (uint64_t)time(NULL), &e) ||
		mvmp_run_new(&config, &member->run, &e) || mvmp_pcap_open(&options, &link, &e) ||
		mvmp_run_add_link(member->run, link, NULL, NULL, &e) < 0)
		errx(1, "%s", e.text);
}

void member_end(struct member *member)
{
	mvmp_run_free(member->run);
	mvmp_identity_clear(&member->identity);
}

struct mvmp_addr member_victim(const struct attack *attack)
{
	struct mvmp_addr addr = {.link = 0};

	memcpy(addr.mac, attack->victim, MVMP_MAC_LEN);
	return addr;
}
