/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_STATUS_H
#define MVMP_STATUS_H

#include <stdarg.h>

/*
 * The one list of outcomes, on the wire, in C and in `--json` alike. Numbers are part of
 * the protocol and never reused.
 */
enum mvmp_status {
	MVMP_OK = 0,
	MVMP_FAILED = 1,	  /* refused or failed for a reason told in the text */
	MVMP_INVALID = 2,	  /* bad usage or value; nothing was changed */
	MVMP_NOT_FOUND = 3,	  /* no such node, domain, metric, object */
	MVMP_NOT_ALLOWED = 4,	  /* the caller's role does not allow the verb */
	MVMP_NOT_TRUSTED = 5,	  /* certificate expired, revoked, unknown, wrong MAC */
	MVMP_NO_ANSWER = 6,	  /* nobody answered; nothing was changed */
	MVMP_OUTCOME_UNKNOWN = 7, /* the answer got lost; ask for the operation id */
	MVMP_RUNNING = 8,	  /* still running at the deadline; ask for the operation id */
	MVMP_UNSUPPORTED = 9,	  /* this node cannot do or tell it; the text says why */
	MVMP_DRIFT = 10,	  /* applied, but reading back shows another value */
	MVMP_INTERRUPTED = 11,	  /* the agent died while applying; read back to know */
	MVMP_EXPIRED = 12,	  /* operation id older than the journal's horizon */
	MVMP_BUSY = 13,		  /* a limit is reached now; a later try may succeed */
	MVMP_PERMISSION = 14,	  /* the operating system refused (raw socket, file mode) */
	MVMP_CONFLICT = 15,	  /* the id is known with other arguments, or a newer wish */
	MVMP_NO_MEMORY = 16,
	MVMP_IO = 17, /* disk full, descriptor broken */
	MVMP_TOO_LARGE = 18,
	MVMP_STATUS_COUNT
};

/* An outcome with the sentence a person reads. Sentences start in lower case, name the bad
 * value and the allowed ones, and end without a full stop; `hint` is empty or says the next
 * step. Returned by value through a pointer the caller owns; never printed by libraries. */
struct mvmp_error {
	enum mvmp_status status;
	char text[256];
	char hint[192];
};

/* Stable name: "ok", "invalid", "outcome-unknown", ...; "unknown-status" for other numbers. */
const char *mvmp_status_name(int status);

/* Fills *err (which may be NULL) and returns -status, so that a caller can write
 * `return mvmp_fail(err, MVMP_INVALID, "...")`. Clears the hint. */
int mvmp_fail(struct mvmp_error *err, enum mvmp_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the next step to an error that mvmp_fail() filled; returns -err->status (or -1 for NULL). */
int mvmp_hint(struct mvmp_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
