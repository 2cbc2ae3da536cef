/* SPDX-License-Identifier: Apache-2.0 */
#include "changes.h"
#include "net.h"
#include "setter.h"
#include "support.h"
#include <stdlib.h>
#include <string.h>

/* What is said of the answers of many nodes. */

struct heard {
	struct mvctl ctl;
	char *text;
	size_t size;
};

static void begin(struct heard *heard)
{
	mvctl_init(&heard->ctl, "mvctl");
	heard->text = NULL;
	heard->ctl.err = open_memstream(&heard->text, &heard->size);
}

static void end(struct heard *heard, int code, const char *expected)
{
	assert_int_equal(mvctl_result(&heard->ctl), code);
	fclose(heard->ctl.err);
	assert_string_equal(heard->text, expected);
	free(heard->text);
	mvctl_clear(&heard->ctl);
}

static struct mvctl_reply reply(const char *name, enum mvmp_status status, const char *text)
{
	struct mvctl_reply r = {.mutates = true, .operation = {0x4f, 0x1c, 0x9a, 0x27, 0xbe}};

	snprintf(r.name, sizeof r.name, "%s", name);
	r.error.status = status;
	snprintf(r.error.text, sizeof r.error.text, "%s", text);
	return r;
}

/* A lost answer names the operation, how long was waited, and the command that settles it. */
static void test_outcome_unknown(void **state)
{
	struct mvctl_reply r = reply("r1-n01", MVMP_OUTCOME_UNKNOWN, "something of the library");
	struct heard heard;

	begin(&heard);
	mvctl_report_setter(&heard.ctl, &r, 1, "pin web-07 vCPU 0", "pin web-07 0 4");
	end(&heard, 7,
		"mvctl: pin web-07 vCPU 0: no answer from r1-n01 in 5.0 s; outcome unknown, "
		"operation 4f1c9a27be0000000000000000000000\n"
		"  hint: it runs at most once; ask: mvctl -n r1-n01 op "
		"4f1c9a27be0000000000000000000000 --wait\n");
}

/* What the node itself says of an outcome it cannot save is kept, and of a change that runs. */
static void test_outcome_told_by_the_node(void **state)
{
	struct mvctl_reply r = reply("r1-n01", MVMP_OUTCOME_UNKNOWN,
		"pin web-07 vCPU 0 to 4 ended as ok, but the journal of r1-n01 cannot be written: "
		"No space left on device");
	struct heard heard;

	r.session = 7;
	mvmp_hint(&r.error, "read back what the node has now");
	begin(&heard);
	mvctl_report_setter(&heard.ctl, &r, 1, "pin web-07 vCPU 0", "pin web-07 0 4");
	end(&heard, 7,
		"mvctl: pin web-07 vCPU 0: r1-n01: pin web-07 vCPU 0 to 4 ended as ok, but the "
		"journal of r1-n01 cannot be written: No space left on device\n"
		"  hint: read back what the node has now\n");
	r.error = (struct mvmp_error){.status = MVMP_RUNNING, .text = "pin is still running"};
	begin(&heard);
	mvctl_report_setter(&heard.ctl, &r, 1, "pin web-07 vCPU 0", "pin web-07 0 4");
	end(&heard, 7,
		"mvctl: pin web-07 vCPU 0: r1-n01: pin is still running\n"
		"  hint: it runs at most once; ask: mvctl -n r1-n01 op "
		"4f1c9a27be0000000000000000000000 --wait\n");
}

/* A refusal says what was refused by whom, and who can help. */
static void test_refused(void **state)
{
	struct mvctl_reply r = reply("r1-n01", MVMP_NOT_ALLOWED,
		"certificate 204 (ada) has role observer, pin needs operator");
	struct heard heard;

	begin(&heard);
	mvctl_report_setter(&heard.ctl, &r, 1, "pin", "pin web-07 0 4");
	end(&heard, 4,
		"mvctl: pin refused by r1-n01: certificate 204 (ada) has role observer, pin needs "
		"operator\n"
		"  hint: who keeps the CA can sign a new one: mvctl ca sign CADIR member.request "
		"--role ROLE -o OUTDIR\n");
}

