/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "mvmp.pb-c.h"
#include "stats_fixture.h"
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EVERYTHING = (1 << MVMP_ENTITY_COUNT) - 1 };

/* Packs a whole sample into frames of at most `room` bytes and unpacks them into `to`. Each
 * frame stands in memory of its own length, so that a byte too far is seen. */
static unsigned carry(struct mvmp_sample *to, const struct mvmp_sample *from, size_t room)
{
	struct mvmp_stats_cursor cursor = {.sample = from, .kinds = EVERYTHING, .texts = true};
	struct mvmp_stats_head head = {.subscription = 7, .interval_ms = 1000}, got = {0};
	unsigned frames = 0;
	int len;

	mvmp_sample_reset(to);
	for (;; frames++) {
		uint8_t *out = malloc(room), *frame;

		head.sequence = 100 + frames;
		len = mvmp_stats_pack(&cursor, &head, out, room);
		if (len <= 0) {
			free(out);
			break;
		}
		frame = malloc((size_t)len);
		memcpy(frame, out, (size_t)len);
		assert_int_equal(mvmp_stats_unpack(frame, (size_t)len, &got, to), 0);
		assert_int_equal(got.subscription, 7);
		assert_int_equal(got.sequence, 100 + frames);
		assert_int_equal(got.interval_ms, 1000);
		assert_int_equal(got.last, cursor.done);
		free(frame);
		free(out);
	}
	assert_int_equal(len, 0);
	assert_true(got.last);
	return frames;
}

/* What is packed is unpacked, at the least, a common and the longest frame size. */
static void samples_survive_the_frames(void **state)
{
	static const size_t rooms[] = {544, 700, 1456, 9184, 200000};
	struct mvmp_sample from = {0}, to = {0};

	for (uint64_t seed = 1; seed < 40; seed++) {
		fixture_sample(&from, (unsigned)seed, seed % 2, seed);
		for (unsigned i = 0; i < 5; i++) {
			carry(&to, &from, rooms[i]);
			assert_true(fixture_equal(&from, &to));
		}
	}
	mvmp_sample_free(&from);
	mvmp_sample_free(&to);
}

/* An empty sample is one frame, the last one. */
static void an_empty_sample_is_one_frame(void **state)
{
	struct mvmp_sample from = {.number = 9, .kinds = 0x10}, to = {0};

	assert_int_equal(carry(&to, &from, 544), 1);
	assert_int_equal(to.number, 9);
	assert_int_equal(to.kinds, 0x10);
}

/* A frame is filled: 100 VIFs at MTU 1500 leave less than a record free in all but the last. */
static void frames_are_filled(void **state)
{
	struct mvmp_sample from = {0};
	struct mvmp_stats_cursor cursor = {.sample = &from, .kinds = 1 << MVMP_VIF};
	struct mvmp_stats_head head = {0};
	uint8_t out[1456];
	int len;

	fixture_sample(&from, 100, false, 1);
	while ((len = mvmp_stats_pack(&cursor, &head, out, sizeof out)) > 0) {
		if (!head.last)
			assert_in_range(len, sizeof out - 90, sizeof out);
	}
	mvmp_sample_free(&from);
}

/* Less room than one column needs is said, not written past. */
static void no_room_is_said(void **state)
{
	struct mvmp_sample from = {0};
	struct mvmp_stats_head head = {0};
	uint8_t *out;

	fixture_sample(&from, 1, false, 1);
	for (size_t room = 0; room < 90; room++) {
		struct mvmp_stats_cursor cursor = {.sample = &from, .kinds = EVERYTHING};

		out = malloc(room + !room);
		assert_int_equal(mvmp_stats_pack(&cursor, &head, out, room), -EMSGSIZE);
		free(out);
	}
	mvmp_sample_free(&from);
}

