/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The set of guests: when the two parts of the inventory are asked, and how their answers become
 * guests. A guest lives while either the kernel shows its process or libvirt lists it; the
 * sampler drops it from its samples the moment its process is gone.
 */

#include "guests.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t kernel_spacing_ns = 2 * MVMP_NS_PER_S;
static const uint64_t libvirt_spacing_ns = 10 * MVMP_NS_PER_S;
static const uint64_t soon_ns = 200 * MVMP_NS_PER_MS;
enum { KERNEL_DEADLINE_MS = 3000, LIBVIRT_DEADLINE_MS = 5000, BACKOFF_MAX = 4 };

/* "block_ms=10000" among the options. */
static uint64_t option_ms(const char *options, const char *name, uint64_t otherwise)
{
	size_t len = strlen(name);

	for (const char *at = options; at && *at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, len) && at[len] == '=')
			return strtoull(at + len + 1, NULL, 10);
	}
	return otherwise;
}

static struct mva_guest *find_uuid(const struct mva_guests *guests, const uint8_t *uuid)
{
	for (unsigned i = 0; i < guests->count; i++) {
		if (!memcmp(guests->at[i]->uuid, uuid, MVMP_ID_LEN))
			return guests->at[i];
	}
	return NULL;
}

static struct mva_guest *add(struct mva_linux *lx, const uint8_t *uuid)
{
	struct mva_guests *guests = lx->guests;
	struct mva_guest *guest;

	if (guests->count == guests->capacity) {
		unsigned capacity = guests->capacity ? 2 * guests->capacity : 16;
		void *at = capacity > MVA_GUESTS_MAX
				   ? NULL
				   : realloc(guests->at, capacity * sizeof(*guests->at));

		if (!at)
			return NULL;
		guests->at = at;
		guests->capacity = capacity;
	}
	guest = mva_guest_new(lx, uuid);
	if (guest)
		guests->at[guests->count++] = guest;
	return guest;
}

static void remove_at(struct mva_guests *guests, unsigned i)
{
	mva_guest_free(guests->at[i]);
	guests->count--;
	memmove(&guests->at[i], &guests->at[i + 1], (guests->count - i) * sizeof(guests->at[0]));
}

/* A process without -uuid gets an identity from what makes it unique on this boot. */
static void identity_of(const struct mva_seen_guest *seen, uint8_t uuid[static MVMP_ID_LEN])
{
	struct mvmp_writer w = mvmp_writer(uuid, MVMP_ID_LEN);

	if (seen->has_uuid) {
		memcpy(uuid, seen->uuid, MVMP_ID_LEN);
		return;
	}
	mvmp_put_u32(&w, seen->pid);
	mvmp_put_u64(&w, seen->start);
	mvmp_put_u32(&w, 0x706d766d);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x80); /* RFC 9562 version 8: made by own rules */
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void begin_answer(struct mva_guests *guests)
{
	for (unsigned i = 0; i < guests->count; i++)
		guests->at[i]->seen = false;
}

/* What the answer did not name: the process has ended, or libvirt has forgotten the domain. */
static void end_kernel_answer(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;

	for (unsigned i = guests->count; i-- > 0;) {
		struct mva_guest *guest = guests->at[i];

		if (guest->seen)
			continue;
		if (guest->pid) {
			mva_guest_lose_process(guest);
			guests->libvirt.due_ns = 0;
		}
		if (!guest->managed)
			remove_at(guests, i);
	}
}

static void end_libvirt_answer(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;

	for (unsigned i = guests->count; i-- > 0;) {
		struct mva_guest *guest = guests->at[i];

		if (guest->seen)
			continue;
		guest->managed = false;
		if (!guest->pid)
			remove_at(guests, i);
	}
}

/* What libvirt does not run has no state, memory or disks that anybody could tell. */
static void tell_unmanaged(struct mva_linux *lx)
{
	unsigned unmanaged = 0;
	char text[120];

	for (unsigned i = 0; i < lx->guests->count; i++)
		unmanaged += !lx->guests->at[i]->managed;
	snprintf(text, sizeof(text),
		"%u guest(s) are not libvirt's: their state, memory and disks are not told",
		unmanaged);
	mva_linux_can(lx, "guests.libvirt", !unmanaged, text);
}

/* Of two processes with one UUID, libvirt's own is the guest, else the one that came first. */
static bool is_shadow(const struct mva_guest *guest, const struct mva_seen_guest *seen)
{
	if (guest->managed && guest->pid_told && guest->pid_told != seen->pid)
		return guest->seen || guest->pid == guest->pid_told;
	return guest->seen && !(guest->pid_told == seen->pid && guest->pid != seen->pid);
}

