/* SPDX-License-Identifier: Apache-2.0 */
#include "perfcout.h"
#include "jsonout.h"
#include "mvctl.h"
#include <mvmp/clean_text.h>
#include <string.h>
#include <strings.h>

static bool is_unsupported(const Mvmp__PerfAnswer__Counter *counter)
{
	return counter->unsupported && counter->unsupported[0];
}

/* A node's text may hold anything but shall not leave its line. */
static void print_name(FILE *out, const char *name)
{
	char clean[256];

	mvmp_clean_text(clean, sizeof clean, name, strlen(name));
	fprintf(out, "%-32s", clean);
}

static void print_counter(FILE *out, const Mvmp__PerfAnswer *answer,
	const Mvmp__PerfAnswer__Counter *counter, bool arrays)
{
	/* A total without its parts: the node has no honest source for each CPU. */
	bool indexed = arrays && counter->n_label;

	print_name(out, counter->name);
	fprintf(out, "  TOTAL[%12llu]", (unsigned long long)counter->total);
	for (size_t i = 0; counter->total && i < counter->n_value; i++) {
		unsigned number = indexed || i >= answer->n_cpu ? (unsigned)i : answer->cpu[i];

		fprintf(out, "  %s%02u[%10llu]", indexed ? "ARR" : "CPU", number,
			(unsigned long long)counter->value[i]);
	}
	fputc('\n', out);
}

void mvctl_perfc_print(FILE *out, const Mvmp__PerfAnswer *answer, bool arrays)
{
	fprintf(out, "Performance counters SHOW (now = 0x%08X:%08X)\n",
		(unsigned)(answer->now_ns >> 32), (unsigned)(answer->now_ns & 0xffffffff));
	for (size_t i = 0; i < answer->n_counter; i++) {
		if (!is_unsupported(answer->counter[i]))
			print_counter(out, answer, answer->counter[i], arrays);
	}
}

unsigned mvctl_perfc_unsupported(const Mvmp__PerfAnswer *answer)
{
	unsigned count = 0;

	for (size_t i = 0; i < answer->n_counter; i++)
		count += is_unsupported(answer->counter[i]);
	return count;
}

static json_t *counter_json(const Mvmp__PerfAnswer__Counter *counter, bool arrays)
{
	json_t *object = json_object(), *values = json_array(), *labels = json_array();
	bool unsupported = is_unsupported(counter);

	for (size_t i = 0; i < counter->n_value && !unsupported; i++)
		json_array_append_new(values, mvctl_json_uint(counter->value[i]));
	for (size_t i = 0; i < counter->n_label; i++)
		json_array_append_new(labels, mvctl_json_text(counter->label[i]));
	json_object_set_new(object, "name", mvctl_json_text(counter->name));
	json_object_set_new(
		object, "total", unsupported ? json_null() : mvctl_json_uint(counter->total));
	json_object_set_new(object, arrays && counter->n_label ? "indexes" : "per_cpu", values);
	json_object_set_new(object, "labels", labels);
	json_object_set_new(object, "source", mvctl_json_text(counter->source));
	json_object_set_new(object, "level", json_boolean(counter->level));
	json_object_set_new(object, "time_enabled_ns", mvctl_json_uint(counter->time_enabled_ns));
	json_object_set_new(object, "time_running_ns", mvctl_json_uint(counter->time_running_ns));
	json_object_set_new(object, "unsupported",
		unsupported ? mvctl_json_text(counter->unsupported) : json_null());
	return object;
}

json_t *mvctl_perfc_json(const char *node, const Mvmp__PerfAnswer *answer, bool arrays)
{
	json_t *object = json_object(), *cpus = json_array(), *counters = json_array();

	for (size_t i = 0; i < answer->n_cpu; i++)
		json_array_append_new(cpus, json_integer(answer->cpu[i]));
	for (size_t i = 0; i < answer->n_counter; i++)
		json_array_append_new(counters, counter_json(answer->counter[i], arrays));
	json_object_set_new(object, "node", mvctl_json_text(node));
	json_object_set_new(object, "simulated", json_boolean(answer->simulated));
	json_object_set_new(object, "now_ns", mvctl_json_uint(answer->now_ns));
	json_object_set_new(object, "reset_ns",
		answer->reset_ns ? mvctl_json_uint(answer->reset_ns) : json_null());
	json_object_set_new(object, "cpus", cpus);
	json_object_set_new(object, "counters", counters);
	return object;
}

char *mvctl_perfc_close_names(
	char *to, size_t size, const Mvmp__PerfAnswer *answer, const char *name)
{
	size_t used = 0;
	unsigned found = 0;

	to[0] = '\0';
	for (size_t i = 0; i < answer->n_counter && found < 5 && used < size; i++) {
		const char *known = answer->counter[i]->name;

		if (!strcasestr(known, name) && !strcasestr(name, known) &&
			mvctl_distance(known, name) > 3)
			continue;
		used += (size_t)snprintf(
			to + used, size - used, "%s%s", found++ ? ", " : "", known);
	}
	return mvctl_clean(to);
}
