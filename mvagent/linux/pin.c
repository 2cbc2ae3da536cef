/* SPDX-License-Identifier: Apache-2.0 */

/* Pinning: checked against the guest and the node, done by a worker, judged by what the kernel
 * says afterwards. */

#include "guests.h"
#include "pinning.h"
#include <stdio.h>
#include <stdlib.h>

enum { DEADLINE_MS = 10000 };

struct mva_pin_call {
	struct mva_pin_call *next;
	struct mva_linux *lx;
	uint64_t task;
	struct mva_pin pin;
	struct mva_pin_result result;
	mva_pin_done *done;
	void *ctx;
};

static void finish(struct mva_pin_call *call, const struct mvmp_error *error, bool result)
{
	struct mva_pin_call **at = &call->lx->guests->pins;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->done(call->ctx, error, result ? &call->result : NULL);
	free(call);
}

/* The first pCPU of the set that the node has not, or -1. */
static int not_online(const struct mva_linux *lx, const struct mva_cpuset *set)
{
	for (unsigned cpu = 0; cpu < MVA_CPUS_MAX; cpu++) {
		if (mva_cpuset_has(set, cpu) && !mva_cpuset_has(&lx->pools.at[0].set, cpu))
			return (int)cpu;
	}
	return -1;
}

static int check_cpus(const struct mva_linux *lx, const struct mva_guest *guest,
	const struct mva_pin *pin, struct mvmp_error *err)
{
	static const struct mva_cpuset none;
	int cpu = not_online(lx, &pin->cpus);
	char online[128], who[32] = "emulator";

	if (!pin->emulator)
		snprintf(who, sizeof(who), "vCPU %u", pin->vcpu);
	if (!memcmp(&pin->cpus, &none, sizeof(none)))
		return mvmp_fail(
			err, MVMP_INVALID, "cannot pin %s %s to no pCPU", guest->name, who);
	if (cpu >= 0)
		return mvmp_fail(err, MVMP_INVALID,
			"cannot pin %s %s to pCPU %d: this node has pCPUs %s", guest->name, who,
			cpu, mva_cpuset_text(online, sizeof(online), &lx->pools.at[0].set));
	return 0;
}

static const struct mva_vcpu *find_vcpu(const struct mva_guest *guest, unsigned number)
{
	for (unsigned i = 0; i < guest->vcpus; i++) {
		if (guest->vcpu[i].number == number && guest->vcpu[i].timed)
			return &guest->vcpu[i];
	}
	return NULL;
}

static int no_vcpu(
	const struct mva_guest *guest, unsigned vcpu, unsigned last, struct mvmp_error *err)
{
	return mvmp_fail(err, MVMP_INVALID, "cannot pin %s vCPU %u: it has %s%u", guest->name, vcpu,
		last ? "vCPUs 0-" : "vCPU ", last);
}

static int check_vcpu(
	const struct mva_guest *guest, const struct mva_pin *pin, struct mvmp_error *err)
{
	if (pin->emulator || find_vcpu(guest, pin->vcpu))
		return 0;
	if (guest->vcpus_told && pin->vcpu >= guest->vcpus_told)
		return no_vcpu(guest, pin->vcpu, guest->vcpus_told - 1, err);
	if (!guest->vcpus || !guest->vcpu[0].timed)
		return mvmp_fail(err, MVMP_UNSUPPORTED,
			"%s has no thread per vCPU that could be pinned", guest->name);
	return no_vcpu(guest, pin->vcpu, guest->vcpu[guest->vcpus - 1].number, err);
}

static int check(const struct mva_linux *lx, const struct mva_guest *guest,
	const struct mva_pin *pin, struct mvmp_error *err)
{
	int r = check_vcpu(guest, pin, err);

	if (!r)
		r = check_cpus(lx, guest, pin, err);
	if (!r && !guest->pid)
		r = mvmp_fail(err, MVMP_NOT_FOUND, "%s does not run on this node", guest->name);
	if (!r && guest->stopped && guest->managed)
		r = mvmp_fail(
			err, MVMP_FAILED, "%s hangs: its QEMU process is stopped", guest->name);
	return r;
}

/* The guest may have gone meanwhile; its name serves the sentence. */
static void remember(struct mva_pin_call *call)
{
	struct mva_guest *guest = mva_guests_find(call->lx, call->result.name, NULL);

	if (!guest)
		return;
	if (call->pin.emulator)
		guest->emulator = call->result.after;
	for (unsigned i = 0; !call->pin.emulator && i < guest->vcpus; i++) {
		if (guest->vcpu[i].number == call->pin.vcpu)
			guest->vcpu[i].cpus = call->result.after;
	}
	mva_guest_describe_pin(guest);
	call->lx->guests->kernel.fresh = true; /* what workers remember is from before */
}