/* False: the process was passed over, since another one is this guest. */
static bool take_process(struct mva_linux *lx, const struct mva_seen_guest *seen)
{
	struct mva_guests *guests = lx->guests;
	uint8_t uuid[MVMP_ID_LEN];
	struct mva_guest *guest;
	bool displaced;

	identity_of(seen, uuid);
	guest = find_uuid(guests, uuid);
	if (guest && is_shadow(guest, seen))
		return false;
	if (!guest) {
		guest = add(lx, uuid);
		guests->libvirt.due_ns = 0; /* who is this? */
	}
	if (!guest)
		return true;
	displaced = guest->seen;
	guest->seen = mva_guest_take_kernel(guest, seen);
	return !displaced;
}

static void tell_of_others(
	struct mva_linux *lx, const struct mva_strangers *strangers, unsigned shadows, uint32_t pid)
{
	char text[120];

	snprintf(text, sizeof(text),
		"%u QEMU process(es) of other users not shown, as %u of uid %u (--guest-user)",
		strangers->count, strangers->pid, strangers->uid);
	mva_linux_can(lx, "guests.strangers", !strangers->count, text);
	snprintf(text, sizeof(text),
		"%u process(es) not shown that have another guest's UUID, as %u", shadows, pid);
	mva_linux_can(lx, "guests.unique", !shadows, text);
}

static void take_kernel_answer(struct mva_linux *lx, struct mvmp_reader *r)
{
	struct mva_guests *guests = lx->guests;
	struct mva_strangers strangers;
	unsigned shadows = 0;
	uint32_t shadow = 0;

	begin_answer(guests);
	while (mva_inventory_get_guest(r, guests->seen)) {
		if (take_process(lx, guests->seen))
			continue;
		shadows++;
		shadow = guests->seen->pid;
	}
	strangers = mva_inventory_get_strangers(r);
	if (!r->bad)
		end_kernel_answer(lx);
	tell_of_others(lx, &strangers, shadows, shadow);
	tell_unmanaged(lx);
	mva_vifs_map(lx);
}

static void take_libvirt_answer(struct mva_linux *lx, struct mvmp_reader *r)
{
	struct mva_guests *guests = lx->guests;

	begin_answer(guests);
	while (mva_inventory_get_domain(r, guests->told)) {
		struct mva_guest *guest = find_uuid(guests, guests->told->uuid);

		if (!guest) {
			guest = add(lx, guests->told->uuid);
			guests->kernel.due_ns = 0; /* where is its process? */
		}
		if (!guest)
			continue;
		mva_guest_take_libvirt(guest, guests->told);
		guest->seen = true;
	}
	if (!r->bad)
		end_libvirt_answer(lx);
	tell_unmanaged(lx);
	mva_vifs_map(lx);
}

static void kernel_done(
	void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	struct mva_linux *lx = ctx;
	struct mvmp_reader r = mvmp_reader(answer, len);

	lx->guests->kernel.task = 0;
	mva_linux_can(lx, "guests", error->status == MVMP_OK, error->text);
	if (error->status == MVMP_OK && mvmp_get_u8(&r) == MVA_INVENTORY_KERNEL)
		take_kernel_answer(lx, &r);
}

/* While libvirt is away, it is asked less and less often: every 2, 4, ... 32 s. */
static void libvirt_lost(struct mva_linux *lx, const struct mvmp_error *error)
{
	struct mva_guests *guests = lx->guests;
	struct mva_inquiry *inquiry = &guests->libvirt;

	guests->libvirt_away = true;
	mva_linux_can(lx, "libvirt", false, error->text);
	inquiry->due_ns = mva_linux_now(lx) + (2 * MVMP_NS_PER_S << inquiry->failures);
	inquiry->failures += inquiry->failures < BACKOFF_MAX;
}

static void libvirt_done(
	void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	struct mva_linux *lx = ctx;
	struct mvmp_reader r = mvmp_reader(answer, len);

	lx->guests->libvirt.task = 0;
	if (error->status != MVMP_OK) {
		libvirt_lost(lx, error);
		return;
	}
	if (lx->guests->libvirt_away)
		mva_vbds_ask_anew(lx);
	lx->guests->libvirt_away = false;
	lx->guests->libvirt.failures = 0;
	mva_linux_can(lx, "libvirt", true, NULL);
	if (mvmp_get_u8(&r) == MVA_INVENTORY_LIBVIRT)
		take_libvirt_answer(lx, &r);
}

static void inquire(struct mva_linux *lx, struct mva_inquiry *inquiry, uint8_t part,
	unsigned deadline_ms, uint64_t spacing_ns, mva_task_done *done)
{
	struct mva_privops *priv = lx->env.priv;
	const uint8_t request[] = {part, inquiry->fresh};
	uint64_t now = mva_linux_now(lx);

	if (inquiry->task || now < inquiry->due_ns)
		return;
	inquiry->due_ns = now + spacing_ns;
	inquiry->task = priv->ops->start(
		priv, MVA_TASK_INVENTORY, request, sizeof(request), deadline_ms, done, lx);
	inquiry->fresh &= !inquiry->task;
}

