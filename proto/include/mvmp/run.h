/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_RUN_H
#define MVMP_RUN_H

/*
 * What the programs share around the sans-I/O core: one endpoint on real links in a libev loop,
 * logging, and the host's identity. Only programs use it (libmvmp-run). Timers follow the
 * endpoint and the client by themselves: before the loop sleeps it asks both for their deadline.
 */

#include <ev.h>
#include <mvmp/client.h>
#include <mvmp/endpoint.h>
#include <mvmp/server.h>

struct mvmp_run;
struct mvmp_key_log;

/* What a program's identity took over while it runs, or lost. */
struct mvmp_run_change {
	bool state, key, cert;		       /* new ones */
	bool former_over;		       /* the former cluster key's time is over */
	const struct mvmp_cert *from;	       /* who brought it; NULL: nobody */
	uint64_t former_number, former_serial; /* of state and certificate before */
};

struct mvmp_run_config {
	struct ev_loop *loop;
	struct mvmp_identity *identity; /* borrowed */
	unsigned sessions_max;
	bool answer_probes;
	/* Every event that neither server nor client consumed. */
	void (*event)(void *ctx, const struct mvmp_event *event);
	/* `identity` changed, and what changed is in force: keep it on disk (mvmp_identity_store(),
	 * in the order state, key, certificate). May be NULL. */
	void (*identity_changed)(void *ctx, const struct mvmp_run_change *change);
	/* This virtual machine was set back to a snapshot, as far as the kernel tells: nothing more
	 * is sent, and the program must end and be started anew. May be NULL. */
	void (*set_back)(void *ctx);
	/* Tickets that peers gave are kept in this file, for the next run; the path is copied.
	 * NULL: they are not kept. */
	const char *ticket_file;
	struct mvmp_key_log *key_log; /* borrowed; NULL: keys are told nobody */
	void *ctx;
};

/* A file that gets the keys of every session, for a dissector (docs/wireshark.md). Opens it for
 * appending, with mode 0600 when it is new; refuses one that is not ours alone. Says on stderr
 * that it is there. */
int mvmp_key_log_open(const char *path, struct mvmp_key_log **ret, struct mvmp_error *err);
void mvmp_key_log_put(struct mvmp_key_log *log, const char *line);
void mvmp_key_log_close(struct mvmp_key_log *log); /* NULL allowed */

/* Makes the endpoint and its timers. Links are added with mvmp_run_add_link(). */
int mvmp_run_new(
	const struct mvmp_run_config *config, struct mvmp_run **ret, struct mvmp_error *err);
void mvmp_run_free(struct mvmp_run *run); /* closes the links it was given */

/* Takes over an open link; returns its number or -status. When the link dies (-ENETDOWN),
 * `down` (may be NULL) is called and the link is closed. */
int mvmp_run_add_link(struct mvmp_run *run, struct mvmp_link *link,
	void (*down)(void *ctx, unsigned index), void *ctx, struct mvmp_error *err);
const struct mvmp_link *mvmp_run_link(const struct mvmp_run *run, unsigned index);
/* The same with its counters up to date, which may take system calls. */
const struct mvmp_link *mvmp_run_link_counted(const struct mvmp_run *run, unsigned index);

struct mvmp_endpoint *mvmp_run_endpoint(struct mvmp_run *run);

/* Made on demand at the first call; owned by the run. */
struct mvmp_client *mvmp_run_client(struct mvmp_run *run);
int mvmp_run_serve(
	struct mvmp_run *run, uint16_t own_roles, mvmp_server_handler *handler, void *ctx);
struct mvmp_server *mvmp_run_server(struct mvmp_run *run);

/* Takes a cluster state (NULL: none) and key (NULL: none) over as if a member had brought them, and
 * hands them to the members connected. -status when something was refused. */
int mvmp_run_take(struct mvmp_run *run, const uint8_t *document, size_t len, const uint8_t *key,
	struct mvmp_error *err);

/* One line for a log: "cluster state 7 -> 8, cluster key generation 2, from ada". */
char *mvmp_run_change_text(char to[static 192], const struct mvmp_run_change *change,
	const struct mvmp_identity *identity);

/* Monotonic ns (CLOCK_BOOTTIME) and wall-clock seconds. */
uint64_t mvmp_now(void);
uint64_t mvmp_wall_s(void *ctx);

/* 16 bytes of /proc/sys/kernel/random/boot_id. */
void mvmp_host_boot(uint8_t to[static MVMP_ID_LEN]);

/* Tells the service manager that started this program, if one listens ($NOTIFY_SOCKET), "READY=1"
 * or "STOPPING=1". 0 (also when nobody listens), -EINVAL for no address, -errno of the socket.
 * Source: sd_notify(3), whose protocol is stable; linking libsystemd for one datagram is not worth
 * the libraries it brings. */
int mvmp_notify(const char *state);

/* One line to stderr with the program's name ("mvagent: ..."), for programs only. */
void mvmp_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Same, for what packets can trigger: at most `burst` lines a minute for each call site, then one
 * line that says how many were left out. */
struct mvmp_log_limit {
	uint64_t minute;
	unsigned count, left_out;
};
void mvmp_log_limited(struct mvmp_log_limit *limit, unsigned burst, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
