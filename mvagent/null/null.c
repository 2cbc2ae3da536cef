/* SPDX-License-Identifier: Apache-2.0 */
#include "null.h"
#include "cpuset.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS = 2, VALUE = 1000 };

struct null_backend {
	struct mva_backend base;
	struct mva_backend_env env;
	struct null_script script;
	struct mva_cpuset online, pin, emulator;
	struct mva_pin held;
	mva_pin_done *held_done;
	void *held_ctx;
	uint64_t value[CPUS];
	struct mva_perf_counter counter[2];
};

static const uint8_t uuid[MVMP_ID_LEN] = {0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1};
static const unsigned cpu_numbers[CPUS] = {0, 1};

static struct null_backend *null_of(struct mva_backend *backend)
{
	return (struct null_backend *)(void *)backend;
}

struct null_script *null_backend_script(struct mva_backend *backend)
{
	return &null_of(backend)->script;
}

static int read_options(struct null_script *script, const char *text, struct mvmp_error *err)
{
	const struct {
		const char *name;
		bool *flag;
	} option[] = {{"fail-sample", &script->fail_sample}, {"fail-perf", &script->fail_perf},
		{"fail-pin", &script->fail_pin}, {"drift", &script->drift},
		{"hold-pin", &script->hold_pin}, {"busy-pin", &script->busy_pin}};
	const size_t options = sizeof option / sizeof option[0];

	while (text && *text) {
		size_t len = strcspn(text, ","), i = 0;

		while (i < options &&
			(strlen(option[i].name) != len || memcmp(option[i].name, text, len) != 0))
			i++;
		if (i == options)
			return mvmp_fail(err, MVMP_INVALID, "null: there is no option \"%.*s\"",
				(int)len, text);
		*option[i].flag = true;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int null_open(
	const struct mva_backend_env *env, struct mva_backend **ret, struct mvmp_error *err)
{
	struct null_backend *null = calloc(1, sizeof *null);
	int rc;

	if (!null)
		return mvmp_fail(err, MVMP_NO_MEMORY, "out of memory");
	rc = read_options(&null->script, env->options, err);
	if (rc) {
		free(null);
		return rc;
	}
	null->base.ops = &mva_backend_null;
	null->env = *env;
	null->script.incarnation = 1;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		mva_cpuset_add(&null->online, cpu);
	null->pin = null->emulator = null->online;
	*ret = &null->base;
	return 0;
}

static void null_close(struct mva_backend *backend)
{
	free(null_of(backend));
}

/* A record whose metrics all have the same known value. */
static struct mvmp_record *add(
	struct mvmp_sample *out, enum mvmp_entity kind, uint32_t index, uint64_t value)
{
	struct mvmp_record *r = mvmp_sample_add(out, kind);

	if (!r)
		return NULL;
	r->key.index = index;
	for (unsigned i = 0; i < mvmp_entities[kind].metrics; i++)
		mvmp_set(r, i, value);
	return r;
}

static void own(const struct null_backend *null, struct mvmp_record *r)
{
	memcpy(r->key.domain, uuid, sizeof uuid);
	r->incarnation = null->script.incarnation;
}

static void fill_domain(const struct null_backend *null, struct mvmp_sample *out)
{
	struct mvmp_record *r = add(out, MVMP_DOMAIN, 0, VALUE);

	if (!r)
		return;
	own(null, r);
	mvmp_set(r, MVMP_D_ID, 1);
	mvmp_set(r, MVMP_D_VCPUS, 1);
	mvmp_set(r, MVMP_D_STATE, MVMP_STATE_RUNNING);
	mvmp_set_text(r, MVMP_DT_NAME, "null-01");
}

static void fill_vcpu(const struct null_backend *null, struct mvmp_sample *out)
{
	struct mvmp_record *r = add(out, MVMP_VCPU, 0, VALUE);
	char text[MVMP_TEXT_LEN];

	if (!r)
		return;
	own(null, r);
	mva_cpuset_text_any(text, sizeof text, &null->pin, &null->online);
	mvmp_set_text(r, MVMP_VT_AFFINITY, text);
}

/* Its values are the milliseconds until it was measured; like a real backend it looks at the clock
 * a little after the sample's time. */
static void fill_vbd(const struct null_backend *null, struct mvmp_sample *out)
{
	uint64_t every = null->script.vbd_every_ms * MVMP_NS_PER_MS;
	uint64_t at = every ? (out->mono_ns - 1) / every * every : 0;
	struct mvmp_record *r = every ? add(out, MVMP_VBD, 0, at / MVMP_NS_PER_MS) : NULL;

	if (!r)
		return;
	own(null, r);
	r->age_ns = out->mono_ns - at + 1000ull * (null->script.samples % 3);
}

static int null_sample(struct mva_backend *backend, uint32_t kinds, struct mvmp_sample *out)
{
	struct null_backend *null = null_of(backend);

	null->script.samples++;
	if (null->script.fail_sample)
		return -EIO;
	out->simulated = true;
	out->kinds = kinds;
	if (kinds & 1u << MVMP_NODE)
		add(out, MVMP_NODE, 0, VALUE);
	for (unsigned cpu = 0; cpu < CPUS && kinds & 1u << MVMP_PCPU; cpu++)
		add(out, MVMP_PCPU, cpu, VALUE);
	if (kinds & 1u << MVMP_DOMAIN && !null->script.gone)
		fill_domain(null, out);
	if (kinds & 1u << MVMP_VCPU && !null->script.gone)
		fill_vcpu(null, out);
	if (kinds & 1u << MVMP_VBD && !null->script.gone)
		fill_vbd(null, out);
	return 0;
}

static unsigned null_capabilities(struct mva_backend *backend, const struct mva_capability **ret)
{
	static const struct mva_capability table[] = {
		{"pmu", false, "the null backend counts nothing"}};

	*ret = table;
	return 1;
}

/* One counter that grows by 10 and 20 with each reading, and one level. */
static int null_perf(struct mva_backend *backend, const char *domain, bool arrays,
	struct mva_perf *ret, struct mvmp_error *err)
{
	struct null_backend *null = null_of(backend);

	if (null->script.fail_perf)
		return mvmp_fail(err, MVMP_UNSUPPORTED, "the null backend was told to fail");
	null->value[0] += 10;
	null->value[1] += 20;
	null->counter[0] = (struct mva_perf_counter){.name = "ticks",
		.source = "null",
		.total = null->value[0] + null->value[1],
		.value = null->value,
		.values = CPUS};
	null->counter[1] = (struct mva_perf_counter){
		.name = "things in use", .source = "null", .total = 7, .level = true};
	*ret = (struct mva_perf){.now_ns = null->env.mono_ns(null->env.ctx),
		.cpu = cpu_numbers,
		.cpus = CPUS,
		.counter = null->counter,
		.counters = 2};
	return 0;
}

static void null_online(struct mva_backend *backend, struct mva_cpuset *ret)
{
	*ret = null_of(backend)->online;
}

static void finish_pin(
	struct null_backend *null, const struct mva_pin *pin, mva_pin_done *done, void *ctx)
{
	struct mva_cpuset *set = pin->emulator ? &null->emulator : &null->pin;
	struct mva_pin_result result = {.name = "null-01", .before = *set};
	struct mvmp_error err = {.status = MVMP_OK};

	memcpy(result.uuid, uuid, sizeof uuid);
	if (!pin->dry_run) {
		null->script.pins++;
		*set = pin->any ? null->online : pin->cpus;
	}
	if (!pin->dry_run && null->script.drift) {
		*set = (struct mva_cpuset){.bits = {2}};
		mvmp_fail(&err, MVMP_DRIFT, "null-01 reads back as pCPU 1");
	}
	result.after = *set;
	done(ctx, &err, &result);
}

static void null_pin(
	struct mva_backend *backend, const struct mva_pin *pin, mva_pin_done *done, void *ctx)
{
	struct null_backend *null = null_of(backend);
	struct mva_pin_result none = {0};
	struct mvmp_error err;

	if (null->script.fail_pin || null->script.busy_pin || null->script.gone || pin->vcpu) {
		if (null->script.busy_pin)
			mvmp_fail(&err, MVMP_BUSY, "the null backend takes no more pins now");
		else if (null->script.fail_pin)
			mvmp_fail(&err, MVMP_FAILED, "the null backend was told to fail");
		else if (null->script.gone)
			mvmp_fail(&err, MVMP_NOT_FOUND, "no domain is called %s", pin->domain);
		else
			mvmp_fail(&err, MVMP_INVALID, "null-01 has no vCPU %u: it has vCPU 0",
				pin->vcpu);
		done(ctx, &err, &none);
		return;
	}
	if (!null->script.hold_pin) {
		finish_pin(null, pin, done, ctx);
		return;
	}
	null->held = *pin;
	null->held_done = done;
	null->held_ctx = ctx;
}

void null_backend_release(struct mva_backend *backend)
{
	struct null_backend *null = null_of(backend);
	mva_pin_done *done = null->held_done;

	null->held_done = NULL;
	if (done)
		finish_pin(null, &null->held, done, null->held_ctx);
}

static void null_advance(struct mva_backend *backend)
{
}

const struct mva_backend_ops mva_backend_null = {
	.name = "null",
	.simulated = true,
	.open = null_open,
	.close = null_close,
	.sample = null_sample,
	.capabilities = null_capabilities,
	.perf = null_perf,
	.online = null_online,
	.pin = null_pin,
	.advance = null_advance,
};
