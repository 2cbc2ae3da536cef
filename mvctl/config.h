/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_CONFIG_H
#define MVCTL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define MVCTL_CONFIG_FILE "/etc/mvmp/mvctl.conf"

/* The interface of $MVMP_INTERFACE or of the configuration file; false when none is set. */
bool mvctl_config_interface(char *to, size_t size);

/* The value of "key = value" in a file with "#" comments; false when it is not there. The last one
 * counts. */
bool mvctl_config_read(FILE *file, const char *key, char *to, size_t size);

#endif
