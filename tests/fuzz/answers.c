/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "no_net.h"
#include <mvmp.pb-c.h>
#include <perfcout.h>
#include <unistd.h>

/*
 * A node or an aggregator in bad hands against the one who asks it by mvctl. The first byte is the
 * command, the second the output's format; then answers (no_net.h). Whatever they say, the command
 * ends, prints nothing that steers a terminal, and its JSON is JSON.
 */

static const char *const commands[] = {
	"show nodes",
	"show cpus",
	"show numa",
	"show pools",
	"show domains",
	"show vcpus",
	"show vifs",
	"show vbds",
	"show node",
	"show link",
	"show drift",
	"show audit",
	"show store",
	"nodes",
	"pin web-07 0 4",
	"op 4f1c9a27be00112233445566778899aa",
	"history n1/web-07/vif0 rx",
	"graph n1 cpu",
	"graph n1 cpu -o /dev/null/x.png",
	"stats domains --follow",
	"stats domains",
};

enum { COMMANDS = sizeof commands / sizeof commands[0], PERFC = COMMANDS, ARRAYS };

struct printed {
	char *text;
	size_t len;
};

static FILE *begin(struct printed *printed)
{
	FILE *out = open_memstream(&printed->text, &printed->len);

	if (!out)
		abort();
	return out;
}

/* JSON is for programs: it may hold what a terminal would follow. */
static void check(struct printed *printed, FILE *out, enum mvctl_format format)
{
	json_t *json;

	fclose(out);
	if (format == MVCTL_TEXT_FORMAT || format == MVCTL_TSV)
		fuzz_holds(fuzz_is_harmless(printed->text, printed->len),
			"what is printed is harmless");
	if (format == MVCTL_JSON && printed->len) {
		json = json_loads(printed->text, 0, NULL);
		fuzz_holds(json, "JSON is JSON");
		json_decref(json);
	}
	free(printed->text);
}

static void run_command(struct mvctl *ctl, const char *line)
{
	char words[128], *rest = NULL, *argv[8] = {0}, *word;
	const char *closest;
	int argc = 0;

	snprintf(words, sizeof words, "%s", line);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	optind = 0; /* getopt(3) begins anew */
	mvctl_set_schema(ctl, argv[0]);
	mvctl_find_command(argv[0], &closest)->run(ctl, argc, argv);
	mvctl_print_document(ctl);
}

static void run(unsigned number, uint8_t how)
{
	struct printed out_text, err_text;
	struct mvctl ctl;

	mvctl_init(&ctl, "mvctl");
	ctl.out = begin(&out_text);
	ctl.err = begin(&err_text);
	ctl.opt.format = how & 3;
	ctl.opt.wide = how & 4;
	ctl.opt.all = how & 8;
	run_command(&ctl, commands[number]);
	check(&out_text, ctl.out, ctl.opt.format);
	check(&err_text, ctl.err, MVCTL_TEXT_FORMAT);
	mvctl_disconnect(&ctl);
	mvctl_clear(&ctl);
}

static void print_counters(const uint8_t *bytes, size_t len, bool arrays)
{
	Mvmp__PerfAnswer *answer = mvmp__perf_answer__unpack(NULL, len, bytes);
	struct printed printed;
	char names[200];
	json_t *json;
	FILE *out;

	if (!answer)
		return;
	out = begin(&printed);
	mvctl_perfc_print(out, answer, arrays);
	fputs(mvctl_perfc_close_names(names, sizeof names, answer, "cycles"), out);
	check(&printed, out, MVCTL_TEXT_FORMAT);
	json = mvctl_perfc_json("n1", answer, arrays);
	fuzz_holds(json, "counters become JSON");
	json_decref(json);
	mvmp__perf_answer__free_unpacked(answer, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	unsigned number;

	if (len < 2)
		return 0;
	number = bytes[0] % (ARRAYS + 1);
	no_net_answers(bytes + 2, len - 2);
	if (number >= PERFC)
		print_counters(bytes + 2, len - 2, number == ARRAYS);
	else
		run(number, bytes[1]);
	return 0;
}
