/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "history.h"
#include "human.h"
#include "jsonout.h"
#include "net.h"
#include "plot.h"
#include "scale.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a > b && !strcasecmp(text + a - b, end);
}

static uint8_t *pack(const struct mvctl_history_words *words, size_t *len)
{
	Mvmp__HistoryRead what = mvctl_history_request(words), *list = &what;
	Mvmp__GraphRead request = MVMP__GRAPH_READ__INIT;
	uint8_t *body;

	request.what = &list;
	request.n_what = 1;
	request.width = (uint32_t)words->width;
	request.height = (uint32_t)words->height;
	request.svg = ends_with(words->file, ".svg");
	body = mvctl_alloc(mvmp__graph_read__get_packed_size(&request), 1);
	*len = mvmp__graph_read__pack(&request, body);
	return body;
}

static int write_file(struct mvctl *ctl, const char *path, const ProtobufCBinaryData *image)
{
	struct mvmp_error error;
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(image->data, 1, image->len, file) == image->len;
	int code = errno;

	if (file && fclose(file)) {
		good = false;
		code = errno;
	}
	if (good)
		return 0;
	mvmp_fail(&error, code == EACCES ? MVMP_PERMISSION : MVMP_IO, "cannot write %s: %s", path,
		strerror(code));
	return mvctl_report(ctl, &error, NULL, NULL);
}

static void print_graph(
	struct mvctl *ctl, const struct mvctl_history_words *words, const Mvmp__GraphAnswer *answer)
{
	uint64_t now = mvmp_wall_s(NULL);
	char span[32], first[32], last[32];

	fprintf(ctl->out, "%s: %s %ux%u, %s, %u points of %u s", words->file,
		ends_with(words->file, ".svg") ? "SVG" : "PNG", answer->width, answer->height,
		mvctl_human_duration(
			span, sizeof span, (uint64_t)(words->to_s - words->from_s) * MVMP_NS_PER_S),
		answer->points, answer->step_s);
	if (answer->missing)
		fprintf(ctl->out, ", %u missing (%s to %s)", answer->missing,
			mvctl_clock_text(first, sizeof first, answer->first_gap_s, now),
			mvctl_clock_text(last, sizeof last, answer->last_gap_s, now));
	fputc('\n', ctl->out);
	for (size_t i = 0; i < answer->n_line; i++) {
		const Mvmp__GraphAnswer__Line *line = answer->line[i];

		mvctl_clean(line->title);
		mvctl_print_summary(ctl->out, line->now, line->min, line->avg, line->max,
			line->unit, line->max_at_s);
		if (line->simulated)
			mvctl_note(ctl, "%s: simulated", line->title);
	}
}

static json_t *graph_json(const struct mvctl_history_words *words, const Mvmp__GraphAnswer *answer)
{
	json_t *object = json_object(), *lines = json_array();

	for (size_t i = 0; i < answer->n_line; i++) {
		const Mvmp__GraphAnswer__Line *line = answer->line[i];
		json_t *item = json_object();

		json_object_set_new(item, "title", mvctl_json_text(line->title));
		json_object_set_new(item, "unit", mvctl_json_text(line->unit));
		json_object_set_new(item, "now", mvctl_json_real(line->now));
		json_object_set_new(item, "min", mvctl_json_real(line->min));
		json_object_set_new(item, "avg", mvctl_json_real(line->avg));
		json_object_set_new(item, "max", mvctl_json_real(line->max));
		json_object_set_new(
			item, "max_at", mvctl_json_time(line->max_at_s * MVMP_NS_PER_S));
		json_object_set_new(item, "simulated", json_boolean(line->simulated));
		json_array_append_new(lines, item);
	}
	json_object_set_new(object, "file", mvctl_json_text(words->file));
	json_object_set_new(object, "width", json_integer(answer->width));
	json_object_set_new(object, "height", json_integer(answer->height));
	json_object_set_new(object, "points", json_integer(answer->points));
	json_object_set_new(object, "step_s", json_integer(answer->step_s));
	json_object_set_new(object, "missing", json_integer(answer->missing));
	json_object_set_new(object, "lines", lines);
	return object;
}

