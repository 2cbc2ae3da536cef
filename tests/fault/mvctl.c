/* SPDX-License-Identifier: Apache-2.0 */

/* What mvctl makes of answers. Without memory it ends with a sentence and exit status, rather than
 * print a part: so each try is a process of its own. */

#include "../unit/cmocka_all.h"
#include <fault_run.h>
#include <mvctl.h>
#include <nodeset.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <table.h>
#include <unistd.h>

enum { WRONG = 99 };

static const struct mvctl_column columns[] = {
	{"node", "NODE", 0, NULL},
	{"state", "STATE", MVCTL_STATE, NULL},
	{"cpu_percent", "CPU%", MVCTL_RIGHT, mvctl_human_1},
};

static const char text_table[] = "NODE    STATE   CPU%\n"
				 "r1-n10  up     212.4\n"
				 "r1-n2   down       -\n";
static const char json_rows[] = "{\"node\": \"r1-n10\", \"state\": \"up\", \"cpu_percent\": 212.44}"
				"{\"node\": \"r1-n2\", \"state\": \"down\", \"cpu_percent\": null}";

static int way, status;
static char *told; /* what the process wrote to standard error; shared with it */
static bool *fault;

static void make(int with)
{
	way = with;
	if (told)
		return;
	told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(told, MAP_FAILED);
	fault = (bool *)(told + 4000);
}

static void fill(struct mvctl_table *table)
{
	struct mvctl_row *row;

	mvctl_table_init(table);
	mvctl_table_add_all(table, columns, sizeof columns / sizeof columns[0]);
	row = mvctl_table_row(table);
	mvctl_put_text(&row->cell[0], "r1-n10");
	mvctl_put_text(&row->cell[1], "up");
	mvctl_put_real(&row->cell[2], 212.44);
	row = mvctl_table_row(table);
	mvctl_put_text(&row->cell[0], "r1-n2");
	mvctl_put_text(&row->cell[1], "down");
}

static void print_json(FILE *out, struct mvctl_table *table)
{
	for (unsigned i = 0; i < 2; i++) {
		json_t *row = mvctl_row_json(table, &table->row[i]);
		char *text = json_dumps(row, JSON_REAL_PRECISION(5));

		fputs(text, out);
		free(text);
		json_decref(row);
	}
}

/* Into a fixed buffer, so that only mvctl's own calls can fail. */
static bool print_table(char *to, size_t size)
{
	struct mvctl_style style = {0};
	struct mvctl_table table;
	FILE *out = fmemopen(to, size, "w");

	fill(&table);
	if (way)
		print_json(out, &table);
	else
		mvctl_table_print(out, &table, &style);
	mvctl_table_clear(&table);
	fault_pause();
	fclose(out);
	fault_resume();
	return !strcmp(to, way ? json_rows : text_table);
}

static bool fold_nodes(void)
{
	struct mvctl_names names = {0};
	struct mvmp_error err;
	bool right = !mvctl_nodeset_expand(&names, "r1-n[08-10],x", &err) && names.count == 4 &&
		     !strcmp(names.name[2], "r1-n10") && !strcmp(names.name[3], "x");

	mvctl_names_clear(&names);
	return right;
}

static void work(void)
{
	struct mvctl ctl;
	char text[2048] = "";
	bool right;

	if (!freopen("/dev/null", "w", stderr))
		_exit(WRONG);
	setvbuf(stderr, told, _IOFBF, 2048); /* seen by the test when the process ends */
	mvctl_init(&ctl, "mvctl");
	right = way < 2 ? print_table(text, sizeof text) : fold_nodes();
	mvctl_clear(&ctl);
	*fault = fault_disarm();
	_exit(right ? MVCTL_EXIT_OK : WRONG);
}

static void note_end(void)
{
	*fault = fault_disarm();
	_exit(MVCTL_EXIT_FAILED);
}

static void run(void)
{
	pid_t pid;

	memset(told, 0, 4096);
	fault_pause();
	pid = fork();
	if (!pid) {
		fault_resume();
		atexit(note_end);
		work();
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fault_resume();
	/* The plan is the child's: here it has not fallen yet. */
	while (*fault && !fault_here(FAULT_MEMORY, NULL))
		;
}

static void check(enum fault_was was)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), was ? MVCTL_EXIT_FAILED : MVCTL_EXIT_OK);
	if (was)
		assert_non_null(strstr(told, "out of memory"));
}

static const struct fault_row rows[] = {
	{"table", FAULT_MEMORY, make, run, check, NULL, 0},
	{"JSON", FAULT_MEMORY, make, run, check, NULL, 1},
	{"set of nodes", FAULT_MEMORY, make, run, check, NULL, 2},
};

int main(int argc, char **argv)
{
	return fault_run("mvctl", rows, sizeof rows / sizeof rows[0], argc, argv);
}
