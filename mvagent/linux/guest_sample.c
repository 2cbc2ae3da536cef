/* SPDX-License-Identifier: Apache-2.0 */

/* One sample of a guest: one read of /proc/<pid>/stat, one of each vCPU thread's schedstat (and
 * stat for the pCPU it ran on last), all through kept descriptors. */

#include "guests.h"
#include "scan.h"
#include <unistd.h>

/* Fields of /proc/<pid>/stat (proc(5)) that count here. */
struct process_stat {
	char state;
	uint64_t majflt, cpu_ticks, rss_pages, guest_ticks;
};

static bool read_stat(struct mva_guest *guest, struct process_stat *ret)
{
	const char *at;

	if (mva_linux_read(guest->lx, guest->stat) <= 0 || !(at = strrchr(guest->lx->buf, ')')))
		return false;
	at += 1 + (at[1] == ' ');
	ret->state = *at;
	for (unsigned field = 3; field < 12; field++)
		scan_word(&at);
	ret->majflt = scan_u64(&at);
	scan_word(&at);
	ret->cpu_ticks = scan_u64(&at);
	ret->cpu_ticks += scan_u64(&at);
	for (unsigned field = 16; field < 24; field++)
		scan_word(&at);
	ret->rss_pages = scan_u64(&at);
	for (unsigned field = 25; field < 43; field++)
		scan_word(&at);
	ret->guest_ticks = scan_u64(&at);
	return ret->state != 'Z' && ret->state != 'X';
}

static bool look(struct mva_guest *guest, struct process_stat *stat)
{
	if (!read_stat(guest, stat))
		return false;
	guest->stopped = stat->state == 'T' || stat->state == 't';
	return true;
}

bool mva_guest_look(struct mva_guest *guest)
{
	struct process_stat stat;

	return look(guest, &stat);
}

static uint64_t cpu_time(const struct mva_guest *guest, const struct process_stat *stat)
{
	struct timespec now;

	if (guest->clock_agrees && !clock_gettime(guest->clock, &now))
		return (uint64_t)now.tv_sec * MVMP_NS_PER_S + (uint64_t)now.tv_nsec;
	return stat->cpu_ticks * (uint64_t)guest->lx->tick_ns;
}

/* Execution time beside the guest's own. The kernel scales one and counts the other, so the
 * difference may step back by a tick: what is shown does not. */
static uint64_t interruption(struct mva_guest *guest, const struct process_stat *stat)
{
	uint64_t now = stat->cpu_ticks > stat->guest_ticks ? (stat->cpu_ticks - stat->guest_ticks) *
								     (uint64_t)guest->lx->tick_ns
							   : 0;

	if (now > guest->interruption_ns)
		guest->interruption_ns = now;
	return guest->interruption_ns;
}

static void set_process(
	struct mva_guest *guest, struct mvmp_record *r, const struct process_stat *stat)
{
	bool kvm = guest->accel == MVA_ACCEL_KVM;

	mvmp_set(r, MVMP_D_CPU, cpu_time(guest, stat));
	mva_set_or_unsupported(
		r, MVMP_D_GUEST, kvm, stat->guest_ticks * (uint64_t)guest->lx->tick_ns);
	mva_set_or_unsupported(r, MVMP_D_INTERRUPTION, kvm, kvm ? interruption(guest, stat) : 0);
	mvmp_set(r, MVMP_D_MEM_RSS, stat->rss_pages * (uint64_t)sysconf(_SC_PAGESIZE));
	mvmp_set(r, MVMP_D_MAJFLT, stat->majflt);
}

static void set_balloon(struct mva_guest *guest, struct mvmp_record *r)
{
	const struct mva_balloon *balloon = &guest->balloon;
	uint64_t wall = guest->lx->env.wall_ns(guest->lx->env.ctx);
	uint64_t told = balloon->last_update_s * MVMP_NS_PER_S;
	uint8_t present = guest->balloon_ns ? balloon->present : 0;

	mvmp_set(r, MVMP_D_MEM_CURRENT,
		present & MVA_BALLOON_CURRENT ? balloon->current : guest->mem_current);
	mvmp_set(r, MVMP_D_MEM_MAX,
		present & MVA_BALLOON_MAXIMUM ? balloon->maximum : guest->mem_max);
	if (present & MVA_BALLOON_UNUSED)
		mvmp_set(r, MVMP_D_MEM_UNUSED, balloon->unused);
	if (present & MVA_BALLOON_LAST_UPDATE && wall > told)
		mvmp_set(r, MVMP_D_MEM_AGE, wall - told);
}

