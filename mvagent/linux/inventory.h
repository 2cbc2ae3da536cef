/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_INVENTORY_H
#define MVA_LINUX_INVENTORY_H

/*
 * Which guests there are, as workers tell it: what the kernel shows of QEMU processes, and what
 * libvirt says of its domains. Two parts asked separately, so that a libvirt that is away costs
 * only its own part.
 *
 * After the kernel's part: the strangers, if there is room. Bytes: u8 part; records, each begun by
 * u8 MORE; at the end u8 END, or CUT when the answer had no more room. Integers little-endian,
 * texts u8 length and bytes.
 */

#include "../backend.h"
#include <mvmp/bytes.h>

enum mva_inventory_part { MVA_INVENTORY_KERNEL = 1, MVA_INVENTORY_LIBVIRT = 2 };
enum mva_inventory_mark { MVA_INVENTORY_END = 0, MVA_INVENTORY_MORE = 1, MVA_INVENTORY_CUT = 2 };

enum {
	MVA_GUEST_VCPUS_MAX = 512,
	MVA_GUEST_VIFS_MAX = 64,
	MVA_GUEST_VBDS_MAX = 64,
	MVA_GUESTS_MAX = 4096,
	MVA_DEVICE_LEN = 16, /* IFNAMSIZ */
};

enum mva_accel { MVA_ACCEL_TCG = 0, MVA_ACCEL_KVM = 1 };

/* A vCPU's thread. `shared`: one thread runs all vCPUs in turn (TCG without multi-threading). */
struct mva_vcpu_thread {
	uint32_t vcpu, tid;
	bool shared;
	struct mva_cpuset cpus; /* where it may run */
};

struct mva_tap {
	char device[MVA_DEVICE_LEN], bridge[MVA_DEVICE_LEN];
};

/* A QEMU process. */
struct mva_seen_guest {
	uint32_t pid;
	uint64_t start; /* ticks since boot: with the pid, this process and no other */
	bool has_uuid;
	uint8_t uuid[MVMP_ID_LEN];
	char name[MVMP_TEXT_LEN]; /* "" when it has none */
	uint8_t accel;
	struct mva_cpuset emulator; /* of the main thread */
	unsigned threads, taps;
	struct mva_vcpu_thread thread[MVA_GUEST_VCPUS_MAX];
	struct mva_tap tap[MVA_GUEST_VIFS_MAX];
};

/* QEMU processes of users whose guests are not shown; one of them as an example. */
struct mva_strangers {
	uint32_t count, pid, uid;
};

struct mva_vif_info {
	uint32_t index; /* of libvirt's alias "net<N>": stays when others are unplugged */
	bool host_view; /* counters of the device are the guest's own direction (macvtap) */
	uint8_t mac[MVMP_MAC_LEN];
	char device[MVA_DEVICE_LEN], bridge[MVMP_TEXT_LEN];
};

struct mva_vbd_info {
	uint32_t index; /* made of the target's name: see mva_vbd_index() */
	char name[MVMP_TEXT_LEN], type[MVMP_TEXT_LEN], source[MVMP_TEXT_LEN], format[MVMP_TEXT_LEN];
};

/* An active domain of libvirt. */
struct mva_libvirt_domain {
	uint8_t uuid[MVMP_ID_LEN];
	char name[MVMP_TEXT_LEN];
	uint32_t id;
	uint32_t pid;  /* of its process as libvirt keeps it; 0: not told */
	uint8_t state; /* enum mvmp_domain_state */
	uint8_t accel;
	uint64_t mem_max, mem_current; /* bytes */
	uint32_t vcpus;
	unsigned vifs, vbds;
	struct mva_vif_info vif[MVA_GUEST_VIFS_MAX];
	struct mva_vbd_info vbd[MVA_GUEST_VBDS_MAX];
};

/* Writers: false, and nothing written, when the record has no room left (one byte is kept for
 * the end). */
bool mva_inventory_put_guest(struct mvmp_writer *w, const struct mva_seen_guest *guest);
bool mva_inventory_put_domain(struct mvmp_writer *w, const struct mva_libvirt_domain *domain);
void mva_inventory_put_end(struct mvmp_writer *w, bool cut);

void mva_inventory_put_strangers(struct mvmp_writer *w, const struct mva_strangers *strangers);

/* Readers: the next record; false at the end or when malformed (reader->bad). */
bool mva_inventory_get_guest(struct mvmp_reader *r, struct mva_seen_guest *ret);
bool mva_inventory_get_domain(struct mvmp_reader *r, struct mva_libvirt_domain *ret);

/* After the end; zero when they were left out. */
struct mva_strangers mva_inventory_get_strangers(struct mvmp_reader *r);

/* Texts of these forms, also for the other tasks' bytes; cut to 255 bytes or to `size`. */
void mva_put_text(struct mvmp_writer *w, const char *text);
void mva_get_text(struct mvmp_reader *r, char *to, size_t size);
void mva_put_cpuset(struct mvmp_writer *w, const struct mva_cpuset *set);
void mva_get_cpuset(struct mvmp_reader *r, struct mva_cpuset *to);

/* "vda" 0, "vdb" 1, ...; each bus has its own range, so that no two targets meet. */
uint32_t mva_vbd_index(const char *target);

#endif
