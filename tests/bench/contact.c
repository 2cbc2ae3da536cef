/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long commands take from their start to the first byte they print, and to their end, in
 * turns: what a person waits for.
 *
 *   bench-contact ROUNDS NAME COMMAND... [-- NAME COMMAND...]
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 8 };

struct command {
	const char *name;
	char **argv;
	uint64_t *ns, *end_ns, cpu_ns; /* to the answer, to the end */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000ull + (uint64_t)tv.tv_usec * 1000ull;
}

/* When the first byte came; reads to the end. */
static uint64_t read_all(int fd)
{
	uint64_t first = 0;
	char bytes[4096];

	while (read(fd, bytes, sizeof bytes) > 0)
		first = first ? first : now_ns();
	close(fd);
	return first;
}

/* Runs it once; -1 unless it ends with 0. */
static int run(struct command *command, size_t round)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	uint64_t start = now_ns();
	int status, rc, out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	rc = posix_spawnp(&pid, command->argv[0], &actions, NULL, command->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	command->ns[round] = read_all(out[0]) - start;
	if (rc || wait4(pid, &status, 0, &usage) != pid || status)
		return -1;
	command->end_ns[round] = now_ns() - start;
	command->cpu_ns += timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(struct command *command, size_t rounds)
{
	size_t p50 = rounds / 2, p95 = rounds * 95 / 100;

	qsort(command->ns, rounds, sizeof *command->ns, compare);
	qsort(command->end_ns, rounds, sizeof *command->end_ns, compare);
	printf("%-40s %7.2f %7.2f %7.2f %7.2f\n", command->name, (double)command->ns[p50] / 1e6,
		(double)command->ns[p95] / 1e6, (double)command->end_ns[p50] / 1e6,
		(double)command->cpu_ns / 1e6 / (double)rounds);
}

/* Splits the words at "--"; how many commands there are. */
static size_t split(struct command command[static COMMANDS_MAX], char **word, size_t rounds)
{
	size_t n = 0;

	while (*word && n < COMMANDS_MAX) {
		command[n].name = *word++;
		command[n].argv = word;
		command[n].ns = calloc(rounds, sizeof *command[n].ns);
		command[n].end_ns = calloc(rounds, sizeof *command[n].end_ns);
		n++;
		while (*word && strcmp(*word, "--"))
			word++;
		if (*word)
			*word++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct command command[COMMANDS_MAX] = {0};
	size_t rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0, commands;

	if (!rounds) {
		fprintf(stderr, "usage: bench-contact ROUNDS NAME COMMAND... [-- NAME ...]\n");
		return 2;
	}
	commands = split(command, argv + 2, rounds);
	printf("%-40s %7s %7s %7s %7s\n", "PROGRAM, ms FROM ITS START", "ANSWER", "P95", "END",
		"CPU");
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < commands; i++) {
			if (!command[i].ns || !command[i].end_ns || run(&command[i], round)) {
				fprintf(stderr, "bench-contact: %s failed\n", command[i].name);
				return 1;
			}
		}
	}
	for (size_t i = 0; i < commands; i++)
		print(&command[i], rounds);
	return 0;
}