static int draw_file(struct mvctl *ctl, const struct mvctl_history_words *words)
{
	Mvmp__GraphAnswer *answer = NULL;
	struct mvctl_reply reply = {0};
	struct mvctl_node node = {0};
	uint8_t *body;
	size_t len;
	int rc = mvctl_select_aggregator(ctl, &node);

	if (rc)
		return rc;
	body = pack(words, &len);
	rc = mvctl_ask_one(ctl, &node, MVMP_ROLE_AGGREGATOR, MVMP_VERB_GRAPH, body, len, &reply);
	free(body);
	if (!rc && reply.error.status == MVMP_OK) {
		answer = mvmp__graph_answer__unpack(NULL, reply.body_len, reply.body);
		if (!answer)
			mvctl_bad_answer(&reply);
	}
	if (!rc)
		mvctl_report_replies(ctl, &reply, 1, "graph");
	if (answer)
		rc = write_file(ctl, words->file, &answer->image);
	if (answer && !rc && mvctl_wants_json(ctl))
		mvctl_add_item(ctl, graph_json(words, answer));
	else if (answer && !rc)
		print_graph(ctl, words, answer);
	if (answer)
		mvmp__graph_answer__free_unpacked(answer, NULL);
	mvctl_replies_clear(&reply, 1);
	return rc ? rc : mvctl_result(ctl);
}

static unsigned plot_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 66;
	return size.ws_col - 14u;
}

static int draw_text(struct mvctl *ctl, const struct mvctl_history_words *words)
{
	Mvmp__HistoryAnswer *answer = NULL;
	struct mvctl_series series;
	struct mvctl_scale scale;
	char first[32], last[32];
	uint64_t now = mvmp_wall_s(NULL);
	int rc = mvctl_history_read(ctl, words, &answer);

	if (rc)
		return rc;
	mvctl_clean(answer->title);
	mvctl_series_of(&series, answer->value, answer->n_value);
	scale = mvctl_scale_of(answer->unit, fmax(fabs(series.max), fabs(series.min)));
	fprintf(ctl->out, "%s, %s to %s, %zu points of %u s", answer->title,
		mvctl_clock_text(first, sizeof first, answer->start_s, now),
		mvctl_clock_text(
			last, sizeof last, answer->start_s + answer->n_value * answer->step_s, now),
		answer->n_value, answer->step_s);
	if (series.missing)
		fprintf(ctl->out, ", %zu missing", series.missing);
	fputs(answer->simulated ? ", simulated\n" : "\n", ctl->out);
	mvctl_plot(ctl->out, answer->value, answer->n_value, plot_width(), scale.factor);
	mvctl_print_summary(ctl->out, series.now, series.min, series.avg, series.max, answer->unit,
		series.count ? answer->start_s + series.max_index * answer->step_s : 0);
	mvmp__history_answer__free_unpacked(answer, NULL);
	return 0;
}

static int run_graph(struct mvctl *ctl, int argc, char **argv)
{
	struct mvctl_history_words words;
	int rc = mvctl_history_options(ctl, argc, argv, &words);

	if (rc)
		return rc;
	if (words.file && !ends_with(words.file, ".png") && !ends_with(words.file, ".svg"))
		return mvctl_usage(ctl,
			"graph -o %s: it is a file that ends in .png or .svg; for figures: mvctl "
			"history --json",
			words.file);
	if (words.file)
		return draw_file(ctl, &words);
	if (mvctl_wants_json(ctl))
		return mvctl_usage(
			ctl, "graph --json needs -o FILE; for figures: mvctl history --json");
	return draw_text(ctl, &words);
}

const struct mvctl_command mvctl_graph = {
	.name = "graph",
	.group = MVCTL_HISTORY,
	.summary = "a metric's history drawn into a file, or as text",
	.help = "  mvctl graph r1-n01/web-07/vif0 rx --from -6h -o web-07.png\n"
		"  mvctl graph r1-n01 cpu --from -1h            8 rows of text\n\n"
		"usage: mvctl graph ENTITY METRIC [--from T] [--to T] [--step SPAN]\n"
		"             [-o FILE.png|FILE.svg] [--width PIXELS] [--height PIXELS]\n\n"
		"ENTITY and T as of history. mvstatsd draws; times without data stay blank.\n\n"
		"Role: observer. Exit codes: 3 no such entity or metric, 5 no aggregator "
		"answers.\n",
	.run = run_graph,
};
