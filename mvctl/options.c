/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "times.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each takes the option's value (NULL where it has none) and returns 0 or an exit code. */
typedef int option_set(struct mvctl *ctl, const char *value);

static int set_nodes(struct mvctl *ctl, const char *value)
{
	if (ctl->opt.nodes && strcmp(ctl->opt.nodes, value) != 0)
		return mvctl_usage(ctl, "nodes are named twice: %s and %s", ctl->opt.nodes, value);
	ctl->opt.nodes = value;
	return 0;
}

static int set_all(struct mvctl *ctl, const char *value)
{
	ctl->opt.all = true;
	return 0;
}

static int set_interface(struct mvctl *ctl, const char *value)
{
	ctl->opt.interface = value;
	return 0;
}

static int set_run(struct mvctl *ctl, const char *value)
{
	ctl->opt.run_dir = value;
	return 0;
}

static int set_identity(struct mvctl *ctl, const char *value)
{
	ctl->opt.identity = value;
	return 0;
}

static int set_aggregator(struct mvctl *ctl, const char *value)
{
	ctl->opt.aggregator = value;
	return 0;
}

static int set_key_log(struct mvctl *ctl, const char *value)
{
	ctl->opt.key_log = value;
	return 0;
}

static int set_format(struct mvctl *ctl, enum mvctl_format format)
{
	if (ctl->opt.format != MVCTL_TEXT_FORMAT && ctl->opt.format != format)
		return mvctl_usage(ctl, "--json, --jsonl and --tsv exclude each other");
	ctl->opt.format = format;
	return 0;
}

static int set_json(struct mvctl *ctl, const char *value)
{
	return set_format(ctl, MVCTL_JSON);
}

static int set_jsonl(struct mvctl *ctl, const char *value)
{
	return set_format(ctl, MVCTL_JSONL);
}

static int set_tsv(struct mvctl *ctl, const char *value)
{
	return set_format(ctl, MVCTL_TSV);
}

static int set_no_header(struct mvctl *ctl, const char *value)
{
	ctl->opt.no_header = true;
	return 0;
}

static int set_wide(struct mvctl *ctl, const char *value)
{
	ctl->opt.wide = true;
	return 0;
}

static int set_reverse(struct mvctl *ctl, const char *value)
{
	ctl->opt.reverse = true;
	return 0;
}

static int set_dry_run(struct mvctl *ctl, const char *value)
{
	ctl->opt.dry_run = true;
	return 0;
}

static int set_help(struct mvctl *ctl, const char *value)
{
	ctl->opt.help = true;
	return 0;
}

static int set_version(struct mvctl *ctl, const char *value)
{
	ctl->opt.version = true;
	return 0;
}

static int set_columns(struct mvctl *ctl, const char *value)
{
	ctl->opt.columns = value;
	return 0;
}

static int set_sort(struct mvctl *ctl, const char *value)
{
	ctl->opt.sort = value;
	return 0;
}

static int set_color(struct mvctl *ctl, const char *value)
{
	if (strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 &&
		strcmp(value, "never") != 0)
		return mvctl_usage(ctl, "--color %s: it is auto, always or never", value);
	ctl->opt.color = value;
	return 0;
}

static int set_timeout(struct mvctl *ctl, const char *value)
{
	struct mvmp_error error;

	if (mvctl_span_parse(&ctl->opt.timeout_s, value, &error))
		return mvctl_report(ctl, &error, NULL, NULL);
	if (ctl->opt.timeout_s > 3600)
		return mvctl_usage(ctl, "--timeout %s: at most 1h", value);
	return 0;
}

static int set_confirm(struct mvctl *ctl, const char *value)
{
	unsigned long number;

	if (!mvctl_read_number(ctl, "--confirm", value, 1, 1000000, &number))
		return MVCTL_EXIT_USAGE;
	ctl->opt.confirm = (unsigned)number;
	return 0;
}

static int set_output(struct mvctl *ctl, const char *value)
{
	if (!strcmp(value, "wide"))
		return set_wide(ctl, NULL);
	if (!strcmp(value, "json"))
		return set_json(ctl, NULL);
	if (!strcmp(value, "jsonl"))
		return set_jsonl(ctl, NULL);
	return set_tsv(ctl, NULL);
}

static const struct known_option {
	const char *name;
	char letter;
	bool value;
	option_set *set;
} known_options[] = {
	{"nodes", 'n', true, set_nodes},
	{"mvmac", 0, true, set_nodes},
	{"all", 0, false, set_all},
	{"interface", 'i', true, set_interface},
	{"run", 0, true, set_run},
	{"identity", 0, true, set_identity},
	{"aggregator", 0, true, set_aggregator},
	{"key-log", 0, true, set_key_log},
	{"json", 0, false, set_json},
	{"jsonl", 0, false, set_jsonl},
	{"tsv", 0, false, set_tsv},
	{"no-header", 0, false, set_no_header},
	{"wide", 0, false, set_wide},
	{"columns", 0, true, set_columns},
	{"sort", 0, true, set_sort},
	{"reverse", 'r', false, set_reverse},
	{"color", 0, true, set_color},
	{"timeout", 0, true, set_timeout},
	{"dry-run", 0, false, set_dry_run},
	{"confirm", 0, true, set_confirm},
	{"help", 'h', false, set_help},
	{"version", 0, false, set_version},
};

