/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_GUESTS_H
#define MVA_LINUX_GUESTS_H

/*
 * The guests of the node: made from the two parts of the inventory, sampled, asked about.
 */

#include "guest.h"

struct mva_inquiry {
	uint64_t task, due_ns;
	bool fresh; /* the next one is to use nothing remembered */
	unsigned failures;
};

struct mva_pin_call;

struct mva_guests {
	struct mva_guest **at; /* in the order they were found */
	unsigned count, capacity;
	struct mva_inquiry kernel, libvirt;
	bool libvirt_away;
	uint64_t block_ns; /* spacing of questions to a healthy domain */
	unsigned asking;   /* questions outstanding */
	unsigned turn;	   /* which guest is asked next */
	int netlink;
	uint32_t sequence;
	struct mva_ifmap *ifmap; /* ifindex -> VIF */
	unsigned ifmap_size;
	uint8_t *dump;
	struct mva_seen_guest *seen; /* scratch of decoding */
	struct mva_libvirt_domain *told;
	struct mva_pin_call *pins;
};

/* guests.c */
int mva_guests_open(struct mva_linux *lx, const char *options, struct mvmp_error *err);
void mva_guests_close(struct mva_linux *lx);
void mva_guests_advance(struct mva_linux *lx);
void mva_guests_refresh_soon(struct mva_linux *lx);
void mva_guests_describe_soon(struct mva_linux *lx); /* devices were plugged */
/* How many may run on one of these pCPUs. */
unsigned mva_guests_in(const struct mva_linux *lx, const struct mva_cpuset *set);
/* By UUID, name or number; NULL with a sentence. */
struct mva_guest *mva_guests_find(struct mva_linux *lx, const char *name, struct mvmp_error *err);

/* guest_sample.c */
void mva_guests_sample(struct mva_linux *lx, uint32_t kinds, struct mvmp_sample *out);
/* Number of domains, and of those that run, into the node's record. */
void mva_guests_node(struct mva_linux *lx, struct mvmp_record *node);

/* vifs.c */
void mva_vifs_open(struct mva_linux *lx);
void mva_vifs_close(struct mva_linux *lx);
void mva_vifs_map(struct mva_linux *lx); /* after the guests' VIFs changed */
void mva_vifs_dump(struct mva_linux *lx);
void mva_vifs_sample(struct mva_guest *guest, struct mvmp_sample *out);

/* vbds.c */
void mva_vbds_advance(struct mva_linux *lx);
void mva_vbds_ask_anew(struct mva_linux *lx); /* libvirt is back: old troubles may be over */
void mva_vbds_sample(struct mva_guest *guest, struct mvmp_sample *out);

/* pin.c */
void mva_linux_pin(
	struct mva_backend *backend, const struct mva_pin *wish, mva_pin_done *done, void *ctx);
void mva_pins_close(struct mva_linux *lx);

#endif
