/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory.h"
#include <string.h>

void mva_put_text(struct mvmp_writer *w, const char *text)
{
	size_t len = strnlen(text, 255);

	mvmp_put_u8(w, (uint8_t)len);
	mvmp_put_bytes(w, text, len);
}

void mva_get_text(struct mvmp_reader *r, char *to, size_t size)
{
	size_t len = mvmp_get_u8(r);
	const uint8_t *text = mvmp_get_view(r, len);

	if (!text || len >= size || memchr(text, '\0', len)) {
		r->bad |= text != NULL;
		len = 0;
	}
	if (len)
		memcpy(to, text, len);
	to[len] = '\0';
}

/* Words up to the last that is not zero. */
void mva_put_cpuset(struct mvmp_writer *w, const struct mva_cpuset *set)
{
	unsigned words = MVA_CPUS_MAX / 64;

	while (words && !set->bits[words - 1])
		words--;
	mvmp_put_u8(w, (uint8_t)words);
	for (unsigned i = 0; i < words; i++)
		mvmp_put_u64(w, set->bits[i]);
}

void mva_get_cpuset(struct mvmp_reader *r, struct mva_cpuset *to)
{
	unsigned words = mvmp_get_u8(r);

	*to = (struct mva_cpuset){0};
	if (words > MVA_CPUS_MAX / 64) {
		r->bad = true;
		return;
	}
	for (unsigned i = 0; i < words; i++)
		to->bits[i] = mvmp_get_u64(r);
}

/* Takes a record back that did not fit. */
static bool keep(struct mvmp_writer *w, const struct mvmp_writer *before)
{
	if (!w->bad && w->used < w->size)
		return true;
	*w = *before;
	return false;
}

bool mva_inventory_put_guest(struct mvmp_writer *w, const struct mva_seen_guest *guest)
{
	const struct mvmp_writer before = *w;

	mvmp_put_u8(w, MVA_INVENTORY_MORE);
	mvmp_put_u32(w, guest->pid);
	mvmp_put_u64(w, guest->start);
	mvmp_put_u8(w, guest->has_uuid);
	mvmp_put_bytes(w, guest->uuid, MVMP_ID_LEN);
	mva_put_text(w, guest->name);
	mvmp_put_u8(w, guest->accel);
	mva_put_cpuset(w, &guest->emulator);
	mvmp_put_u16(w, (uint16_t)guest->threads);
	for (unsigned i = 0; i < guest->threads; i++) {
		mvmp_put_u32(w, guest->thread[i].vcpu);
		mvmp_put_u32(w, guest->thread[i].tid);
		mvmp_put_u8(w, guest->thread[i].shared);
		mva_put_cpuset(w, &guest->thread[i].cpus);
	}
	mvmp_put_u16(w, (uint16_t)guest->taps);
	for (unsigned i = 0; i < guest->taps; i++) {
		mva_put_text(w, guest->tap[i].device);
		mva_put_text(w, guest->tap[i].bridge);
	}
	return keep(w, &before);
}

static bool get_mark(struct mvmp_reader *r)
{
	uint8_t mark = mvmp_get_u8(r);

	r->bad |= mark > MVA_INVENTORY_CUT;
	return mark == MVA_INVENTORY_MORE && !r->bad;
}

static unsigned get_count(struct mvmp_reader *r, unsigned max)
{
	unsigned count = mvmp_get_u16(r);

	if (count <= max)
		return count;
	r->bad = true;
	return 0;
}

bool mva_inventory_get_guest(struct mvmp_reader *r, struct mva_seen_guest *ret)
{
	if (!get_mark(r))
		return false;
	ret->pid = mvmp_get_u32(r);
	ret->start = mvmp_get_u64(r);
	ret->has_uuid = mvmp_get_u8(r);
	mvmp_get_bytes(r, ret->uuid, MVMP_ID_LEN);
	mva_get_text(r, ret->name, sizeof(ret->name));
	ret->accel = mvmp_get_u8(r);
	mva_get_cpuset(r, &ret->emulator);
	ret->threads = get_count(r, MVA_GUEST_VCPUS_MAX);
	for (unsigned i = 0; i < ret->threads && !r->bad; i++) {
		ret->thread[i].vcpu = mvmp_get_u32(r);
		ret->thread[i].tid = mvmp_get_u32(r);
		ret->thread[i].shared = mvmp_get_u8(r);
		mva_get_cpuset(r, &ret->thread[i].cpus);
	}
	ret->taps = get_count(r, MVA_GUEST_VIFS_MAX);
	for (unsigned i = 0; i < ret->taps && !r->bad; i++) {
		mva_get_text(r, ret->tap[i].device, sizeof(ret->tap[i].device));
		mva_get_text(r, ret->tap[i].bridge, sizeof(ret->tap[i].bridge));
	}
	return !r->bad;
}

static void put_vif(struct mvmp_writer *w, const struct mva_vif_info *vif)
{
	mvmp_put_u32(w, vif->index);
	mvmp_put_u8(w, vif->host_view);
	mvmp_put_bytes(w, vif->mac, MVMP_MAC_LEN);
	mva_put_text(w, vif->device);
	mva_put_text(w, vif->bridge);
}

