/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"
#include "commands.h"
#include "jsonout.h"
#include "net.h"
#include "options.h"
#include "setter.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <stdlib.h>
#include <string.h>

enum { FOLD_FROM = 5 }; /* nodes that still get a line each */

struct pin_words {
	const char *domain, *cpus; /* cpus "": any */
	unsigned long vcpu;
	bool emulator;
	char what[120];	 /* "pin web-07 vCPU 0" */
	char words[200]; /* "pin web-07 0 4" */
};

static uint8_t *pack_pin(const struct pin_words *words, bool dry_run, size_t *len)
{
	Mvmp__Pin pin = MVMP__PIN__INIT;
	char *domain = mvctl_text(words->domain), *cpus = mvctl_text(words->cpus);
	uint8_t *body;

	pin.domain = domain;
	pin.vcpu = (uint32_t)words->vcpu;
	pin.emulator = words->emulator;
	pin.cpus = cpus;
	pin.dry_run = dry_run;
	body = mvctl_alloc(mvmp__pin__get_packed_size(&pin), 1);
	*len = mvmp__pin__pack(&pin, body);
	free(domain);
	free(cpus);
	return body;
}

static void object_name(
	char *to, size_t size, const struct pin_words *words, const Mvmp__PinAnswer *answer)
{
	if (words->emulator)
		snprintf(to, size, "%s emulator", answer->domain_name);
	else
		snprintf(to, size, "%s vCPU %u", answer->domain_name, answer->vcpu);
}

static json_t *pin_json(const struct mvctl_reply *reply, const Mvmp__PinAnswer *answer,
	const struct pin_words *words, bool dry_run)
{
	char uuid[37], id[2 * MVMP_ID_LEN + 1];
	json_t *object = json_object();

	json_object_set_new(object, "node", mvctl_json_text(reply->name));
	json_object_set_new(object, "domain", mvctl_json_text(answer->domain_name));
	json_object_set_new(object, "uuid",
		answer->domain.len == MVMP_ID_LEN
			? json_string(mvmp_uuid_text(uuid, answer->domain.data))
			: json_null());
	json_object_set_new(
		object, "vcpu", words->emulator ? json_null() : json_integer(answer->vcpu));
	json_object_set_new(object, "emulator", json_boolean(words->emulator));
	json_object_set_new(object, "before", mvctl_json_text(answer->before));
	json_object_set_new(object, "asked", mvctl_json_text(answer->asked));
	json_object_set_new(
		object, "read_back", dry_run ? json_null() : mvctl_json_text(answer->after));
	json_object_set_new(object, "read_back_after_ns", mvctl_json_uint(answer->read_back_ns));
	json_object_set_new(
		object, "wish", answer->wish ? mvctl_json_uint(answer->wish) : json_null());
	json_object_set_new(object, "dry_run", json_boolean(dry_run));
	json_object_set_new(object, "simulated", json_boolean(answer->simulated));
	json_object_set_new(
		object, "operation", json_string(mvmp_hex(id, reply->operation, MVMP_ID_LEN)));
	return object;
}

static void print_pin(struct mvctl *ctl, const struct mvctl_reply *reply,
	const Mvmp__PinAnswer *answer, const struct pin_words *words)
{
	char object[100];

	object_name(object, sizeof object, words, answer);
	fprintf(ctl->out, "%s on %s: %s -> %s", object, reply->name, answer->before, answer->asked);
	if (ctl->opt.dry_run)
		fputs(", nothing changed (--dry-run)", ctl->out);
	else
		fprintf(ctl->out, ", read back %s after %.0f ms", answer->after,
			(double)answer->read_back_ns / 1e6);
	if (answer->wish)
		fprintf(ctl->out, ", kept as wish %llu", (unsigned long long)answer->wish);
	fputs(answer->simulated ? ", simulated\n" : "\n", ctl->out);
}