/* What only libvirt tells; of a process it does not run, nobody. */
static void set_libvirt(struct mva_guest *guest, struct mvmp_record *r)
{
	static const uint8_t metrics[] = {MVMP_D_ID, MVMP_D_STATE, MVMP_D_MEM_CURRENT,
		MVMP_D_MEM_MAX, MVMP_D_MEM_UNUSED, MVMP_D_MEM_AGE, MVMP_D_VBDS};

	if (!guest->managed) {
		for (size_t i = 0; i < sizeof(metrics); i++)
			mva_unsupported(r, metrics[i]);
		return;
	}
	mvmp_set(r, MVMP_D_ID, guest->domid);
	mvmp_set(r, MVMP_D_STATE, guest->state);
	mvmp_set(r, MVMP_D_VBDS, guest->vbds);
	set_balloon(guest, r);
}

struct vcpu_times {
	uint64_t run, wait, switches;
};

static bool read_vcpu(struct mva_linux *lx, const struct mva_vcpu *vcpu, struct vcpu_times *ret)
{
	const char *at;

	if (!vcpu->timed || mva_linux_read(lx, vcpu->schedstat) <= 0)
		return false;
	at = lx->buf;
	ret->run = scan_u64(&at);
	ret->wait = scan_u64(&at);
	ret->switches = scan_u64(&at);
	return true;
}

/* Field 39, processor. A thread comes to another pCPU only by being switched in there, so the
 * last answer holds until then. */
static void place(struct mva_linux *lx, struct mva_vcpu *vcpu, uint64_t switches)
{
	const char *at;

	if (vcpu->placed && vcpu->placed_at == switches)
		return;
	vcpu->placed = false;
	if (mva_linux_read(lx, vcpu->stat) <= 0 || !(at = strrchr(lx->buf, ')')))
		return;
	at++;
	for (unsigned field = 3; field < 39; field++)
		scan_word(&at);
	vcpu->pcpu = scan_u64(&at);
	vcpu->placed_at = switches;
	vcpu->placed = true;
}

/* `times` NULL: its thread is not told apart, or gone. */
static void set_vcpu(struct mva_linux *lx, struct mva_vcpu *vcpu, const struct vcpu_times *times,
	struct mvmp_record *r)
{
	if (times)
		place(lx, vcpu, times->switches);
	mva_set_or_unsupported(r, MVMP_V_TIME, times, times ? times->run : 0);
	mva_set_or_unsupported(r, MVMP_V_WAIT, times, times ? times->wait : 0);
	mva_set_or_unsupported(r, MVMP_V_SWITCHES, times, times ? times->switches : 0);
	mva_set_or_unsupported(r, MVMP_V_PCPU, times && vcpu->placed, vcpu->pcpu);
	mvmp_set_text(r, MVMP_VT_AFFINITY, vcpu->affinity);
}

static struct mvmp_record *add_vcpu(
	const struct mva_guest *guest, uint32_t number, struct mvmp_sample *out)
{
	struct mvmp_record *r = mvmp_sample_add(out, MVMP_VCPU);

	if (!r)
		return NULL;
	memcpy(r->key.domain, guest->uuid, MVMP_ID_LEN);
	r->key.index = number;
	r->incarnation = mva_guest_incarnation(guest);
	return r;
}

/* vCPUs whose threads cannot be told apart are there, without times. */
static void add_untold_vcpus(const struct mva_guest *guest, struct mvmp_sample *out)
{
	struct mva_vcpu untold = {.schedstat = -1, .stat = -1};

	for (uint32_t n = 0; n < guest->vcpus_told && n < MVA_GUEST_VCPUS_MAX; n++) {
		struct mvmp_record *r = add_vcpu(guest, n, out);

		if (!r)
			return;
		set_vcpu(guest->lx, &untold, NULL, r);
		if (guest->vcpus)
			mvmp_set_text(r, MVMP_VT_AFFINITY, guest->vcpu[0].affinity);
	}
}

static bool threads_told(const struct mva_guest *guest)
{
	return guest->vcpus && guest->vcpu[0].timed;
}

