/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_RUN_TICKETS_H
#define MVMP_RUN_TICKETS_H

/*
 * Tickets on disk: 16 bytes "mvmp tickets v1\n", then 48 for each: owner (the first 8 bytes of the
 * hash of the key that it was given to), responder, id, secret. It is a cache: what is missing,
 * broken, or readable by others is taken for empty, and what cannot be written is written next
 * time.
 */

#include <mvmp/endpoint.h>

enum { MVMP_TICKET_FILE_MOST = 16384 }; /* the oldest go first */

struct mvmp_ticket_file;

/* For the tickets of one member's key. NULL without memory. The path is copied. */
struct mvmp_ticket_file *mvmp_ticket_file_new(const char *path, const struct mvmp_identity *own);
/* Hands the tickets that are kept to the endpoint; returns how many. */
unsigned mvmp_ticket_file_load(const struct mvmp_ticket_file *file, struct mvmp_endpoint *ep);
/* Notes one to be kept. */
void mvmp_ticket_file_note(struct mvmp_ticket_file *file, const struct mvmp_ticket *ticket);
/* Adds what was noted to the file as it is by now, atomically; makes its directory. Does nothing
 * when nothing was noted. 0 or negative errno. */
int mvmp_ticket_file_save(struct mvmp_ticket_file *file);
void mvmp_ticket_file_free(struct mvmp_ticket_file *file); /* wipes; NULL allowed */

#endif
