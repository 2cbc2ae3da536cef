/* SPDX-License-Identifier: Apache-2.0 */
#include "pinning.h"

void mva_pin_request_put(struct mvmp_writer *w, const struct mva_pin_request *request)
{
	mvmp_put_bytes(w, request->uuid, MVMP_ID_LEN);
	mvmp_put_u32(w, request->pid);
	mvmp_put_u64(w, request->start);
	mvmp_put_u8(w, request->managed);
	mvmp_put_u8(w, request->emulator);
	mvmp_put_u32(w, request->vcpu);
	mva_put_cpuset(w, &request->cpus);
}

void mva_pin_request_get(struct mvmp_reader *r, struct mva_pin_request *ret)
{
	mvmp_get_bytes(r, ret->uuid, MVMP_ID_LEN);
	ret->pid = mvmp_get_u32(r);
	ret->start = mvmp_get_u64(r);
	ret->managed = mvmp_get_u8(r);
	ret->emulator = mvmp_get_u8(r);
	ret->vcpu = mvmp_get_u32(r);
	mva_get_cpuset(r, &ret->cpus);
}
