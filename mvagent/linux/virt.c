/* SPDX-License-Identifier: Apache-2.0 */
#include "virt.h"
#include <libvirt/virterror.h>
#include <stdio.h>

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

static virConnectPtr connection;

void mva_virt_disconnect(void)
{
	if (connection)
		virConnectClose(connection);
	connection = NULL;
}

virConnectPtr mva_virt_connect(const char *uri, struct mvmp_error *err)
{
	char what[160];

	if (!uri[0]) {
		mvmp_fail(err, MVMP_UNSUPPORTED, "libvirt is not used on this node");
		return NULL;
	}
	if (connection && virConnectIsAlive(connection) != 1)
		mva_virt_disconnect();
	if (connection)
		return connection;
	virSetErrorFunc(NULL, keep_quiet);
	connection = virConnectOpen(uri);
	if (!connection) {
		snprintf(what, sizeof(what), "libvirt does not answer at %.100s", uri);
		mva_virt_fail(err, MVMP_IO, what);
	}
	return connection;
}

static bool is_unknown_domain(void)
{
	virErrorPtr last = virGetLastError();

	return last && last->code == VIR_ERR_NO_DOMAIN;
}

virDomainPtr mva_virt_find(
	const char *uri, const uint8_t uuid[static MVMP_ID_LEN], struct mvmp_error *err)
{
	char text[37];

	/* A daemon that died is noticed by the first call only: hence twice. */
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		virConnectPtr conn = mva_virt_connect(uri, err);
		virDomainPtr domain = conn ? virDomainLookupByUUID(conn, uuid) : NULL;

		if (!conn || domain)
			return domain;
		if (is_unknown_domain()) {
			mva_virt_fail(err, MVMP_NOT_FOUND, mvmp_uuid_text(text, uuid));
			return NULL;
		}
		mva_virt_fail(err, MVMP_IO, "libvirt does not answer");
		mva_virt_disconnect();
	}
	return NULL;
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