/* Equal errors of several nodes are one line with the nodes folded; some failed is exit 6. */
static void test_folded_reads(void **state)
{
	struct mvctl_reply replies[] = {
		reply("n1", MVMP_BUSY, "all sessions are in use"),
		reply("n2", MVMP_OK, ""),
		reply("n3", MVMP_BUSY, "all sessions are in use"),
		reply("n4", MVMP_UNSUPPORTED, "n4 has no libvirt"),
	};
	struct heard heard;

	begin(&heard);
	mvctl_report_replies(&heard.ctl, replies, 4, "domains");
	end(&heard, 6,
		"mvctl: n[1,3]: all sessions are in use\n"
		"mvctl: n4 has no libvirt\n"
		"1 of 4 nodes answered, 3 failed\n");
}

/* A change of several ends with a table of failures and the commands to go on. */
static void test_failed_setters(void **state)
{
	struct mvctl_reply replies[] = {
		reply("n1", MVMP_OK, ""),
		reply("n2", MVMP_OUTCOME_UNKNOWN, "no answer in 5.0 s"),
		reply("n3", MVMP_NOT_FOUND, "n3 has no domain web-07"),
		reply("n4", MVMP_NOT_FOUND, "n4 has no domain web-07"),
	};
	struct heard heard;

	begin(&heard);
	mvctl_report_setter(&heard.ctl, replies, 4, "pin web-07 vCPU 0", "pin web-07 0 4");
	end(&heard, 6,
		"FAILED  WHY              DETAIL\n"
		"n2      outcome-unknown  no answer in 5.0 s\n"
		"n3      not-found        n3 has no domain web-07\n"
		"n4      not-found        n4 has no domain web-07\n"
		"1 of 4 changed, 3 failed\n"
		"  settle:  mvctl -n n2 op 4f1c9a27be0000000000000000000000 --wait\n"
		"  again:   mvctl -n 'n[3-4]' pin web-07 0 4\n");
}

/* Forty nodes that did the same are one line that says what it was before. */
static void test_folded_changes(void **state)
{
	struct mvctl_changes changes = {0};
	char name[16], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 1; i <= 40; i++) {
		snprintf(name, sizeof name, "r1-n%02u", i);
		mvctl_changes_add(
			&changes, name, "web-07 vCPU 0", i < 3 ? "0-3" : "any", i == 9 ? "5" : "4");
	}
	mvctl_changes_print(out, &changes);
	fclose(out);
	assert_string_equal(text,
		"r1-n[01-08,10-40]  web-07 vCPU 0  4   39 nodes   was 0-3 2, any 37\n"
		"r1-n09  web-07 vCPU 0  5   1 node   was any 1\n");
	free(text);
	mvctl_changes_clear(&changes);
}

/* Many targets are not changed without saying how many; a wrong number changes nothing. */
static void test_confirm(void **state)
{
	struct mvctl ctl;
	FILE *null = fopen("/dev/null", "w");

	mvctl_init(&ctl, "mvctl");
	ctl.err = null;
	assert_int_equal(mvctl_confirm(&ctl, 10, "pin"), 0);
	assert_int_equal(mvctl_confirm(&ctl, 11, "pin"), 2);
	ctl.opt.confirm = 12;
	assert_int_equal(mvctl_confirm(&ctl, 11, "pin"), 2);
	ctl.opt.confirm = 11;
	assert_int_equal(mvctl_confirm(&ctl, 11, "pin"), 0);
	ctl.opt.confirm = 0;
	ctl.opt.all = true;
	assert_int_equal(mvctl_confirm(&ctl, 2, "pin"), 2);
	ctl.opt.dry_run = true;
	assert_int_equal(mvctl_confirm(&ctl, 2, "pin"), 0);
	mvctl_clear(&ctl);
	fclose(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome_unknown),
		cmocka_unit_test(test_outcome_told_by_the_node),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_folded_reads),
		cmocka_unit_test(test_failed_setters),
		cmocka_unit_test(test_folded_changes),
		cmocka_unit_test(test_confirm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
