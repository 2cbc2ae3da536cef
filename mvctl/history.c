/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"
#include "commands.h"
#include "jsonout.h"
#include "net.h"
#include "options.h"
#include "scale.h"
#include "show.h"
#include "times.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int set_option(struct mvctl *ctl, int c, struct mvctl_history_words *words, int64_t now)
{
	struct mvmp_error error;
	double seconds;

	switch (c) {
	case 'F':
	case 'T':
		if (mvctl_time_parse(c == 'F' ? &words->from_s : &words->to_s, optarg, now, &error))
			return mvctl_report(ctl, &error, NULL, NULL);
		return 0;
	case 'S':
		if (mvctl_span_parse(&seconds, optarg, &error))
			return mvctl_report(ctl, &error, NULL, NULL);
		words->step_s = (unsigned long)ceil(seconds);
		return 0;
	case 'W':
		return !mvctl_read_number(ctl, "--width", optarg, 100, 4000, &words->width)
			       ? MVCTL_EXIT_USAGE
			       : 0;
	case 'H':
		return !mvctl_read_number(ctl, "--height", optarg, 50, 4000, &words->height)
			       ? MVCTL_EXIT_USAGE
			       : 0;
	case 'o':
		words->file = optarg;
		return 0;
	default:
		return MVCTL_EXIT_USAGE;
	}
}

int mvctl_history_options(struct mvctl *ctl, int argc, char **argv, struct mvctl_history_words *ret)
{
	static const struct option options[] = {{"from", required_argument, NULL, 'F'},
		{"to", required_argument, NULL, 'T'}, {"step", required_argument, NULL, 'S'},
		{"output", required_argument, NULL, 'o'}, {"width", required_argument, NULL, 'W'},
		{"height", required_argument, NULL, 'H'}, {0}};
	bool graph = !strcmp(argv[0], "graph");
	int64_t now = time(NULL);
	int c, rc = 0;

	*ret = (struct mvctl_history_words){
		.from_s = now - 3600, .to_s = now, .width = 800, .height = 240};
	while (!rc && (c = mvctl_getopt(ctl, argc, argv, graph ? "o:" : "", options)) != -1)
		rc = set_option(ctl, c, ret, now);
	if (rc)
		return rc;
	if (argc - optind != 2)
		return mvctl_usage(
			ctl, "%s takes ENTITY METRIC; see: mvctl help %s", argv[0], argv[0]);
	if (ret->from_s >= ret->to_s)
		return mvctl_usage(ctl, "--from is %.0f s after --to; it must be before",
			(double)ret->from_s - (double)ret->to_s);
	ret->entity = argv[optind];
	ret->metric = argv[optind + 1];
	return 0;
}

Mvmp__HistoryRead mvctl_history_request(const struct mvctl_history_words *words)
{
	Mvmp__HistoryRead request = MVMP__HISTORY_READ__INIT;

	request.entity = words->entity;
	request.metric = words->metric;
	request.from_s = words->from_s;
	request.to_s = words->to_s;
	request.step_s = (uint32_t)words->step_s;
	return request;
}

int mvctl_history_read(
	struct mvctl *ctl, const struct mvctl_history_words *words, Mvmp__HistoryAnswer **ret)
{
	Mvmp__HistoryRead request = mvctl_history_request(words);
	struct mvctl_reply reply = {0};
	struct mvctl_node node = {0};
	uint8_t *body;
	size_t len;
	int rc = mvctl_select_aggregator(ctl, &node);

	if (rc)
		return rc;
	body = mvctl_alloc(mvmp__history_read__get_packed_size(&request), 1);
	len = mvmp__history_read__pack(&request, body);
	rc = mvctl_ask_one(
		ctl, &node, MVMP_ROLE_AGGREGATOR, MVMP_VERB_HISTORY_READ, body, len, &reply);
	free(body);
	if (rc)
		return rc;
	if (reply.error.status == MVMP_OK) {
		*ret = mvmp__history_answer__unpack(NULL, reply.body_len, reply.body);
		if (!*ret)
			mvctl_bad_answer(&reply);
	}
	mvctl_report_replies(ctl, &reply, 1, "history");
	mvctl_replies_clear(&reply, 1);
	return mvctl_result(ctl);
}

char *mvctl_clock_text(char *to, size_t size, uint64_t at_s, uint64_t now_s)
{
	time_t at = (time_t)at_s, now = (time_t)now_s;
	struct tm day, today;

	to[0] = '\0';
	if (!localtime_r(&at, &day) || !localtime_r(&now, &today))
		return to;
	if (day.tm_yday == today.tm_yday && day.tm_year == today.tm_year)
		strftime(to, size, "%H:%M:%S", &day);
	else
		strftime(to, size, "%Y-%m-%dT%H:%M:%S", &day);
	return to;
}