/* Only the kinds asked for are carried and told. */
static void kinds_are_selected(void **state)
{
	struct mvmp_sample from = {0}, to = {0};
	struct mvmp_stats_cursor cursor = {.sample = &from, .kinds = 1 << MVMP_VBD};
	struct mvmp_stats_head head = {0};
	uint8_t out[9184];
	int len;

	fixture_sample(&from, 3, false, 1);
	len = mvmp_stats_pack(&cursor, &head, out, sizeof out);
	assert_true(len > 0 && head.last);
	assert_int_equal(mvmp_stats_unpack(out, (size_t)len, &head, &to), 0);
	assert_int_equal(to.kinds, 1 << MVMP_VBD);
	assert_int_equal(to.kind[MVMP_VBD].count, 6);
	assert_int_equal(to.kind[MVMP_NODE].count, 0);
	assert_int_equal(to.kind[MVMP_VBD].at[0].text[MVMP_BT_NAME][0], 0);
	mvmp_sample_free(&from);
	mvmp_sample_free(&to);
}

/* Peeking tells the head and the sample's fields and touches no records. */
static void peeking_leaves_the_records(void **state)
{
	struct mvmp_sample from = {0}, to = {0};
	struct mvmp_stats_cursor cursor = {.sample = &from, .kinds = EVERYTHING};
	struct mvmp_stats_head head = {.sequence = 5, .backfill = true}, got;
	uint8_t out[1456];
	int len;

	fixture_sample(&from, 1, false, 77);
	assert_non_null(mvmp_sample_add(&to, MVMP_NODE));
	len = mvmp_stats_pack(&cursor, &head, out, sizeof out);
	assert_int_equal(mvmp_stats_peek(out, (size_t)len, &got, &to), 0);
	assert_int_equal(to.number, 77);
	assert_int_equal(to.kind[MVMP_NODE].count, 1);
	assert_int_equal(to.kind[MVMP_PCPU].count, 0);
	assert_int_equal(got.sequence, 5);
	assert_true(got.backfill);
	mvmp_sample_free(&from);
	mvmp_sample_free(&to);
}

static uint64_t column_value(const Mvmp__Column *c, size_t n)
{
	return c->value[c->n_value == 1 ? 0 : n] << c->shift;
}

/* protobuf-c reads what we wrote: same numbers from another decoder. */
static void protobuf_reads_our_frames(void **state)
{
	struct mvmp_sample from = {0};
	struct mvmp_stats_cursor cursor = {
		.sample = &from, .kinds = 1 << MVMP_VIF | 1 << MVMP_NODE, .texts = true};
	struct mvmp_stats_head head = {.subscription = 3, .sequence = 4, .interval_ms = 5};
	Mvmp__StatsFrame *frame;
	Mvmp__Group *vifs;
	uint8_t out[4000];
	int len;

	fixture_sample(&from, 5, false, 42);
	len = mvmp_stats_pack(&cursor, &head, out, sizeof out);
	frame = mvmp__stats_frame__unpack(NULL, (size_t)len, out);
	assert_non_null(frame);
	assert_int_equal(frame->subscription, 3);
	assert_int_equal(frame->sequence, 4);
	assert_int_equal(frame->interval_ms, 5);
	assert_int_equal(frame->flags, 1 | 4);
	assert_int_equal(frame->sample, 42);
	assert_int_equal(frame->wall_ns, from.wall_ns);
	assert_int_equal(frame->mono_ns, from.mono_ns);
	assert_memory_equal(frame->host_boot.data, from.host_boot, MVMP_ID_LEN);
	assert_int_equal(frame->n_group, 2);
	vifs = frame->group[1];
	assert_int_equal(vifs->kind, MVMP_VIF);
	assert_int_equal(vifs->count, 10);
	assert_int_equal(vifs->domains.len, 5 * MVMP_ID_LEN);
	assert_int_equal(vifs->n_runs, 5);
	assert_int_equal(vifs->runs[0], 2);
	assert_int_equal(vifs->n_index, 10);
	assert_int_equal(vifs->n_incarnation, 1);
	assert_int_equal(vifs->incarnation[0], 3);
	assert_int_equal(vifs->n_column, MVMP_VIF_METRIC_COUNT);
	for (size_t c = 0; c < vifs->n_column; c++) {
		for (size_t i = 0; i < 10; i++)
			assert_int_equal(column_value(vifs->column[c], i),
				from.kind[MVMP_VIF].at[i].value[vifs->column[c]->metric]);
	}
	assert_int_equal(vifs->n_text, 4);
	assert_string_equal(vifs->text[2]->value[0], "mac");
	mvmp__stats_frame__free_unpacked(frame, NULL);
	mvmp_sample_free(&from);
}

