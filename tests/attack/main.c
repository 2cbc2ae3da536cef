/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacker of the network tests: raw frames on a segment of the test's own, at programs that
 * the test started. Which attack proves what: docs/security.md.
 */
#include "command.h"
#include "contact.h"
#include <err.h>
#include <mvmp/bytes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct attack_command commands[] = {
	{"shapes", "[aggregator|own]",
		"frames of every malformed shape and made-up ones of every kind", attack_shapes,
		false},
	{"strangers", "KIND", "well-formed frames of a kind, made-up payload", attack_strangers,
		false},
	{"replay", "FILE [KIND...]", "frames of a capture to the victim, from -a or as recorded",
		attack_replay, false},
	{"probes", "[SPREAD_MS]", "PROBEs of many senders", attack_probes, true},
	{"beacons", "[NAME]", "BEACONs of nodes that are not there", attack_beacons, true},
	{"decoy", "NAME", "answers PROBEs in a node's name", attack_decoy, true},
	{"inits", "[proven]", "INITs that are never confirmed; proven: with cookies", attack_inits,
		true},
	{"refused", "", "one INIT; prints why there is no session", attack_refused, true},
	{"inside", "", "sealed frames with malformed contents", attack_inside, true},
	{"hoard", "SESSIONS BYTES", "sessions that begin messages and end none", attack_hoard,
		true},
	{"ask", "ROLE [VERB]", "every verb, or one often, of a member of this role", attack_ask,
		true},
	{"state", "FILE [key]", "hands over a cluster state, and a made-up cluster key",
		attack_state, true},
	{"node", "HOW [NAME]", "a node that answers aggregators with lies", attack_node, true},
};

void attack_source(const struct attack *attack, uint8_t mac[static MVMP_MAC_LEN], uint64_t n)
{
	if (attack->macs > 1)
		wire_mac(mac, (uint32_t)(n % attack->macs));
	else
		memcpy(mac, attack->src, MVMP_MAC_LEN);
}

bool attack_goes_on(const struct attack *attack, uint64_t begin, uint64_t n)
{
	if (wire_ended)
		return false;
	if (attack->frames)
		return n < attack->frames;
	/* The clock is read now and then only. */
	return n % WIRE_BATCH || wire_now() < begin + attack->seconds * MVMP_NS_PER_S;
}

void attack_expect(const char *verdict, uint64_t count)
{
	printf("expect %s %llu\n", verdict, (unsigned long long)count);
}

void attack_learn_instance(struct attack *attack, uint8_t instance[static MVMP_ID_LEN])
{
	struct contact contact = {.wire = &attack->wire, .thief = &attack->thief};

	memcpy(contact.src, attack->wire.mac, MVMP_MAC_LEN);
	memcpy(contact.dst, attack->victim, MVMP_MAC_LEN);
	for (unsigned tries = 0; tries < 20; tries++) {
		if (contact_ask(&contact, 250)) {
			memcpy(instance, contact.instance, MVMP_ID_LEN);
			return;
		}
	}
	errx(1, "the victim does not answer a PROBE");
}

void attack_report(struct attack *attack)
{
	double rate;

	wire_flush(&attack->wire);
	rate = wire_rate(&attack->wire);
	wire_listen(&attack->wire, 150);
	tally_print(&attack->wire.sent, "sent", stdout);
	tally_print(&attack->wire.got, "got", stdout);
	tally_print_amplification(&attack->wire.sent, &attack->wire.got, stdout);
	printf("rate %.0f\n", rate);
}

static void usage(void)
{
	fprintf(stderr, "usage: attack -i INTERFACE -v VICTIM_MAC [-d DIRECTORY] [-a SOURCE_MAC]\n"
			"       [-m MACS] [-n FRAMES | -s SECONDS] [-r FRAMES_A_SECOND] COMMAND\n");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		fprintf(stderr, "  %-9s %-16s %s\n", commands[i].name, commands[i].arguments,
			commands[i].what);
	exit(2);
}

static void read_mac(uint8_t mac[static MVMP_MAC_LEN], const char *text)
{
	if (mvmp_mac_parse(mac, text))
		errx(2, "%s is no MAC", text);
}

static bool read_options(struct attack *attack, int argc, char **argv)
{
	bool has_src = false;
	int c;

	while ((c = getopt(argc, argv, "+i:v:d:a:m:n:s:r:")) != -1) {
		switch (c) {
		case 'i':
			attack->interface = optarg;
			break;
		case 'v':
			read_mac(attack->victim, optarg);
			break;
		case 'd':
			attack->directory = optarg;
			break;
		case 'a':
			read_mac(attack->src, optarg);
			has_src = true;
			break;
		case 'm':
			attack->macs = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			attack->frames = strtoull(optarg, NULL, 10);
			break;
		case 's':
			attack->seconds = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			attack->rate = strtoull(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	return has_src;
}

static const struct attack_command *find_command(const char *name)
{
	for (size_t i = 0; name && i < sizeof commands / sizeof commands[0]; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void on_term(int signal)
{
	wire_ended = signal;
}

int main(int argc, char **argv)
{
	static struct attack attack = {.macs = 1, .seconds = 1};
	const struct attack_command *command;
	bool has_src = read_options(&attack, argc, argv);
	int rc;

	command = find_command(argv[optind]);
	if (!command || !attack.interface || (command->needs_keys && !attack.directory))
		usage();
	attack.argc = argc - optind - 1;
	attack.argv = argv + optind + 1;
	signal(SIGTERM, on_term);
	setvbuf(stdout, NULL, _IOLBF, 0);
	wire_open(&attack.wire, attack.interface, attack.rate);
	if (!has_src)
		memcpy(attack.src, attack.wire.mac, MVMP_MAC_LEN);
	memcpy(attack.wire.also, attack.src, MVMP_MAC_LEN);
	if (attack.directory)
		thief_load(&attack.thief, attack.directory);
	rc = command->run(&attack);
	wire_close(&attack.wire);
	return rc;
}
