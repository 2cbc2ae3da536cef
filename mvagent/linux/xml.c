/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum mva_xml_event fail(struct mva_xml *xml)
{
	xml->bad = true;
	return MVA_XML_END;
}

static const struct {
	const char *name;
	char c;
} entities[] = {
	{"&amp;", '&'},
	{"&lt;", '<'},
	{"&gt;", '>'},
	{"&quot;", '"'},
	{"&apos;", '\''},
};

/* One character at *from, which moves on. */
static char decode(const char **from)
{
	char *end;
	long code;

	if (**from != '&')
		return *(*from)++;
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (!strncmp(*from, entities[i].name, strlen(entities[i].name))) {
			*from += strlen(entities[i].name);
			return entities[i].c;
		}
	}
	code = strncmp(*from, "&#x", 3) ? -1 : strtol(*from + 3, &end, 16);
	if (code > 0 && code < 128 && *end == ';') {
		*from = end + 1;
		return (char)code;
	}
	return *(*from)++;
}

static void decode_span(const char *from, const char *end, char *to, size_t size)
{
	size_t used = 0;

	while (from < end && used + 1 < size)
		to[used++] = decode(&from);
	to[used] = '\0';
}

static enum mva_xml_event close_element(struct mva_xml *xml)
{
	xml->empty = false;
	xml->attributes = NULL; /* tells the next event that the path ends with a closed element */
	return MVA_XML_CLOSE;
}

static void pop(struct mva_xml *xml)
{
	char *slash = strrchr(xml->path, '/');

	if (slash)
		*slash = '\0';
	else
		xml->bad = true;
}

/* "/name>" of the innermost element. */
static enum mva_xml_event read_close(struct mva_xml *xml)
{
	const char *name = xml->at + 1, *mine = strrchr(xml->path, '/');
	const char *end = strchr(name, '>');

	if (!end || !mine || strncmp(mine + 1, name, strlen(mine + 1)))
		return fail(xml);
	xml->at = end + 1;
	return close_element(xml);
}

/* The '>' that ends a tag, not one inside quotes. */
static const char *tag_end(const char *at)
{
	char quote = '\0';

	for (; *at; at++) {
		if (quote && *at == quote)
			quote = '\0';
		else if (quote)
			continue;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at;
	}
	return NULL;
}

static enum mva_xml_event read_open(struct mva_xml *xml)
{
	size_t name = strcspn(xml->at, " \t\r\n/>"), path = strlen(xml->path);
	const char *end = tag_end(xml->at);

	if (!end || !name || path + name + 2 > sizeof(xml->path))
		return fail(xml);
	xml->path[path] = '/';
	memcpy(xml->path + path + 1, xml->at, name);
	xml->path[path + 1 + name] = '\0';
	xml->attributes = xml->at + name;
	xml->attributes_end = end;
	xml->empty = end[-1] == '/';
	xml->at = end + 1;
	return MVA_XML_OPEN;
}

static bool skip_comment(struct mva_xml *xml)
{
	const char *stop = *xml->at == '?' ? "?>" : "-->";
	const char *end = strstr(xml->at, stop);

	xml->bad = !end;
	if (end)
		xml->at = end + strlen(stop);
	return end;
}

enum mva_xml_event mva_xml_next(struct mva_xml *xml)
{
	if (xml->bad)
		return MVA_XML_END;
	if (xml->empty)
		return close_element(xml);
	/* After a close, the path goes back to the parent. */
	if (xml->path[0] && !xml->attributes)
		pop(xml);
	xml->attributes = NULL;
	for (;;) {
		xml->at += strcspn(xml->at, "<");
		if (!*xml->at)
			return xml->path[0] ? fail(xml) : MVA_XML_END;
		xml->at++;
		if (*xml->at == '/')
			return read_close(xml);
		if (*xml->at != '!' && *xml->at != '?')
			return read_open(xml);
		if (!skip_comment(xml))
			return MVA_XML_END;
	}
}

bool mva_xml_is(const struct mva_xml *xml, const char *path)
{
	return !strcmp(xml->path, path);
}

bool mva_xml_attribute(const struct mva_xml *xml, const char *name, char *to, size_t size)
{
	const char *at = xml->attributes, *end = xml->attributes_end;
	size_t len = strlen(name);

	to[0] = '\0';
	while (at && at < end) {
		const char *key, *value, *stop;

		while (at < end && (is_blank(*at) || *at == '/'))
			at++;
		key = at;
		value = memchr(at, '=', (size_t)(end - at));
		if (!value || value + 2 > end)
			return false;
		stop = memchr(value + 2, value[1], (size_t)(end - value - 2));
		if (!stop)
			return false;
		if ((size_t)(value - key) == len && !strncmp(key, name, len)) {
			decode_span(value + 2, stop, to, size);
			return true;
		}
		at = stop + 1;
	}
	return false;
}

void mva_xml_text(const struct mva_xml *xml, char *to, size_t size)
{
	const char *end = xml->empty ? xml->at : xml->at + strcspn(xml->at, "<");

	decode_span(xml->at, end, to, size);
}