static void get_vif(struct mvmp_reader *r, struct mva_vif_info *vif)
{
	vif->index = mvmp_get_u32(r);
	vif->host_view = mvmp_get_u8(r);
	mvmp_get_bytes(r, vif->mac, MVMP_MAC_LEN);
	mva_get_text(r, vif->device, sizeof(vif->device));
	mva_get_text(r, vif->bridge, sizeof(vif->bridge));
}

static void put_vbd(struct mvmp_writer *w, const struct mva_vbd_info *vbd)
{
	mvmp_put_u32(w, vbd->index);
	mva_put_text(w, vbd->name);
	mva_put_text(w, vbd->type);
	mva_put_text(w, vbd->source);
	mva_put_text(w, vbd->format);
}

static void get_vbd(struct mvmp_reader *r, struct mva_vbd_info *vbd)
{
	vbd->index = mvmp_get_u32(r);
	mva_get_text(r, vbd->name, sizeof(vbd->name));
	mva_get_text(r, vbd->type, sizeof(vbd->type));
	mva_get_text(r, vbd->source, sizeof(vbd->source));
	mva_get_text(r, vbd->format, sizeof(vbd->format));
}

bool mva_inventory_put_domain(struct mvmp_writer *w, const struct mva_libvirt_domain *domain)
{
	const struct mvmp_writer before = *w;

	mvmp_put_u8(w, MVA_INVENTORY_MORE);
	mvmp_put_bytes(w, domain->uuid, MVMP_ID_LEN);
	mva_put_text(w, domain->name);
	mvmp_put_u32(w, domain->id);
	mvmp_put_u32(w, domain->pid);
	mvmp_put_u8(w, domain->state);
	mvmp_put_u8(w, domain->accel);
	mvmp_put_u64(w, domain->mem_max);
	mvmp_put_u64(w, domain->mem_current);
	mvmp_put_u32(w, domain->vcpus);
	mvmp_put_u16(w, (uint16_t)domain->vifs);
	for (unsigned i = 0; i < domain->vifs; i++)
		put_vif(w, &domain->vif[i]);
	mvmp_put_u16(w, (uint16_t)domain->vbds);
	for (unsigned i = 0; i < domain->vbds; i++)
		put_vbd(w, &domain->vbd[i]);
	return keep(w, &before);
}

bool mva_inventory_get_domain(struct mvmp_reader *r, struct mva_libvirt_domain *ret)
{
	if (!get_mark(r))
		return false;
	mvmp_get_bytes(r, ret->uuid, MVMP_ID_LEN);
	mva_get_text(r, ret->name, sizeof(ret->name));
	ret->id = mvmp_get_u32(r);
	ret->pid = mvmp_get_u32(r);
	ret->state = mvmp_get_u8(r);
	ret->accel = mvmp_get_u8(r);
	ret->mem_max = mvmp_get_u64(r);
	ret->mem_current = mvmp_get_u64(r);
	ret->vcpus = mvmp_get_u32(r);
	ret->vifs = get_count(r, MVA_GUEST_VIFS_MAX);
	for (unsigned i = 0; i < ret->vifs && !r->bad; i++)
		get_vif(r, &ret->vif[i]);
	ret->vbds = get_count(r, MVA_GUEST_VBDS_MAX);
	for (unsigned i = 0; i < ret->vbds && !r->bad; i++)
		get_vbd(r, &ret->vbd[i]);
	return !r->bad;
}

void mva_inventory_put_end(struct mvmp_writer *w, bool cut)
{
	mvmp_put_u8(w, cut ? MVA_INVENTORY_CUT : MVA_INVENTORY_END);
}

enum { STRANGERS_SIZE = 12 };

void mva_inventory_put_strangers(struct mvmp_writer *w, const struct mva_strangers *strangers)
{
	if (w->bad || w->size - w->used < STRANGERS_SIZE)
		return;
	mvmp_put_u32(w, strangers->count);
	mvmp_put_u32(w, strangers->pid);
	mvmp_put_u32(w, strangers->uid);
}

struct mva_strangers mva_inventory_get_strangers(struct mvmp_reader *r)
{
	struct mva_strangers strangers = {0};

	if (r->bad || r->left < STRANGERS_SIZE)
		return strangers;
	strangers.count = mvmp_get_u32(r);
	strangers.pid = mvmp_get_u32(r);
	strangers.uid = mvmp_get_u32(r);
	return strangers;
}

uint32_t mva_vbd_index(const char *target)
{
	static const char *const buses[] = {"vd", "sd", "hd", "xvd", "fd", "ubd"};
	uint32_t number = 0, bus = 0;

	while (bus < sizeof(buses) / sizeof(buses[0]) &&
		strncmp(target, buses[bus], strlen(buses[bus])))
		bus++;
	if (bus < sizeof(buses) / sizeof(buses[0]))
		target += strlen(buses[bus]);
	for (; *target >= 'a' && *target <= 'z'; target++)
		number = number * 26 + (uint32_t)(*target - 'a') + 1;
	return bus << 16 | ((number ? number - 1 : 0) & 0xffff);
}
