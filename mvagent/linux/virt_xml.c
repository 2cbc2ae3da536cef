/* SPDX-License-Identifier: Apache-2.0 */

/* What we need of a domain's description (https://libvirt.org/formatdomain.html). */

#include "virt.h"
#include "xml.h"
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERFACE "/domain/devices/interface"
#define DISK	  "/domain/devices/disk"

static uint64_t text_kib(const struct mva_xml *xml)
{
	char text[32];

	mva_xml_text(xml, text, sizeof(text));
	return strtoull(text, NULL, 10) * 1024;
}

static void take_domain(struct mva_libvirt_domain *to, const struct mva_xml *xml)
{
	char text[64];

	if (mva_xml_is(xml, "/domain")) {
		mva_xml_attribute(xml, "type", text, sizeof(text));
		to->accel = strcmp(text, "kvm") ? MVA_ACCEL_TCG : MVA_ACCEL_KVM;
	} else if (mva_xml_is(xml, "/domain/name")) {
		mva_xml_text(xml, to->name, sizeof(to->name));
	} else if (mva_xml_is(xml, "/domain/uuid")) {
		mva_xml_text(xml, text, sizeof(text));
		mvmp_uuid_parse(to->uuid, text);
	} else if (mva_xml_is(xml, "/domain/memory")) {
		to->mem_max = text_kib(xml);
	} else if (mva_xml_is(xml, "/domain/currentMemory")) {
		to->mem_current = text_kib(xml);
	} else if (mva_xml_is(xml, "/domain/vcpu")) {
		if (!mva_xml_attribute(xml, "current", text, sizeof(text)))
			mva_xml_text(xml, text, sizeof(text));
		to->vcpus = (uint32_t)strtoul(text, NULL, 10);
	}
}

/* The first of these attributes that is there. */
static void take_first(const struct mva_xml *xml, const char *const *names, char *to, size_t size)
{
	for (; *names && !to[0]; names++)
		mva_xml_attribute(xml, *names, to, size);
}

static void take_interface(struct mva_vif_info *to, const struct mva_xml *xml)
{
	char text[64];

	if (mva_xml_is(xml, INTERFACE "/mac")) {
		mva_xml_attribute(xml, "address", text, sizeof(text));
		mvmp_mac_parse(to->mac, text);
	} else if (mva_xml_is(xml, INTERFACE "/source")) {
		take_first(xml, (const char *const[]){"bridge", "network", "dev", NULL}, to->bridge,
			sizeof(to->bridge));
	} else if (mva_xml_is(xml, INTERFACE "/target")) {
		mva_xml_attribute(xml, "dev", to->device, sizeof(to->device));
	} else if (mva_xml_is(xml, INTERFACE "/alias")) {
		mva_xml_attribute(xml, "name", text, sizeof(text));
		if (!strncmp(text, "net", 3) && text[3] >= '0' && text[3] <= '9')
			to->index = (uint32_t)strtoul(text + 3, NULL, 10);
	}
}

static void take_disk(struct mva_vbd_info *to, const struct mva_xml *xml)
{
	if (mva_xml_is(xml, DISK "/driver")) {
		mva_xml_attribute(xml, "type", to->format, sizeof(to->format));
	} else if (mva_xml_is(xml, DISK "/source")) {
		take_first(xml, (const char *const[]){"file", "dev", "name", "volume", NULL},
			to->source, sizeof(to->source));
	} else if (mva_xml_is(xml, DISK "/target")) {
		mva_xml_attribute(xml, "dev", to->name, sizeof(to->name));
		to->index = mva_vbd_index(to->name);
	}
}

static struct mva_vif_info *begin_interface(
	struct mva_libvirt_domain *to, const struct mva_xml *xml)
{
	struct mva_vif_info *vif;
	char type[32];

	if (to->vifs == MVA_GUEST_VIFS_MAX)
		return NULL;
	vif = &to->vif[to->vifs];
	*vif = (struct mva_vif_info){.index = to->vifs++};
	mva_xml_attribute(xml, "type", type, sizeof(type));
	vif->host_view = !strcmp(type, "direct");
	return vif;
}

static struct mva_vbd_info *begin_disk(struct mva_libvirt_domain *to, const struct mva_xml *xml)
{
	struct mva_vbd_info *vbd;

	if (to->vbds == MVA_GUEST_VBDS_MAX)
		return NULL;
	vbd = &to->vbd[to->vbds++];
	*vbd = (struct mva_vbd_info){0};
	mva_xml_attribute(xml, "type", vbd->type, sizeof(vbd->type));
	return vbd;
}

bool mva_virt_parse(const char *text, struct mva_libvirt_domain *ret)
{
	struct mva_xml xml = {.at = text};
	struct mva_vif_info *vif = NULL;
	struct mva_vbd_info *vbd = NULL;
	enum mva_xml_event event;

	while ((event = mva_xml_next(&xml)) != MVA_XML_END) {
		if (event != MVA_XML_OPEN)
			continue;
		if (mva_xml_is(&xml, INTERFACE))
			vif = begin_interface(ret, &xml);
		else if (mva_xml_is(&xml, DISK))
			vbd = begin_disk(ret, &xml);
		else if (vif && !strncmp(xml.path, INTERFACE "/", strlen(INTERFACE "/")))
			take_interface(vif, &xml);
		else if (vbd && !strncmp(xml.path, DISK "/", strlen(DISK "/")))
			take_disk(vbd, &xml);
		else
			take_domain(ret, &xml);
	}
	return !xml.bad && ret->name[0];
}
