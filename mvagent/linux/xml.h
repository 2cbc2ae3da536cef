/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVA_LINUX_XML_H
#define MVA_LINUX_XML_H

/* Walks the XML that libvirt writes: elements, attributes in either quotes, the five named
 * entities. No DTD, no CDATA, no numeric entities beyond ASCII: libvirt writes none. */

#include <stdbool.h>
#include <stddef.h>

/* Borrows `text`, which is NUL-terminated. Zero it, then set `at`. */
struct mva_xml {
	const char *at;
	char path[256]; /* "/domain/devices/disk": the element of the last event */
	bool empty;	/* its close event comes next, without text */
	bool bad;	/* malformed, or nested deeper than the path holds */
	const char *attributes, *attributes_end; /* of the element opened last */
};

enum mva_xml_event { MVA_XML_END, MVA_XML_OPEN, MVA_XML_CLOSE };

enum mva_xml_event mva_xml_next(struct mva_xml *xml);

/* True when the last event's element has this path. */
bool mva_xml_is(const struct mva_xml *xml, const char *path);

/* After OPEN: the attribute's text, cut to fit; false ("" in `to`) when absent. */
bool mva_xml_attribute(const struct mva_xml *xml, const char *name, char *to, size_t size);

/* After OPEN: the text up to the first child or the end. */
void mva_xml_text(const struct mva_xml *xml, char *to, size_t size);

#endif
