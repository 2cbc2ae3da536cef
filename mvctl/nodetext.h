/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_NODETEXT_H
#define MVCTL_NODETEXT_H

#include "view.h"
#include <mvmp.pb-c.h>
#include <mvmp/cert.h>

/* One node in one screen, from a sample with nodes, pCPUs, NUMA nodes and domains. */
void mvctl_print_node(FILE *out, const struct mvctl_source *source, const struct mvmp_cert *cert);

/* Takes control characters out of an answer's texts. */
void mvctl_link_clean(Mvmp__LinkAnswer *answer);

/* The line about the node's own links. */
void mvctl_print_node_link(FILE *out, const Mvmp__LinkAnswer *answer);

/* A line for each thing the node cannot tell, with its reason. */
void mvctl_print_unsupported(FILE *out, const struct mvctl_source *source);

/* "  cpu        " */
void mvctl_print_label(FILE *out, const char *label);

/* One digit per pCPU (9: 90 % and more, "." no value), in groups of 8; the pCPUs of one NUMA node.
 * Returns how many there are. `to` holds what fits. */
unsigned mvctl_load_digits(char *to, size_t size, const struct mvctl_source *source, uint64_t numa);

#endif