static void judge(struct mva_pin_call *call, struct mvmp_error *err)
{
	char wished[128], found[128];

	if (call->pin.dry_run ||
		!memcmp(&call->result.after, &call->pin.cpus, sizeof(call->pin.cpus)))
		return;
	mvmp_fail(err, MVMP_DRIFT, "%s was pinned to pCPUs %s, the system says %s",
		call->result.name, mva_cpuset_text(wished, sizeof(wished), &call->pin.cpus),
		mva_cpuset_text(found, sizeof(found), &call->result.after));
}

static void pinned(void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	struct mva_pin_call *call = ctx;
	struct mvmp_reader r = mvmp_reader(answer, len);
	struct mvmp_error err = *error;

	if (error->status == MVMP_NO_ANSWER && !call->pin.dry_run)
		mvmp_fail(&err, MVMP_OUTCOME_UNKNOWN,
			"the pinning of %s was not answered in %d s: read it back",
			call->result.name, DEADLINE_MS / 1000);
	if (error->status == MVMP_OUTCOME_UNKNOWN)
		mvmp_fail(&err, call->pin.dry_run ? MVMP_FAILED : MVMP_OUTCOME_UNKNOWN,
			"the pinning of %s was not answered, %.100s: read it back",
			call->result.name, error->text);
	if (error->status == MVMP_IO)
		mvmp_fail(&err, MVMP_FAILED, "%s was not pinned: %.180s", call->result.name,
			error->text);
	if (error->status != MVMP_OK) {
		finish(call, &err, false);
		return;
	}
	mva_get_cpuset(&r, &call->result.before);
	mva_get_cpuset(&r, &call->result.after);
	if (r.bad) {
		mvmp_fail(&err, MVMP_FAILED, "the worker's answer is malformed");
		finish(call, &err, false);
		return;
	}
	judge(call, &err);
	remember(call);
	finish(call, &err, true);
}

static struct mva_pin_call *begin(
	struct mva_linux *lx, const struct mva_guest *guest, const struct mva_pin *pin)
{
	struct mva_pin_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->lx = lx;
	call->pin = *pin;
	memcpy(call->result.uuid, guest->uuid, MVMP_ID_LEN);
	memcpy(call->result.name, guest->name, sizeof(call->result.name));
	call->next = lx->guests->pins;
	lx->guests->pins = call;
	return call;
}

static void start(struct mva_pin_call *call, const struct mva_guest *guest)
{
	struct mva_privops *priv = call->lx->env.priv;
	uint8_t bytes[MVA_TASK_REQUEST_MAX];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof(bytes));
	struct mva_pin_request request = {
		.pid = guest->pid,
		.start = guest->start,
		.managed = guest->managed,
		.emulator = call->pin.emulator,
		.vcpu = call->pin.vcpu,
		.cpus = call->pin.cpus,
	};
	struct mvmp_error err;

	memcpy(request.uuid, guest->uuid, MVMP_ID_LEN);
	mva_pin_request_put(&w, &request);
	call->task = priv->ops->start(priv, call->pin.dry_run ? MVA_TASK_READ_PIN : MVA_TASK_PIN,
		bytes, w.used, DEADLINE_MS, pinned, call);
	if (call->task)
		return;
	mvmp_fail(&err, MVMP_BUSY, "the helper takes no more tasks now");
	finish(call, &err, false);
}

void mva_linux_pin(
	struct mva_backend *backend, const struct mva_pin *wish, mva_pin_done *done, void *ctx)
{
	struct mva_linux *lx = (struct mva_linux *)backend;
	struct mvmp_error err = {0};
	struct mva_pin pin = *wish;
	struct mva_guest *guest = mva_guests_find(lx, pin.domain, &err);
	struct mva_pin_call *call;

	if (pin.any)
		pin.cpus = lx->pools.at[0].set;
	if (!guest || check(lx, guest, &pin, &err)) {
		done(ctx, &err, NULL);
		return;
	}
	call = begin(lx, guest, &pin);
	if (!call) {
		mvmp_fail(&err, MVMP_NO_MEMORY, "no memory to pin %s", guest->name);
		done(ctx, &err, NULL);
		return;
	}
	call->done = done;
	call->ctx = ctx;
	start(call, guest);
}

void mva_pins_close(struct mva_linux *lx)
{
	struct mva_privops *priv = lx->env.priv;

	while (lx->guests->pins) {
		struct mva_pin_call *call = lx->guests->pins;

		priv->ops->cancel(priv, call->task);
		lx->guests->pins = call->next;
		free(call);
	}
}
