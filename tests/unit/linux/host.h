/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_LINUX_HOST_H
#define TEST_LINUX_HOST_H

/* A linux backend on a copy of a recorded tree, with a clock that the test moves. */

#include "../../../mvagent/backend.h"
#include "../../support/priv_local.h"

struct host {
	char root[128];
	uint64_t now_ns;
	struct priv_local priv;
	struct mva_backend *backend;
	struct mvmp_sample sample;
};

/* Copies the tree `name`; the backend is not yet open. */
void host_prepare(struct host *host, const char *name);
void host_open(struct host *host);
void host_close(struct host *host);

/* Replaces the text of a file below the copy's root; makes its directories. */
void host_write(const struct host *host, const char *path, const char *text);
void host_link(const struct host *host, const char *path, const char *target);
void host_remove(const struct host *host, const char *path);

/* A new sample of these kinds `ms` later. */
void host_sample(struct host *host, unsigned ms, uint32_t kinds);

/* Record by index, NULL when absent. */
const struct mvmp_record *host_record(
	const struct host *host, enum mvmp_entity kind, uint32_t index);

/* The value, failing the test when it is not present. */
uint64_t host_value(const struct mvmp_record *record, unsigned metric);

#endif
