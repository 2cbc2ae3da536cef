/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_SERVE_H
#define MVA_SERVE_H

#include "helper/helper.h"

/* The protocol process: opens what needs rights, drops them, serves. A mva_protocol_main. */
int mva_serve(const struct mva_options *options, int questions, int tasks, bool again);

#endif
