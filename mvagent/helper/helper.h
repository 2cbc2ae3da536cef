/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_HELPER_H
#define MVA_HELPER_H

/*
 * The processes of an agent:
 *
 *   mvagent (supervisor)      root; forks, waits, forks again
 *     mvagent-helper          root; the closed table, workers, restarts the protocol process
 *       mvagent-proto         unprivileged, sandboxed: network, sampling, verbs, state files
 *       mvagent-worker ...    root; one libvirt call at a time, killed at its deadline
 *
 * Whoever loses its parent ends at once; whoever loses its child starts it again.
 */

#include "../options.h"

/* The protocol process: serves until it is told to end; returns the exit code. `again`: it is
 * not the first one, so that what is missing now may come back. */
typedef int mva_protocol_main(
	const struct mva_options *options, int questions, int tasks, bool again);

/* Runs the helper and all below it. `ready` (a pipe) gets a byte when the agent serves for the
 * first time. Returns the exit code. */
int mva_helper_main(
	const struct mva_options *options, mva_protocol_main *protocol, int ready, bool again);

/* Runs everything; returns the exit code of mvagent. */
int mva_supervise(const struct mva_options *options, mva_protocol_main *protocol);

#endif