/* A frame made by protobuf-c, as another implementation would. Two VBDs of one domain and one
 * of another; the second has no rd_reqs; nobody can tell what is outstanding; errors is 0. */
static size_t foreign_frame(uint8_t *to)
{
	uint8_t ids[32], some = 5, all = 0xff;
	uint32_t runs[] = {2, 1}, index[] = {0, 1, 0}, state[] = {0, 1 | 1 << 4, 0};
	uint64_t rd[] = {10, 300}, none[] = {0}, big[] = {1, 1ull << 40, 3}, age[] = {0, 50, 0};
	char vda[] = "vda", bad[] = "bad\x1b[2J\xff", vdb[] = "vdb";
	char *names[] = {vda, bad, vdb};
	Mvmp__Column c1 = MVMP__COLUMN__INIT, c2 = c1, c3 = c1, c4 = c1, c5 = c1;
	Mvmp__Column *columns[] = {&c1, &c2, &c3, &c4, &c5};
	Mvmp__TextColumn text = MVMP__TEXT_COLUMN__INIT, *texts[] = {&text};
	Mvmp__Group g = MVMP__GROUP__INIT, *groups[] = {&g};
	Mvmp__StatsFrame f = MVMP__STATS_FRAME__INIT;

	memset(ids, 0xaa, 16);
	memset(ids + 16, 0xbb, 16);
	c1 = (Mvmp__Column){.base = c1.base,
		.metric = MVMP_B_RD_REQS,
		.n_value = 2,
		.value = rd,
		.present = {1, &some}};
	c2.metric = MVMP_B_OUTSTANDING;
	c2.unsupported = (ProtobufCBinaryData){1, &all};
	c3.metric = MVMP_B_ERRORS;
	c3.n_value = 1;
	c3.value = none;
	c4.metric = MVMP_B_CAPACITY;
	c4.n_value = 3;
	c4.value = big;
	c4.shift = 12;
	c5.metric = 4000; /* of a later version */
	c5.n_value = 3;
	c5.value = big;
	text.text = MVMP_BT_NAME;
	text.n_value = 3;
	text.value = names;
	g.kind = MVMP_VBD;
	g.count = 3;
	g.domains = (ProtobufCBinaryData){32, ids};
	g.n_runs = 2;
	g.runs = runs;
	g.n_index = 3;
	g.index = index;
	g.n_state = 3;
	g.state = state;
	g.n_age_ns = 3;
	g.age_ns = age;
	g.n_column = 5;
	g.column = columns;
	g.n_text = 1;
	g.text = texts;
	f.sample = 12;
	f.mono_ns = 13;
	f.n_group = 1;
	f.group = groups;
	return mvmp__stats_frame__pack(&f, to);
}

static void check_foreign(const struct mvmp_sample *s)
{
	const struct mvmp_record *r = s->kind[MVMP_VBD].at;

	assert_int_equal(s->number, 12);
	assert_int_equal(s->kind[MVMP_VBD].count, 3);
	assert_int_equal(r[1].key.domain[15], 0xaa);
	assert_int_equal(r[1].key.index, 1);
	assert_int_equal(r[2].key.domain[0], 0xbb);
	assert_int_equal(r[0].value[MVMP_B_RD_REQS], 10);
	assert_false(mvmp_has(&r[1], MVMP_B_RD_REQS));
	assert_int_equal(r[2].value[MVMP_B_RD_REQS], 300);
	assert_int_equal(r[1].unsupported, 1ull << MVMP_B_OUTSTANDING);
	assert_true(mvmp_has(&r[2], MVMP_B_ERRORS));
	assert_true(r[1].value[MVMP_B_CAPACITY] == 1ull << 52);
	assert_int_equal(r[1].quality, MVMP_LAST_GOOD);
	assert_int_equal(r[1].reason, MVMP_REASON_HUNG);
	assert_int_equal(r[1].age_ns, 50);
	assert_int_equal(r[2].quality, MVMP_FRESH);
	assert_string_equal(r[0].text[MVMP_BT_NAME], "vda");
	assert_string_equal(r[1].text[MVMP_BT_NAME], "bad?[2J?");
}

