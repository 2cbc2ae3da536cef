/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"
#include "virt.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A domain's description changes when devices are plugged: every minute will do, and who sees
 * another disk or tap sooner asks for a fresh one. */
static const uint64_t known_ns = 60 * MVMP_NS_PER_S;

static uint8_t state_of(const virDomainStatsRecord *record)
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
	int state = 0;

	virTypedParamsGetInt(record->params, record->nparams, "state.state", &state);
	return state > 0 && (size_t)state < sizeof(states) ? states[state] : MVMP_STATE_UNKNOWN;
}

struct listing {
	const char *uri;
	bool fresh;
	uint64_t now_ns;
	struct mva_cache *cache;
	struct mva_libvirt_domain *made; /* scratch */
	struct mvmp_writer *w;
};

/* UUID and number: a domain that was started anew has another number. */
static bool make_key(uint8_t key[static MVA_CACHE_KEY], virDomainPtr domain)
{
	struct mvmp_writer w = mvmp_writer(key + MVMP_ID_LEN, MVA_CACHE_KEY - MVMP_ID_LEN);
	unsigned id = virDomainGetID(domain);

	mvmp_put_u32(&w, id);
	return id != (unsigned)-1 && !virDomainGetUUID(domain, key);
}

static bool recall(const struct listing *listing, const uint8_t *key)
{
	uint64_t age = known_ns + key[0] % 16 * MVMP_NS_PER_S;
	const struct mva_cache_entry *known =
		listing->fresh ? NULL : mva_cache_find(listing->cache, key, listing->now_ns, age);
	struct mvmp_reader r;

	if (!known)
		return false;
	r = mvmp_reader(known->bytes, known->len);
	return mva_inventory_get_domain(&r, listing->made);
}

static bool describe(const struct listing *listing, virDomainPtr domain)
{
	char *xml = virDomainGetXMLDesc(domain, 0);
	bool parsed;

	*listing->made = (struct mva_libvirt_domain){0};
	parsed = xml && mva_virt_parse(xml, listing->made);
	free(xml);
	return parsed;
}

/* libvirt's API does not tell the pid; the system daemon keeps it in a file that only root can
 * write. 0: it cannot be read. */
static uint32_t read_pid(const char *uri, const char *name)
{
	char path[300], text[16] = "";
	FILE *file;

	if (strncmp(uri, "qemu:///system", 14) || strchr(name, '/'))
		return 0;
	snprintf(path, sizeof(path), "/run/libvirt/qemu/%s.pid", name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return (uint32_t)strtoul(text, NULL, 10);
}

/* False when the answer is full; a domain that has just ended is left out. */
static bool put_domain(const struct listing *listing, const virDomainStatsRecord *record)
{
	const size_t begin = listing->w->used;
	uint8_t key[MVA_CACHE_KEY];
	bool known;

	if (!make_key(key, record->dom))
		return true;
	known = recall(listing, key);
	if (!known && !describe(listing, record->dom))
		return true;
	listing->made->id = virDomainGetID(record->dom);
	listing->made->state = state_of(record);
	listing->made->pid = read_pid(listing->uri, listing->made->name);
	if (!mva_inventory_put_domain(listing->w, listing->made))
		return false;
	if (!known)
		mva_cache_store(listing->cache, key, listing->now_ns, listing->w->buf + begin,
			listing->w->used - begin);
	return true;
}

/* -1 when libvirt does not answer, also over a new connection; *err says why. */
static int read_states(const char *uri, virDomainStatsRecordPtr **ret, struct mvmp_error *err)
{
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		virConnectPtr conn = mva_virt_connect(uri, err);
		int count = !conn ? -1
				  : virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_STATE, ret,
					    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE |
						    VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

		if (!conn || count >= 0)
			return count;
		mva_virt_fail(err, MVMP_IO, "libvirt does not list its domains");
		mva_virt_disconnect();
	}
	return -1;
}

int mva_virt_inventory(const char *uri, bool fresh, struct mvmp_writer *w, struct mvmp_error *err)
{
	static struct mva_cache cache;
	struct listing listing = {.uri = uri,
		.fresh = fresh,
		.now_ns = mva_cache_now(),
		.cache = &cache,
		.made = malloc(sizeof(*listing.made)),
		.w = w};
	virDomainStatsRecordPtr *record = NULL;
	bool room = true;
	int count;

	if (!listing.made)
		return mvmp_fail(err, MVMP_NO_MEMORY, "no memory for the list of domains");
	count = read_states(uri, &record, err);
	for (int i = 0; i < count && room; i++)
		room = put_domain(&listing, record[i]);
	if (count >= 0)
		virDomainStatsRecordListFree(record);
	free(listing.made);
	if (count < 0)
		return -(int)err->status;
	mva_cache_sweep(&cache);
	mva_inventory_put_end(w, !room);
	return 0;
}
