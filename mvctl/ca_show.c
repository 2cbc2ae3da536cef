/* SPDX-License-Identifier: Apache-2.0 */
#include "ca.h"
#include "ca_store.h"
#include "options.h"
#include <mvmp/bytes.h>
#include <string.h>
#include <time.h>

enum { SERIAL, NAME, ROLES, STATE, NOT_BEFORE, NOT_AFTER, MACS, KEY, CA };

static const struct mvctl_column columns[] = {
	[SERIAL] = {"serial", "SERIAL", MVCTL_RIGHT, NULL},
	[NAME] = {"name", "NAME", 0, NULL},
	[ROLES] = {"roles", "ROLES", 0, NULL},
	[STATE] = {"state", "STATE", MVCTL_STATE, NULL},
	[NOT_BEFORE] = {"not_before", "FROM", MVCTL_WIDE, NULL},
	[NOT_AFTER] = {"not_after", "EXPIRES", 0, NULL},
	[MACS] = {"macs", "MACS", 0, NULL},
	[KEY] = {"key", "KEY", MVCTL_WIDE, NULL},
	[CA] = {"ca", "CA", MVCTL_WIDE, NULL},
};

static void put_macs(struct mvctl_cell *cell, const struct mvmp_cert *cert)
{
	char text[18 * MVMP_CERT_MACS_MAX + 1] = "";

	for (unsigned i = 0; i < cert->macs; i++) {
		mvmp_mac_text(text + 18 * i, cert->mac[i]);
		if (i + 1 < cert->macs)
			text[18 * i + 17] = ',';
	}
	mvctl_put_text(cell, text);
}

static void put_row(struct mvctl_table *table, const struct mvctl_ca *ca,
	const struct mvmp_cert *cert, uint64_t now)
{
	struct mvctl_cell *cell = mvctl_table_row(table)->cell;
	char roles[64], date[21], key[2 * MVMP_KEY_LEN + 1];

	mvctl_put_uint(&cell[SERIAL], cert->serial);
	mvctl_put_text(&cell[NAME], cert->name);
	mvctl_put_text(&cell[ROLES], mvmp_roles_text(roles, cert->roles));
	mvctl_put_text(&cell[STATE], mvctl_ca_state(&ca->cluster, cert, now));
	mvctl_put_text(&cell[NOT_BEFORE], mvmp_time_text(date, cert->not_before));
	mvctl_put_text(&cell[NOT_AFTER], mvmp_time_text(date, cert->not_after));
	put_macs(&cell[MACS], cert);
	mvctl_put_text(&cell[KEY], mvmp_hex(key, cert->key, MVMP_KEY_LEN));
	mvctl_put_text(&cell[CA], mvmp_hex(key, cert->ca, sizeof cert->ca));
}

static void sum_up(struct mvctl *ctl, const struct mvctl_ca *ca, uint64_t now)
{
	char floor[21], key[2 * MVMP_KEY_LEN + 1], second[2 * MVMP_KEY_LEN + 1], names[640];
	unsigned valid = 0, hanging = mvctl_ca_hanging(ca, now, names, sizeof names);

	for (unsigned i = 0; i < ca->count; i++)
		valid += !strcmp(mvctl_ca_state(&ca->cluster, &ca->issued[i], now), "valid");
	mvmp_hex(key, ca->cluster.ca[0], MVMP_KEY_LEN);
	mvmp_time_text(floor, ca->cluster.time_floor);
	mvctl_note(ctl,
		"cluster %s: state %llu, cluster key %u, time floor %s, CA %.16s, %u certificates, "
		"%u valid",
		ca->name, (unsigned long long)ca->cluster.number, ca->cluster.key_generation, floor,
		key, ca->count, valid);
	if (ca->rotating)
		mvctl_note(ctl, "the CA key changes to %.16s; hanging on the old one: %s",
			mvmp_hex(second, ca->cluster.ca[1], MVMP_KEY_LEN),
			hanging ? names : "none");
	ctl->extra = json_pack("{s:{s:s, s:I, s:I, s:I, s:s, s:s, s:s?, s:i}}", "cluster", "name",
		ca->name, "state_number", (json_int_t)ca->cluster.number, "key_generation",
		(json_int_t)ca->cluster.key_generation, "grace_s", (json_int_t)ca->cluster.grace_s,
		"time_floor", floor, "ca_key", key, "next_ca_key", ca->rotating ? second : NULL,
		"hanging", (int)hanging);
}

static int show(struct mvctl *ctl, const struct mvctl_ca *ca, struct mvmp_error *err)
{
	struct mvctl_style style = mvctl_style(ctl);
	uint64_t now = (uint64_t)time(NULL);
	struct mvctl_table table;
	int ret;

	mvctl_table_init(&table);
	mvctl_table_add_all(&table, columns, sizeof columns / sizeof *columns);
	for (unsigned i = 0; i < ca->count; i++)
		put_row(&table, ca, &ca->issued[i], now);
	ret = mvctl_table_check(&table, &style, err);
	for (unsigned i = 0; !ret && mvctl_wants_json(ctl) && i < table.rows; i++)
		mvctl_add_item(ctl, mvctl_row_json(&table, &table.row[i]));
	if (!ret && !mvctl_wants_json(ctl))
		mvctl_table_print(ctl->out, &table, &style);
	if (!ret)
		sum_up(ctl, ca, now);
	mvctl_table_clear(&table);
	return ret;
}

int mvctl_ca_show(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{0}};
	struct mvmp_error err;
	struct mvctl_ca ca;
	int ret;

	if (mvctl_getopt(ctl, argc, argv, "", options) != -1)
		return MVCTL_EXIT_USAGE;
	if (argc - optind != 1)
		return mvctl_usage(ctl, "usage: mvctl ca show DIR [--json]");
	ret = mvctl_ca_open(&ca, argv[optind], &err);
	if (!ret)
		ret = show(ctl, &ca, &err);
	mvctl_ca_close(&ca);
	return ret ? mvctl_report(ctl, &err, NULL, NULL) : MVCTL_EXIT_OK;
}
