/* SPDX-License-Identifier: Apache-2.0 */
#include "virt.h"
#include <libvirt/virterror.h>

int mva_virt_fail(struct mvmp_error *err, enum mvmp_status status, const char *what)
{
	virErrorPtr last = virGetLastError();

	return mvmp_fail(err, status, "%s: %s", what,
		last && last->message ? last->message : "libvirt gives no reason");
}

/* libvirt prints errors by itself unless told not to. */
static void keep_quiet(void *ctx, virErrorPtr error)
{
	(void)ctx;
	(void)error;
}

virConnectPtr mva_virt_connect(const char *uri, struct mvmp_error *err)
{
	static virConnectPtr conn;

	if (!uri[0]) {
		mvmp_fail(err, MVMP_UNSUPPORTED, "libvirt is not used on this node");
		return NULL;
	}
	if (conn && virConnectIsAlive(conn) != 1) {
		virConnectClose(conn);
		conn = NULL;
	}
	if (conn)
		return conn;
	virSetErrorFunc(NULL, keep_quiet);
	conn = virConnectOpen(uri);
	if (!conn)
		mva_virt_fail(err, MVMP_IO, uri);
	return conn;
}

virDomainPtr mva_virt_find(
	virConnectPtr conn, const uint8_t uuid[static MVMP_ID_LEN], struct mvmp_error *err)
{
	virDomainPtr domain = virDomainLookupByUUID(conn, uuid);
	char text[37];

	if (!domain)
		mva_virt_fail(err, MVMP_NOT_FOUND, mvmp_uuid_text(text, uuid));
	return domain;
}

int mva_virt_pin(virDomainPtr domain, const struct mva_pin_request *request, struct mvmp_error *err)
{
	unsigned char map[MVA_CPUS_MAX / 8] = {0};
	int r;

	for (unsigned cpu = 0; cpu < MVA_CPUS_MAX; cpu++) {
		if (request->cpus.bits[cpu / 64] >> cpu % 64 & 1)
			map[cpu / 8] |= (unsigned char)(1 << cpu % 8);
	}
	r = request->emulator
		    ? virDomainPinEmulator(domain, map, sizeof(map), VIR_DOMAIN_AFFECT_LIVE)
		    : virDomainPinVcpuFlags(
			      domain, request->vcpu, map, sizeof(map), VIR_DOMAIN_AFFECT_LIVE);
	return r < 0 ? mva_virt_fail(err, MVMP_FAILED, "libvirt refused the pinning") : 0;
}
