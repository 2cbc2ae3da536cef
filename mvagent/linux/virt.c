/* SPDX-License-Identifier: Apache-2.0 */
#include "virt.h"
#include <libvirt/virterror.h>
#include <stdlib.h>

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

static uint8_t state_of(virDomainPtr domain)
{
	static const uint8_t states[] = {
		[VIR_DOMAIN_NOSTATE] = MVMP_STATE_UNKNOWN,
		[VIR_DOMAIN_RUNNING] = MVMP_STATE_RUNNING,
		[VIR_DOMAIN_BLOCKED] = MVMP_STATE_BLOCKED,
		[VIR_DOMAIN_PAUSED] = MVMP_STATE_PAUSED,
		[VIR_DOMAIN_SHUTDOWN] = MVMP_STATE_SHUTDOWN,
		[VIR_DOMAIN_SHUTOFF] = MVMP_STATE_OFF,
		[VIR_DOMAIN_CRASHED] = MVMP_STATE_CRASHED,
		[VIR_DOMAIN_PMSUSPENDED] = MVMP_STATE_SUSPENDED,
	};
	int state = 0, reason;

	if (virDomainGetState(domain, &state, &reason, 0) < 0 || state < 0 ||
		(size_t)state >= sizeof(states))
		return MVMP_STATE_UNKNOWN;
	return states[state];
}

/* False when the answer is full; a domain that has just ended is left out. */
static bool put_domain(virDomainPtr domain, struct mva_libvirt_domain *made, struct mvmp_writer *w)
{
	char *xml = virDomainGetXMLDesc(domain, 0);
	unsigned id = virDomainGetID(domain);
	bool parsed;

	*made = (struct mva_libvirt_domain){0};
	parsed = xml && mva_virt_parse(xml, made);
	free(xml);
	if (!parsed || id == (unsigned)-1)
		return true;
	made->id = id;
	made->state = state_of(domain);
	return mva_inventory_put_domain(w, made);
}

int mva_virt_inventory(virConnectPtr conn, struct mvmp_writer *w, struct mvmp_error *err)
{
	struct mva_libvirt_domain *made = malloc(sizeof(*made));
	virDomainPtr *domain = NULL;
	bool room = true;
	int count;

	if (!made)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the list of domains");
	count = virConnectListAllDomains(conn, &domain, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (count < 0) {
		free(made);
		return mva_virt_fail(err, MVMP_IO, "list of domains");
	}
	for (int i = 0; i < count; i++) {
		room = room && put_domain(domain[i], made, w);
		virDomainFree(domain[i]);
	}
	free(domain);
	free(made);
	mva_inventory_put_end(w, !room);
	return 0;
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
