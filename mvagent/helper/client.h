/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_HELPER_CLIENT_H
#define MVA_HELPER_CLIENT_H

/* The protocol process's side of the helper: mva_privops over the two sockets. */

#include "wire.h"
#include <mvmp/identity.h>

struct mva_helper_client;

/* Takes over both sockets. NULL without memory. */
struct mva_helper_client *mva_helper_client_new(int questions, int tasks);
void mva_helper_client_free(struct mva_helper_client *client);

struct mva_privops *mva_helper_privops(struct mva_helper_client *client);

/* The socket to wait on; readable: mva_helper_client_receive(), which calls `done` of tasks and
 * returns -EPIPE when the helper is gone. */
int mva_helper_client_socket(const struct mva_helper_client *client);
int mva_helper_client_receive(struct mva_helper_client *client);

/* Tells that the agent serves. From then on no question is waited for longer than 250 ms: it
 * fails with -ETIMEDOUT, as do those that follow until the helper has answered it. */
int mva_helper_ready(struct mva_helper_client *client);
int mva_helper_watch(struct mva_helper_client *client, const char *interface);
/* Keeps a part of the identity that another member handed over: mvmp_identity_keep(). */
int mva_helper_keep(struct mva_helper_client *client, enum mvmp_part part, const uint8_t *bytes,
	size_t len, struct mvmp_error *err);

#endif