enum { KNOWN_OPTIONS = sizeof known_options / sizeof known_options[0] };

/* The option that a word names; *value is set to what stands behind "=" or the letter. */
static const struct known_option *find_option(const char *word, const char **value)
{
	*value = NULL;
	for (unsigned i = 0; i < KNOWN_OPTIONS; i++) {
		const struct known_option *known = &known_options[i];
		size_t len = strlen(known->name);

		if (!strncmp(word, "--", 2) && !strncmp(word + 2, known->name, len) &&
			(word[2 + len] == '\0' || word[2 + len] == '=')) {
			*value = word[2 + len] ? word + 3 + len : NULL;
			return known;
		}
		if (known->letter && word[0] == '-' && word[1] == known->letter &&
			(known->value || !word[2])) {
			*value = word[2] ? word + 2 : NULL;
			return known;
		}
	}
	return NULL;
}

/* "-o json" is a habit from elsewhere; where -o is a file it stays one. */
static bool is_output_habit(const char *word, const char *next, const char *command)
{
	static const char *const words[] = {"wide", "json", "jsonl", "tsv"};
	static const char *const files[] = {"graph", "ca", "key"};

	if (strcmp(word, "-o") != 0 || !next || !command)
		return false;
	for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (!strcmp(command, files[i]))
			return false;
	}
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (!strcmp(next, words[i]))
			return true;
	}
	return false;
}

/* Handles one option; *used is how many words it took. */
static int take_option(struct mvctl *ctl, const struct known_option *known, const char *value,
	const char *word, const char *next, int *used)
{
	*used = 1;
	if (!known->value && value)
		return mvctl_usage(ctl, "--%s takes no value", known->name);
	if (known->value && !value) {
		if (!next)
			return mvctl_usage(ctl, "%s needs a value", word);
		value = next;
		*used = 2;
	}
	return known->set(ctl, value);
}

static int check_options(struct mvctl *ctl)
{
	const struct mvctl_options *opt = &ctl->opt;

	if (opt->nodes && opt->all)
		return mvctl_usage(ctl, "-n %s and --all exclude each other", opt->nodes);
	if (opt->wide && opt->columns)
		return mvctl_usage(ctl, "--wide and --columns exclude each other");
	if (mvctl_wants_json(ctl) && (opt->wide || opt->columns || opt->no_header))
		return mvctl_usage(ctl, "--json carries every field: --wide, --columns and "
					"--no-header are for tables");
	return 0;
}

static bool wants_color(const struct mvctl *ctl)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (ctl->opt.color && strcmp(ctl->opt.color, "auto") != 0)
		return !strcmp(ctl->opt.color, "always");
	return isatty(fileno(ctl->out)) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

int mvctl_take_options(struct mvctl *ctl, int *argc, char **argv)
{
	const char *command = NULL, *value;
	int kept = 1, rc = 0;

	for (int i = 1, used; i < *argc && !rc; i += used) {
		const struct known_option *known = find_option(argv[i], &value);
		const char *next = i + 1 < *argc ? argv[i + 1] : NULL;

		used = 1;
		if (!strcmp(argv[i], "--")) {
			while (i < *argc)
				argv[kept++] = argv[i++];
			break;
		}
		if (known) {
			rc = take_option(ctl, known, value, argv[i], next, &used);
		} else if (is_output_habit(argv[i], next, command)) {
			rc = set_output(ctl, next);
			used = 2;
		} else {
			if (!command && argv[i][0] != '-')
				command = argv[i];
			argv[kept++] = argv[i];
		}
	}
	if (rc)
		return rc;
	*argc = kept;
	argv[kept] = NULL;
	ctl->color = wants_color(ctl);
	return check_options(ctl);
}

int mvctl_getopt(struct mvctl *ctl, int argc, char **argv, const char *short_options,
	const struct option *long_options)
{
	static char **current;
	const char *word;
	int c;

	if (!current || current != argv) {
		current = argv;
		optind = 0;
	}
	opterr = 0;
	c = getopt_long(argc, argv, short_options, long_options, NULL);
	if (c != '?' && c != ':')
		return c;
	word = argv[optind > 0 ? optind - 1 : 0];
	if (optopt && (strchr(short_options, optopt) || optopt > 255))
		mvctl_usage(ctl, "%s: %s needs a value", argv[0], word);
	else if (optopt)
		mvctl_usage(ctl, "%s has no option -%c; see: %s help %s", argv[0], optopt,
			ctl->program, argv[0]);
	else
		mvctl_usage(ctl, "%s has no option %s; see: %s help %s", argv[0], word,
			ctl->program, argv[0]);
	return '?';
}

struct mvctl_style mvctl_style(const struct mvctl *ctl)
{
	return (struct mvctl_style){
		.tsv = ctl->opt.format == MVCTL_TSV,
		.no_header = ctl->opt.no_header,
		.wide = ctl->opt.wide,
		.color = ctl->color,
		.reverse = ctl->opt.reverse,
		.columns = ctl->opt.columns,
		.sort = ctl->opt.sort,
	};
}

bool mvctl_read_number(struct mvctl *ctl, const char *what, const char *text, unsigned long min,
	unsigned long max, unsigned long *ret)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max) {
		mvctl_usage(ctl, "%s %s: it is a number from %lu to %lu", what, text, min, max);
		return false;
	}
	*ret = value;
	return true;
}