/* We read what protobuf-c wrote; a metric of a later version is skipped. */
static void protobufs_frames_are_read(void **state)
{
	struct mvmp_sample to = {0};
	struct mvmp_stats_head head;
	uint8_t bytes[1000];
	size_t len = foreign_frame(bytes);

	assert_int_equal(mvmp_stats_unpack(bytes, len, &head, &to), 0);
	check_foreign(&to);
	mvmp_sample_free(&to);
}

/* Fields of a later version, of every wire type, are skipped; groups of new kinds too. */
static void unknown_fields_are_skipped(void **state)
{
	static const uint8_t later[] = {0xa0, 0x06, 0x96, 0x01, /* field 100, varint */
		0xa9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,		/* field 101, 64 bits */
		0xb2, 0x06, 3, 'a', 'b', 'c',			/* field 102, bytes */
		0xbd, 0x06, 1, 2, 3, 4,				/* field 103, 32 bits */
		0x5a, 6, 0x08, 99, 0x10, 0xff, 0xff, 0x03};	/* group of kind 99 */
	struct mvmp_sample to = {0};
	struct mvmp_stats_head head;
	uint8_t bytes[1000];
	size_t len = sizeof later;

	memcpy(bytes, later, len);
	len += foreign_frame(bytes + len);
	memcpy(bytes + len, later, sizeof later);
	assert_int_equal(mvmp_stats_unpack(bytes, len + sizeof later, &head, &to), 0);
	check_foreign(&to);
	mvmp_sample_free(&to);
}

static int unpack_hex(const char *hex, struct mvmp_sample *to)
{
	struct mvmp_stats_head head;
	uint8_t bytes[200];

	assert_int_equal(mvmp_unhex(bytes, strlen(hex) / 2, hex), 0);
	return mvmp_stats_unpack(bytes, strlen(hex) / 2, &head, to);
}

/* Frames that lie about counts or lengths are refused and leave the sample as it was. */
static void lying_frames_are_refused(void **state)
{
	static const char *const frames[] = {
		"5a200801",		    /* the group ends after the frame */
		"5a06080110808004",	    /* 65536 pCPUs and no key */
		"5a08080110ffffffff0f",	    /* 2^32 - 1 of them */
		"5a04080110005a04080110",   /* none */
		"5a0a080110032a0400010203", /* four indexes for three pCPUs */
		"5a09080110032a03000180",   /* an index that does not end */
		"5a0a080110022a01002a0101", /* indexes twice */
		"5a06080110012801",	    /* an index that is not packed */
		"5a0408041001",		    /* a domain without UUID */
		"5a15080410011a0f000000000000000000000000000000",  /* of 15 bytes */
		"5a1d080410021a1000000000000000000000000000000000" /* three in runs of two */
		"2201032a020001",
		"5a11080110022a0200014a07080112030102" /* three values for two */
		"03",
		"5a0f080110022a0200014a05080112018f",	  /* a value that does not end */
		"5a11080110022a0200014a0708011201013040", /* a shift by 64 */
		"5a13080110022a0200014a090801120101"	  /* a bitmap of two bytes for two */
		"1a020303",
		"42021122", /* an instance of two bytes */
		"0a",	    /* a tag alone */
		"07",	    /* a field 0 */
	};
	struct mvmp_sample to = {.number = 4};

	mvmp_set(mvmp_sample_add(&to, MVMP_PCPU), MVMP_P_BUSY, 5);
	for (unsigned i = 0; i < sizeof frames / sizeof *frames; i++) {
		assert_int_equal(unpack_hex(frames[i], &to), -EBADMSG);
		assert_int_equal(to.kind[MVMP_PCPU].count, 1);
		assert_int_equal(to.kind[MVMP_PCPU].at[0].value[MVMP_P_BUSY], 5);
		assert_int_equal(to.number, 4);
	}
	/* The good neighbour of the bad ones. */
	assert_int_equal(unpack_hex("5a0f080110022a0201024a05080112012a", &to), 0);
	assert_int_equal(to.kind[MVMP_PCPU].count, 3);
	assert_int_equal(to.kind[MVMP_PCPU].at[2].value[MVMP_P_USER], 42);
	mvmp_sample_free(&to);
}