void mva_guests_advance(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;

	inquire(lx, &guests->kernel, MVA_INVENTORY_KERNEL, KERNEL_DEADLINE_MS, kernel_spacing_ns,
		kernel_done);
	inquire(lx, &guests->libvirt, MVA_INVENTORY_LIBVIRT, LIBVIRT_DEADLINE_MS,
		libvirt_spacing_ns, libvirt_done);
	mva_vbds_advance(lx);
}

void mva_guests_refresh_soon(struct mva_linux *lx)
{
	uint64_t soon = mva_linux_now(lx) + soon_ns;
	struct mva_guests *guests = lx->guests;

	if (guests->kernel.due_ns > soon)
		guests->kernel.due_ns = soon;
	if (!guests->libvirt_away && guests->libvirt.due_ns > soon)
		guests->libvirt.due_ns = soon;
}

void mva_guests_describe_soon(struct mva_linux *lx)
{
	lx->guests->kernel.fresh = lx->guests->libvirt.fresh = true;
	mva_guests_refresh_soon(lx);
}

int mva_guests_open(struct mva_linux *lx, const char *options, struct mvmp_error *err)
{
	struct mva_guests *guests = calloc(1, sizeof(*guests));

	if (!guests)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the guests");
	lx->guests = guests;
	guests->netlink = -1;
	guests->block_ns = option_ms(options, "block_ms", 10000) * MVMP_NS_PER_MS;
	guests->seen = malloc(sizeof(*guests->seen));
	guests->told = malloc(sizeof(*guests->told));
	if (!guests->seen || !guests->told)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the guests");
	if (guests->block_ns < 100 * MVMP_NS_PER_MS)
		return mvmp_fail(err, MVMP_INVALID,
			"block_ms=%llu is out of range (100 to 3600000)",
			(unsigned long long)(guests->block_ns / MVMP_NS_PER_MS));
	mva_vifs_open(lx);
	mva_linux_can(lx, "vbd.outstanding", false,
		"QEMU does not tell libvirt the requests in flight (query-blockstats)");
	mva_linux_can(lx, "vbd.errors", false,
		"libvirt's block statistics hold no count of failed requests");
	return 0;
}

void mva_guests_close(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;
	struct mva_privops *priv = lx->env.priv;

	if (!guests)
		return;
	if (guests->kernel.task)
		priv->ops->cancel(priv, guests->kernel.task);
	if (guests->libvirt.task)
		priv->ops->cancel(priv, guests->libvirt.task);
	mva_pins_close(lx);
	while (guests->count)
		remove_at(guests, guests->count - 1);
	mva_vifs_close(lx);
	free(guests->at);
	free(guests->seen);
	free(guests->told);
	free(guests);
	lx->guests = NULL;
}

static bool may_run_in(const struct mva_guest *guest, const struct mva_cpuset *set)
{
	for (unsigned i = 0; i < guest->vcpus; i++) {
		for (unsigned word = 0; word < MVA_CPUS_MAX / 64; word++) {
			if (guest->vcpu[i].cpus.bits[word] & set->bits[word])
				return true;
		}
	}
	return !guest->vcpus;
}

unsigned mva_guests_in(const struct mva_linux *lx, const struct mva_cpuset *set)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lx->guests->count; i++)
		count += may_run_in(lx->guests->at[i], set);
	return count;
}

static bool is_called(const struct mva_guest *guest, const char *name)
{
	uint8_t uuid[MVMP_ID_LEN];
	char *end;
	unsigned long id;

	if (!strcmp(guest->name, name))
		return true;
	if (!mvmp_uuid_parse(uuid, name))
		return !memcmp(uuid, guest->uuid, MVMP_ID_LEN);
	id = strtoul(name, &end, 10);
	return guest->managed && *name && !*end && id == guest->domid;
}

/* A name counts before a number: a domain may be called "7". libvirt's guests count before others
 * of the same name, which anybody can choose. */
struct mva_guest *mva_guests_find(struct mva_linux *lx, const char *name, struct mvmp_error *err)
{
	struct mva_guest *found = NULL;

	for (unsigned i = 0; i < lx->guests->count; i++) {
		struct mva_guest *guest = lx->guests->at[i];

		if (!strcmp(guest->name, name) && guest->managed)
			return guest;
		if (is_called(guest, name) && (!found || strcmp(found->name, name)))
			found = guest;
	}
	if (!found)
		mvmp_fail(err, MVMP_NOT_FOUND, "no domain '%.63s' on this node", name);
	return found;
}
