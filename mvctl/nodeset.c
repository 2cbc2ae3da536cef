/* SPDX-License-Identifier: Apache-2.0 */
#include "nodeset.h"
#include "mvctl.h"
#include "table.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void mvctl_names_add(struct mvctl_names *names, const char *name)
{
	/* Room up to the next power of two: large sets are not copied at every name. */
	if ((names->count & (names->count - 1)) == 0)
		names->name = mvctl_grow(
			names->name, names->count ? 2 * names->count : 1, sizeof names->name[0]);
	names->name[names->count++] = mvctl_text(name);
}

void mvctl_names_clear(struct mvctl_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	memset(names, 0, sizeof *names);
}

static int compare_names(const void *a, const void *b)
{
	return mvctl_natural_compare(*(char *const *)a, *(char *const *)b);
}

void mvctl_names_sort(struct mvctl_names *names)
{
	unsigned kept = 0;

	if (names->count)
		qsort(names->name, names->count, sizeof names->name[0], compare_names);
	for (unsigned i = 0; i < names->count; i++) {
		if (kept && !strcmp(names->name[kept - 1], names->name[i]))
			free(names->name[i]);
		else
			names->name[kept++] = names->name[i];
	}
	names->count = kept;
}

bool mvctl_nodeset_is_glob(const char *name)
{
	return strpbrk(name, "*?") != NULL;
}

struct range {
	unsigned long first, last;
	int digits; /* zero-padded width of the first number */
};

/* Reads "01-16" or "7" at *at and moves it behind. */
static bool read_range(struct range *range, const char **at)
{
	size_t len = strspn(*at, "0123456789");
	char *end;

	if (!len || len > 9)
		return false;
	range->digits = (int)len;
	range->first = range->last = strtoul(*at, &end, 10);
	*at = end;
	if (*end != '-')
		return true;
	len = strspn(end + 1, "0123456789");
	if (!len || len > 9)
		return false;
	range->last = strtoul(end + 1, &end, 10);
	*at = end;
	return range->last >= range->first;
}

static int bad_range(struct mvmp_error *err, const char *name)
{
	mvmp_fail(err, MVMP_INVALID, "%s is not a set of nodes: brackets hold ranges of numbers",
		name);
	return mvmp_hint(err, "for example r1-n[01-16,20]");
}

static int expand_range(struct mvctl_names *ret, const char *name, const char *open,
	const char *close, const struct range *range, struct mvmp_error *err)
{
	if (range->last - range->first >= MVCTL_NAMES_MAX - ret->count)
		return mvmp_fail(
			err, MVMP_INVALID, "%s names more than %d nodes", name, MVCTL_NAMES_MAX);
	for (unsigned long n = range->first; n <= range->last; n++) {
		char *one = mvctl_format_text(
			"%.*s%0*lu%s", (int)(open - name), name, range->digits, n, close + 1);

		mvctl_names_add(ret, one);
		free(one);
	}
	return 0;
}

static int expand_first_bracket(struct mvctl_names *ret, const char *name, struct mvmp_error *err)
{
	const char *open = strchr(name, '['), *close = strchr(open, ']'), *at = open + 1;

	if (!close || at == close)
		return bad_range(err, name);
	while (at < close) {
		struct range range;
		int rc;

		if (!read_range(&range, &at) || (*at != ',' && at != close))
			return bad_range(err, name);
		rc = expand_range(ret, name, open, close, &range, err);
		if (rc)
			return rc;
		if (*at == ',' && ++at == close)
			return bad_range(err, name);
	}
	return 0;
}

static int expand_name(struct mvctl_names *ret, const char *name, struct mvmp_error *err)
{
	struct mvctl_names names = {0};
	int rc = 0;

	mvctl_names_add(&names, name);
	/* What one is made of, all are made of. */
	while (!rc && names.count && strchr(names.name[0], '[')) {
		struct mvctl_names next = {0};

		for (unsigned i = 0; i < names.count && !rc; i++)
			rc = expand_first_bracket(&next, names.name[i], err);
		mvctl_names_clear(&names);
		names = next;
	}
	if (!rc && names.count > MVCTL_NAMES_MAX - ret->count)
		rc = mvmp_fail(err, MVMP_INVALID, "more than %d nodes are named", MVCTL_NAMES_MAX);
	for (unsigned i = 0; i < names.count && !rc; i++)
		mvctl_names_add(ret, names.name[i]);
	mvctl_names_clear(&names);
	return rc;
}