/* Three digits that count. */
static const char *figure(char to[static 24], double value)
{
	double size = fabs(value);

	if (isnan(value))
		return "-";
	if (size == 0)
		return "0";
	snprintf(to, 24, "%.*f", size >= 100 ? 0 : size >= 10 ? 1 : 2, value);
	return to;
}

void mvctl_print_summary(FILE *out, double now, double min, double avg, double max,
	const char *unit, uint64_t max_at_s)
{
	struct mvctl_scale scale = mvctl_scale_of(unit, fmax(fabs(max), fabs(min)));
	char a[24], b[24], c[24], d[24], clock[32];

	fprintf(out, "  now %s   min %s   avg %s   max %s %s", figure(a, now * scale.factor),
		figure(b, min * scale.factor), figure(c, avg * scale.factor),
		figure(d, max * scale.factor), scale.unit);
	if (max_at_s)
		fprintf(out, " at %s",
			mvctl_clock_text(clock, sizeof clock, max_at_s, mvmp_wall_s(NULL)));
	fputc('\n', out);
}

/* No finer than people read; JSON and TSV have all digits. */
static char *value_text(char *to, size_t size, double value)
{
	double magnitude = fabs(value);

	snprintf(to, size, "%.*f", magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : 2, value);
	return to;
}

static const struct mvctl_column columns[] = {
	{"at", "TIME", 0, NULL},
	{"value", "VALUE", MVCTL_RIGHT, value_text},
};

static void add_extra(struct mvctl *ctl, const struct mvctl_history_words *words,
	const Mvmp__HistoryAnswer *answer)
{
	ctl->extra = json_object();
	json_object_set_new(ctl->extra, "entity", mvctl_json_text(words->entity));
	json_object_set_new(ctl->extra, "metric", mvctl_json_text(words->metric));
	json_object_set_new(ctl->extra, "title", mvctl_json_text(answer->title));
	json_object_set_new(ctl->extra, "unit", mvctl_json_text(answer->unit));
	json_object_set_new(ctl->extra, "step_s", json_integer(answer->step_s));
	json_object_set_new(ctl->extra, "simulated", json_boolean(answer->simulated));
}

static int emit(struct mvctl *ctl, const struct mvctl_history_words *words,
	const Mvmp__HistoryAnswer *answer)
{
	struct mvctl_table table;
	int rc;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, columns, 2);
	for (size_t i = 0; i < answer->n_value; i++) {
		time_t at = (time_t)(answer->start_s + i * answer->step_s);
		struct mvctl_cell *cell = mvctl_table_row(&table)->cell;
		char text[32];
		struct tm tm;

		if (gmtime_r(&at, &tm))
			strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
		mvctl_put_text(&cell[0], text);
		if (!isnan(answer->value[i]))
			mvctl_put_real(&cell[1], answer->value[i]);
	}
	add_extra(ctl, words, answer);
	rc = mvctl_emit_table(ctl, &table);
	mvctl_table_clear(&table);
	mvctl_clean(answer->title);
	mvctl_clean(answer->unit);
	if (!rc)
		mvctl_note(ctl, "%s: %zu values of %u s in %s%s", answer->title, answer->n_value,
			answer->step_s, answer->unit, answer->simulated ? ", simulated" : "");
	return rc;
}

static int run_history(struct mvctl *ctl, int argc, char **argv)
{
	Mvmp__HistoryAnswer *answer = NULL;
	struct mvctl_history_words words;
	int rc = mvctl_history_options(ctl, argc, argv, &words);

	if (!rc)
		rc = mvctl_history_read(ctl, &words, &answer);
	if (!rc && answer)
		rc = emit(ctl, &words, answer);
	if (answer)
		mvmp__history_answer__free_unpacked(answer, NULL);
	return rc;
}

const struct mvctl_command mvctl_history = {
	.name = "history",
	.group = MVCTL_HISTORY,
	.summary = "what a metric was, as a table or JSON",
	.help = "  mvctl history r1-n01 cpu --from -6h\n"
		"  mvctl history r1-n01/web-07/vif0 rx --from 2026-11-20T10:00 --step 5m --json\n\n"
		"usage: mvctl history ENTITY METRIC [--from T] [--to T] [--step SPAN]\n\n"
		"ENTITY: NODE, NODE/cpu3, NODE/numa0, NODE/pool0, NODE/DOMAIN, NODE/DOMAIN/vcpu0,\n"
		"NODE/DOMAIN/vif0, NODE/DOMAIN/vda. T: now, -6h, -2d, 2026-11-20T10:00,\n"
		"@1763600000. mvstatsd answers; a time without data has no value.\n\n"
		"Role: observer. Exit codes: 3 no such entity or metric, 5 no aggregator "
		"answers.\n",
	.run = run_history,
};
