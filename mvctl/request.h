/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVCTL_REQUEST_H
#define MVCTL_REQUEST_H

/*
 * What a member asks of the CA, in a certificate's fields: public key, and perhaps name, roles
 * and MACs. A text file that a person reads before signing:
 *   mvmp member request v1
 *   key 3d40...
 *   name r1-n01
 *   roles node
 *   mac 0c:c4:7a:77:f9:af
 */

#include "mvctl.h"
#include <mvmp/cert.h>

int mvctl_request_write(const char *path, const struct mvmp_cert *asked, struct mvmp_error *err);

/* Fills only the fields that the file has. MVMP_INVALID names the line. */
int mvctl_request_read(const char *path, struct mvmp_cert *asked, struct mvmp_error *err);

/* --name, --role and --mac, for the long options of a command. */
enum mvctl_member_option {
	MVCTL_OPTION_NAME = 256,
	MVCTL_OPTION_ROLE,
	MVCTL_OPTION_MAC,
	MVCTL_OPTION_OTHERS,
};
#define MVCTL_MEMBER_OPTIONS                                                                       \
	{"name", required_argument, NULL, MVCTL_OPTION_NAME},                                      \
		{"role", required_argument, NULL, MVCTL_OPTION_ROLE},                              \
	{                                                                                          \
		"mac", required_argument, NULL, MVCTL_OPTION_MAC                                   \
	}

/* Takes one of these options into the fields. A MAC may be given as the name of an interface of
 * this machine. Roles and MACs of several options add up. */
int mvctl_member_option(
	struct mvmp_cert *cert, int option, const char *value, struct mvmp_error *err);

/* "role node, MAC 0c:c4:7a:77:f9:af"; `to` holds 256 bytes. */
char *mvctl_member_text(char to[static 256], const struct mvmp_cert *cert);

#endif