/* Length of the part before the next comma outside brackets. */
static size_t part_length(const char *text)
{
	size_t len = 0;
	bool inside = false;

	for (; text[len] && (inside || text[len] != ','); len++) {
		if (text[len] == '[')
			inside = true;
		else if (text[len] == ']')
			inside = false;
	}
	return len;
}

int mvctl_nodeset_expand(struct mvctl_names *ret, const char *text, struct mvmp_error *err)
{
	int rc = 0;

	for (const char *at = text; *at && !rc;) {
		size_t len = part_length(at);
		char *part = mvctl_format_text("%.*s", (int)len, at);

		if (len)
			rc = expand_name(ret, part, err);
		free(part);
		at += len + (at[len] == ',');
	}
	return rc;
}

/* A name as head, last number, tail: what folding works on. */
struct parts {
	int head; /* length */
	int digits;
	unsigned long number;
	const char *tail;
};

static struct parts split_name(const char *name)
{
	struct parts parts = {.head = (int)strlen(name), .tail = ""};
	int end = parts.head;

	while (end > 0 && !isdigit((unsigned char)name[end - 1]))
		end--;
	parts.tail = name + end;
	parts.head = end;
	while (parts.head > 0 && end - parts.head < 9 &&
		isdigit((unsigned char)name[parts.head - 1]))
		parts.head--;
	parts.digits = end - parts.head;
	if (parts.digits)
		parts.number = strtoul(name + parts.head, NULL, 10);
	else
		parts.tail = "", parts.head = (int)strlen(name);
	return parts;
}

static bool same_family(
	const char *a, const struct parts *pa, const char *b, const struct parts *pb)
{
	return pa->digits && pb->digits && pa->head == pb->head &&
	       !strncmp(a, b, (size_t)pa->head) && !strcmp(pa->tail, pb->tail);
}

/* Without leading zeros. */
static bool is_natural(const struct parts *parts)
{
	unsigned long least = 1;

	for (int i = 1; i < parts->digits; i++)
		least *= 10;
	return parts->digits == 1 || parts->number >= least;
}

/* n9 and n10 go on, n09 and n10 too; n9 and n010 do not. */
static bool follows(const struct parts *a, const struct parts *b)
{
	bool alike = a->digits == b->digits || (is_natural(a) && is_natural(b));

	return alike && b->number == a->number + 1;
}

/* Brings names that differ in their last number only together. */
static int compare_families(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	struct parts px = split_name(x), py = split_name(y);
	int least = px.head < py.head ? px.head : py.head;
	int order = strncmp(x, y, (size_t)least);

	if (!order && px.head == py.head && px.digits && py.digits)
		order = strcmp(px.tail, py.tail);
	return order ? order : mvctl_natural_compare(x, y);
}

/* Writes the family that begins at `from`; returns the index behind it. */
static unsigned fold_family(FILE *out, const struct mvctl_names *names, unsigned from)
{
	const char *first = names->name[from];
	struct parts family = split_name(first), a, b;
	unsigned end = from + 1;

	while (end < names->count) {
		b = split_name(names->name[end]);
		if (!same_family(first, &family, names->name[end], &b))
			break;
		end++;
	}
	if (end == from + 1) {
		fputs(first, out);
		return end;
	}
	fprintf(out, "%.*s[", family.head, first);
	for (unsigned i = from; i < end;) {
		unsigned last = i;

		a = split_name(names->name[i]);
		for (b = a; last + 1 < end; last++) {
			struct parts next = split_name(names->name[last + 1]);

			if (!follows(&b, &next))
				break;
			b = next;
		}
		fprintf(out, "%s%0*lu", i == from ? "" : ",", a.digits, a.number);
		if (last > i)
			fprintf(out, "-%0*lu", b.digits, b.number);
		i = last + 1;
	}
	fprintf(out, "]%s", family.tail);
	return end;
}

char *mvctl_nodeset_fold(const struct mvctl_names *names)
{
	struct mvctl_names sorted = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 0; i < names->count; i++)
		mvctl_names_add(&sorted, names->name[i]);
	mvctl_names_sort(&sorted);
	if (sorted.count)
		qsort(sorted.name, sorted.count, sizeof sorted.name[0], compare_families);
	for (unsigned i = 0; out && i < sorted.count;) {
		if (i)
			fputc(',', out);
		i = fold_family(out, &sorted, i);
	}
	mvctl_names_clear(&sorted);
	if (out)
		fclose(out);
	return text ? text : mvctl_text("");
}