/* Waiting time of all vCPUs; their records too when asked for. */
static void sample_vcpus(
	struct mva_guest *guest, bool records, struct mvmp_record *domain, struct mvmp_sample *out)
{
	uint64_t wait = 0;
	bool known = threads_told(guest);

	for (unsigned i = 0; known && i < guest->vcpus; i++) {
		struct vcpu_times times;
		bool told = read_vcpu(guest->lx, &guest->vcpu[i], &times);
		struct mvmp_record *r =
			records ? add_vcpu(guest, guest->vcpu[i].number, out) : NULL;

		wait += told ? times.wait : 0;
		if (r)
			set_vcpu(guest->lx, &guest->vcpu[i], told ? &times : NULL, r);
	}
	if (!known && records)
		add_untold_vcpus(guest, out);
	if (domain)
		mva_set_or_unsupported(domain, MVMP_D_WAIT, known, wait);
}

static void set_domain(
	struct mva_guest *guest, struct mvmp_record *r, const struct process_stat *stat)
{
	bool told = threads_told(guest);

	memcpy(r->key.domain, guest->uuid, MVMP_ID_LEN);
	r->incarnation = mva_guest_incarnation(guest);
	r->reason = mva_guest_reason(guest);
	if (stat)
		set_process(guest, r, stat);
	set_libvirt(guest, r);
	mva_set_or_unsupported(r, MVMP_D_VCPUS, told || guest->vcpus_told,
		told ? guest->vcpus : guest->vcpus_told);
	mvmp_set(r, MVMP_D_VIFS, guest->vifs);
	mvmp_set_text(r, MVMP_DT_NAME, guest->name);
	mvmp_set_text(r, MVMP_DT_TYPE, guest->accel == MVA_ACCEL_KVM ? "kvm" : "qemu");
	mvmp_set_text(r, MVMP_DT_PIN, guest->pin);
}

/* False when its process has ended since the last inventory. */
static bool sample_guest(struct mva_guest *guest, uint32_t kinds, struct mvmp_sample *out)
{
	struct mvmp_record *domain = NULL;
	struct process_stat stat;

	if (guest->pid && !look(guest, &stat))
		return false;
	if (kinds & 1u << MVMP_DOMAIN)
		domain = mvmp_sample_add(out, MVMP_DOMAIN);
	if (domain)
		set_domain(guest, domain, guest->pid ? &stat : NULL);
	if (kinds & (1u << MVMP_VCPU | 1u << MVMP_DOMAIN))
		sample_vcpus(guest, kinds & 1u << MVMP_VCPU, domain, out);
	if (kinds & 1u << MVMP_VIF)
		mva_vifs_sample(guest, out);
	if (kinds & 1u << MVMP_VBD)
		mva_vbds_sample(guest, out);
	return true;
}

void mva_guests_sample(struct mva_linux *lx, uint32_t kinds, struct mvmp_sample *out)
{
	struct mva_guests *guests = lx->guests;
	const uint32_t mine = 1u << MVMP_DOMAIN | 1u << MVMP_VCPU | 1u << MVMP_VIF | 1u << MVMP_VBD;

	if (kinds & 1u << MVMP_VIF)
		mva_vifs_dump(lx);
	for (unsigned i = 0; i < guests->count; i++) {
		struct mva_guest *guest = guests->at[i];

		/* Known to libvirt, but its process ended: leave it out until the next list. */
		if (!guest->pid && guest->start)
			continue;
		if (!sample_guest(guest, kinds, out)) {
			mva_guest_lose_process(guest);
			mva_guests_refresh_soon(lx);
		}
	}
	out->kinds |= kinds & mine;
}

/* A process that libvirt does not run counts as running unless a signal has stopped it. */
void mva_guests_node(struct mva_linux *lx, struct mvmp_record *node)
{
	unsigned running = 0, all = 0;

	for (unsigned i = 0; i < lx->guests->count; i++) {
		const struct mva_guest *guest = lx->guests->at[i];

		if (!guest->pid && guest->start)
			continue;
		all++;
		running += guest->managed ? guest->state == MVMP_STATE_RUNNING : !guest->stopped;
	}
	mvmp_set(node, MVMP_N_DOMAINS, all);
	mvmp_set(node, MVMP_N_DOMAINS_RUNNING, running);
}
