/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_WISH_PRIVATE_H
#define MVA_WISH_PRIVATE_H

#include "wish.h"

/* wish.c: the place of a wish for this vCPU, made when missing; NULL: no room. */
struct mva_wish *wish_slot(struct mva_wishes *wishes, const struct mva_wish *wish);
/* True when there was one. */
bool wish_remove(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN], uint32_t vcpu,
	bool emulator);

/* wish_file.c: notes a change for the next save. */
void wish_log_kept(struct mva_wishes *wishes, const struct mva_wish *wish);
void wish_log_forgotten(struct mva_wishes *wishes, const uint8_t uuid[static MVMP_ID_LEN],
	uint32_t vcpu, bool emulator);

#endif