/* Applied, but the system says something else: the answer's own words, then what to look at. */
static void say_drift(
	struct mvctl_reply *reply, const Mvmp__PinAnswer *answer, const struct pin_words *words)
{
	char object[100], hint[sizeof reply->error.hint];

	object_name(object, sizeof object, words, answer);
	snprintf(hint, sizeof hint, "%s", reply->error.hint);
	mvmp_fail(&reply->error, MVMP_DRIFT, "%s on %s: asked %s, read back %s; not as asked",
		object, reply->name, answer->asked, answer->after);
	if (hint[0])
		mvmp_hint(&reply->error, "%s", hint);
	else
		mvmp_hint(&reply->error, "the wish is kept and shown in: mvctl -n %s show drift",
			reply->name);
}

static void finish_reply(struct mvctl *ctl, struct mvctl_reply *reply,
	const struct pin_words *words, struct mvctl_changes *changes)
{
	char object[100];
	Mvmp__PinAnswer *answer;
	int status = reply->error.status;

	if (status != MVMP_OK && (status != MVMP_DRIFT || !reply->body_len))
		return;
	answer = mvmp__pin_answer__unpack(NULL, reply->body_len, reply->body);
	if (!answer) {
		mvctl_bad_answer(reply);
		return;
	}
	mvctl_clean(answer->domain_name);
	mvctl_clean(answer->before);
	mvctl_clean(answer->asked);
	mvctl_clean(answer->after);
	if (mvctl_wants_json(ctl)) {
		mvctl_add_item(ctl, pin_json(reply, answer, words, ctl->opt.dry_run));
	} else if (status == MVMP_OK && changes) {
		object_name(object, sizeof object, words, answer);
		mvctl_changes_add(changes, reply->name, object, answer->before, answer->asked);
	} else if (status == MVMP_OK) {
		print_pin(ctl, reply, answer, words);
	}
	if (status == MVMP_DRIFT)
		say_drift(reply, answer, words);
	mvmp__pin_answer__free_unpacked(answer, NULL);
}

static int pin_on(struct mvctl *ctl, const struct mvctl_nodes *nodes, const struct pin_words *words)
{
	struct mvctl_reply *replies = mvctl_alloc(nodes->count, sizeof replies[0]);
	struct mvctl_changes changes = {0};
	size_t len;
	uint8_t *body = pack_pin(words, ctl->opt.dry_run, &len);
	int rc = mvctl_ask_all(ctl, nodes, MVMP_ROLE_NODE, MVMP_VERB_PIN, body, len, replies);

	for (unsigned i = 0; i < nodes->count && !rc; i++)
		finish_reply(ctl, &replies[i], words, nodes->count > FOLD_FROM ? &changes : NULL);
	mvctl_changes_print(ctl->out, &changes);
	mvctl_changes_clear(&changes);
	if (!rc)
		mvctl_report_setter(ctl, replies, nodes->count, words->what, words->words);
	mvctl_replies_clear(replies, nodes->count);
	free(replies);
	free(body);
	return rc ? rc : mvctl_result(ctl);
}

static int select_and_pin(struct mvctl *ctl, const struct pin_words *words)
{
	struct mvctl_nodes nodes;
	int rc = mvctl_select_nodes(ctl, &nodes);

	if (rc)
		return rc;
	rc = mvctl_confirm(ctl, nodes.count, words->what);
	if (!rc)
		rc = pin_on(ctl, &nodes, words);
	mvctl_nodes_clear(&nodes);
	return rc;
}

static int read_vcpu(struct mvctl *ctl, struct pin_words *words, const char *text)
{
	words->emulator = !strcmp(text, "emulator");
	if (!words->emulator && !mvctl_read_number(ctl, "vCPU", text, 0, 4095, &words->vcpu))
		return MVCTL_EXIT_USAGE;
	return 0;
}

