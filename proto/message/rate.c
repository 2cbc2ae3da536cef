/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/limits.h>
#include <mvmp/sample.h>
#include <string.h>

/* When the record was measured, by the node's monotonic clock; false when the age is absurd. */
static bool measured_at(uint64_t *ret, const struct mvmp_sample *s, const struct mvmp_record *r)
{
	if (r->age_ns > s->mono_ns)
		return false;
	*ret = s->mono_ns - r->age_ns;
	return true;
}

static bool same_life(const struct mvmp_sample *before, const struct mvmp_record *a,
	const struct mvmp_sample *after, const struct mvmp_record *b)
{
	return a->incarnation == b->incarnation && mvmp_key_equal(&a->key, &b->key) &&
	       !memcmp(before->host_boot, after->host_boot, MVMP_ID_LEN) &&
	       !memcmp(before->instance, after->instance, MVMP_ID_LEN);
}

bool mvmp_rate(double *ret, const struct mvmp_sample *before, const struct mvmp_record *a,
	const struct mvmp_sample *after, const struct mvmp_record *b, unsigned metric)
{
	uint64_t start, end;

	if (metric >= MVMP_METRICS_MAX || !mvmp_has(a, metric) || !mvmp_has(b, metric))
		return false;
	if (!same_life(before, a, after, b) || b->value[metric] < a->value[metric])
		return false;
	if (!measured_at(&start, before, a) || !measured_at(&end, after, b) || end <= start)
		return false;
	*ret = (double)(b->value[metric] - a->value[metric]) * (double)MVMP_NS_PER_S /
	       (double)(end - start);
	return true;
}