/* A record continued by a bad frame is what it was before. */
static void a_bad_continuation_is_undone(void **state)
{
	struct mvmp_sample to = {0};

	assert_int_equal(unpack_hex("5a0a080110014a04080112012a", &to), -EBADMSG);
	assert_int_equal(unpack_hex("5a0b080110014a05080112012a", &to), 0);
	assert_int_equal(unpack_hex("5a0b080110014a05080012012b", &to), 0);
	assert_int_equal(to.kind[MVMP_PCPU].count, 1);
	assert_int_equal(to.kind[MVMP_PCPU].at[0].present, 3);
	assert_int_equal(unpack_hex("5a0c080110014a06080112020707", &to), -EBADMSG);
	assert_int_equal(to.kind[MVMP_PCPU].at[0].value[MVMP_P_BUSY], 43);
	assert_int_equal(to.kind[MVMP_PCPU].at[0].value[MVMP_P_USER], 42);
	mvmp_sample_free(&to);
}

/* Frames changed at random never crash, and never bring more records than bytes. */
static void mutated_frames_do_no_harm(void **state)
{
	struct fixture_random rnd = {4711};
	struct mvmp_sample from = {0}, to = {0};
	struct mvmp_stats_head head = {0};
	uint8_t out[1456];

	fixture_sample(&from, 4, true, 9);
	for (unsigned round = 0; round < 20000; round++) {
		struct mvmp_stats_cursor cursor = {
			.sample = &from, .kinds = EVERYTHING, .texts = true};
		int len = mvmp_stats_pack(&cursor, &head, out, 600 + round % 800);
		size_t cut = (size_t)len - (round % 3 ? 0 : fixture_random(&rnd) % (size_t)len);
		uint8_t *frame = malloc(cut + 1);
		size_t records = 0;

		memcpy(frame, out, cut);
		for (unsigned n = 0; n < 1 + round % 4; n++)
			frame[fixture_random(&rnd) % (cut + 1)] ^= (uint8_t)fixture_random(&rnd);
		mvmp_sample_reset(&to);
		mvmp_stats_unpack(frame, cut, &head, &to);
		for (unsigned kind = 0; kind < MVMP_ENTITY_COUNT; kind++)
			records += to.kind[kind].count;
		assert_in_range(records, 0, cut);
		free(frame);
	}
	mvmp_sample_free(&from);
	mvmp_sample_free(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_survive_the_frames),
		cmocka_unit_test(an_empty_sample_is_one_frame),
		cmocka_unit_test(frames_are_filled),
		cmocka_unit_test(no_room_is_said),
		cmocka_unit_test(kinds_are_selected),
		cmocka_unit_test(peeking_leaves_the_records),
		cmocka_unit_test(protobuf_reads_our_frames),
		cmocka_unit_test(protobufs_frames_are_read),
		cmocka_unit_test(unknown_fields_are_skipped),
		cmocka_unit_test(lying_frames_are_refused),
		cmocka_unit_test(a_bad_continuation_is_undone),
		cmocka_unit_test(mutated_frames_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