/* Digits, commas and ranges; what the node has it says itself. */
static bool is_cpu_list(const char *text)
{
	return *text >= '0' && *text <= '9' && strspn(text, "0123456789,-") == strlen(text);
}

static int run_pin(struct mvctl *ctl, int argc, char **argv)
{
	struct pin_words words = {0};
	int rc;

	if (mvctl_getopt(ctl, argc, argv, "", (struct option[]){{0}}) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind != 3)
		return mvctl_usage(ctl, "pin takes DOMAIN VCPU CPUS; see: mvctl help pin");
	words.domain = argv[optind];
	words.cpus = !strcmp(argv[optind + 2], "any") ? "" : argv[optind + 2];
	rc = read_vcpu(ctl, &words, argv[optind + 1]);
	if (rc)
		return rc;
	if (*words.cpus && !is_cpu_list(words.cpus))
		return mvctl_usage(
			ctl, "pCPUs %s: they are a list like 4, 0-3 or 0-3,8, or any", words.cpus);
	snprintf(words.what, sizeof words.what, "pin %.60s %s %s", words.domain,
		words.emulator ? "emulator" : "vCPU", words.emulator ? "" : argv[optind + 1]);
	snprintf(words.words, sizeof words.words, "pin %.60s %s %.100s", words.domain,
		argv[optind + 1], argv[optind + 2]);
	return select_and_pin(ctl, &words);
}

const struct mvctl_command mvctl_pin = {
	.name = "pin",
	.group = MVCTL_CHANGE,
	.summary = "let a vCPU run on these pCPUs only, and read it back",
	.help = "  mvctl -n r1-n01 pin web-07 0 4          vCPU 0 on pCPU 4\n"
		"  mvctl -n r1-n01 pin web-07 1 0-3,8\n"
		"  mvctl -n r1-n01 pin web-07 emulator 0   QEMU's own threads\n"
		"  mvctl -n r1-n01 --dry-run pin web-07 0 4\n\n"
		"usage: mvctl [-n NODE] pin DOMAIN VCPU CPUS\n\n"
		"DOMAIN is a name, UUID or number; VCPU a number or `emulator`; CPUS a list of "
		"pCPUs\n"
		"or `any`. Prints: before -> asked, and what was read back. The wish is kept by "
		"the\n"
		"node and shown in `show drift` when something else changes it.\n\n"
		"Role: operator. Exit codes: 2 the node has no such pCPU, 3 no such domain or "
		"vCPU,\n"
		"4 not allowed, 7 outcome unknown (ask with `op`), 9 read back differs.\n",
	.run = run_pin,
};

static int run_unpin(struct mvctl *ctl, int argc, char **argv)
{
	struct pin_words words = {.cpus = ""};
	int rc;

	if (mvctl_getopt(ctl, argc, argv, "", (struct option[]){{0}}) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind != 2)
		return mvctl_usage(ctl, "unpin takes DOMAIN VCPU; see: mvctl help unpin");
	words.domain = argv[optind];
	rc = read_vcpu(ctl, &words, argv[optind + 1]);
	if (rc)
		return rc;
	snprintf(words.what, sizeof words.what, "unpin %.60s %s %s", words.domain,
		words.emulator ? "emulator" : "vCPU", words.emulator ? "" : argv[optind + 1]);
	snprintf(words.words, sizeof words.words, "unpin %.60s %s", words.domain, argv[optind + 1]);
	return select_and_pin(ctl, &words);
}

const struct mvctl_command mvctl_unpin = {
	.name = "unpin",
	.group = MVCTL_CHANGE,
	.summary = "let a vCPU run on any pCPU again",
	.help = "  mvctl -n r1-n01 unpin web-07 0\n"
		"  mvctl -n r1-n01 unpin web-07 emulator\n\n"
		"usage: mvctl [-n NODE] unpin DOMAIN VCPU\n\n"
		"Role: operator. Exit codes as of pin.\n",
	.run = run_unpin,
};
