/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

static char *put_decimal(char *to, uint64_t value)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		*to++ = digits[--n];
	return to;
}

static char *put_value(char *to, const struct mvmp_metric *metric, uint64_t value)
{
	if (metric->unit == MVMP_UNIT_MILLIDEG && (int64_t)value < 0) {
		*to++ = '-';
		value = 0 - value;
	}
	return put_decimal(to, value);
}

void mvs_row_text(char to[static MVS_ROW_TEXT_MAX], enum mvmp_entity kind, const uint64_t *row)
{
	const struct mvmp_entity_info *info = &mvmp_entities[kind];

	to = put_decimal(to, row[0]);
	for (unsigned i = 0; i < info->metrics; i++) {
		*to++ = ':';
		if (row[1] >> i & 1)
			to = put_value(to, &info->metric[i], row[2 + i]);
		else
			*to++ = 'U';
	}
	*to = '\0';
}
