/* SPDX-License-Identifier: Apache-2.0 */

/* An index finds all entries of a key and no others, whatever was put in and taken out before. */

#include "../cmocka_all.h"
#include <mvmp/index.h>
#include <stdlib.h>

enum { ENTRIES = 500, KEYS = 40, TURNS = 20000 };

struct thing {
	struct mvmp_index_entry entry;
	int key; /* -1: not in the index */
};

static unsigned count_found(const struct mvmp_index *index, const struct thing *things, int key)
{
	struct mvmp_index_entry *at;
	unsigned found = 0;

	for (struct thing *t = mvmp_index_first(index, (uint64_t)key, &at); t;
		t = mvmp_index_next(&at)) {
		assert_int_equal(t->key, key);
		assert_true(t >= things && t < things + ENTRIES);
		found++;
	}
	return found;
}

static void finds_what_is_in_it(void **state)
{
	struct thing *things = calloc(ENTRIES, sizeof *things);
	unsigned of_key[KEYS] = {0};
	struct mvmp_index index = {0};

	srandom(1);
	for (unsigned i = 0; i < ENTRIES; i++)
		things[i].key = -1;
	for (unsigned n = 0; n < TURNS; n++) {
		struct thing *t = &things[random() % ENTRIES];
		int key = random() % 3 ? (int)(random() % KEYS) : -1;

		if (t->key >= 0)
			of_key[t->key]--;
		t->key = key;
		if (key < 0) {
			mvmp_index_remove(&index, &t->entry);
		} else {
			assert_int_equal(mvmp_index_put(&index, &t->entry, (uint64_t)key, t), 0);
			of_key[key]++;
		}
		key = (int)(random() % KEYS);
		assert_int_equal(count_found(&index, things, key), of_key[key]);
	}
	mvmp_index_clear(&index);
	free(things);
}

static void an_empty_index_finds_nothing(void **state)
{
	struct mvmp_index index = {0};
	struct mvmp_index_entry *at, none = {0};

	assert_null(mvmp_index_first(&index, 7, &at));
	mvmp_index_remove(&index, &none);
	mvmp_index_clear(&index);
}

static void kind_bytes_and_length_make_the_key(void **state)
{
	assert_int_equal(mvmp_index_key(1, "abc", 3), mvmp_index_key(1, "abcd", 3));
	assert_int_not_equal(mvmp_index_key(1, "abc", 3), mvmp_index_key(2, "abc", 3));
	assert_int_not_equal(mvmp_index_key(1, "abc", 3), mvmp_index_key(1, "abd", 3));
	assert_int_not_equal(mvmp_index_key(1, "abc", 3), mvmp_index_key(1, "abc", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_in_it),
		cmocka_unit_test(an_empty_index_finds_nothing),
		cmocka_unit_test(kind_bytes_and_length_make_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
