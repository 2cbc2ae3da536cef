/* SPDX-License-Identifier: Apache-2.0 */
#include "../../../mvagent/linux/blockstats.h"
#include "../../../mvagent/linux/inventory.h"
#include "../../../mvagent/linux/pinning.h"
#include "../../../mvagent/linux/virt.h"
#include "../../../mvagent/linux/xml.h"
#include "../cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *name)
{
	static char text[64 * 1024];
	char path[256];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", TREES, name);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

/* A description written by libvirt 9.0 gives the devices that `virsh dumpxml` shows. */
static void reads_libvirts_description(void **state)
{
	static struct mva_libvirt_domain domain;
	char text[37];

	domain = (struct mva_libvirt_domain){0};
	assert_true(mva_virt_parse(read_file("domain.xml"), &domain));
	assert_string_equal(domain.name, "idle-01");
	assert_string_equal(
		mvmp_uuid_text(text, domain.uuid), "968c6223-7e2d-46e7-8ebc-c20736cd4d4b");
	assert_int_equal(domain.accel, MVA_ACCEL_TCG);
	assert_int_equal(domain.mem_max, 16 << 20);
	assert_int_equal(domain.mem_current, 16 << 20);
	assert_int_equal(domain.vcpus, 2);
	assert_int_equal(domain.vifs, 1);
	assert_string_equal(domain.vif[0].device, "vif1");
	assert_string_equal(domain.vif[0].bridge, "vmbr0");
	assert_string_equal(mvmp_mac_text(text, domain.vif[0].mac), "52:54:00:77:00:01");
	assert_int_equal(domain.vbds, 1);
	assert_string_equal(domain.vbd[0].name, "vda");
	assert_string_equal(domain.vbd[0].type, "file");
	assert_string_equal(domain.vbd[0].format, "raw");
	assert_string_equal(domain.vbd[0].source, "/var/lib/guests/idle-01.img");
}

/* Entities, quotes, nested backing files, plugged-in devices with gaps and macvtap are read as
 * they are meant. */
static void reads_unusual_descriptions(void **state)
{
	static struct mva_libvirt_domain domain;
	const char *text = "<?xml version='1.0'?><!-- <name>no</name> -->"
			   "<domain type=\"kvm\"><name>a&lt;b&apos;&amp;c</name>"
			   "<vcpu placement='static' current='3'>8</vcpu><devices>"
			   "<disk type='block' device='disk'><backingStore type='file'>"
			   "<source file='/wrong'/><driver type='wrong'/></backingStore>"
			   "<driver name='qemu' type='qcow2'/><source dev='/dev/x>y'/>"
			   "<target dev='sdb'/></disk>"
			   "<interface type='direct'><source dev='eth0' mode='bridge'/>"
			   "<target dev='macvtap3'/><alias name='net7'/></interface>"
			   "<interface type='user'><alias name='ua-mine'/></interface>"
			   "</devices></domain>";

	domain = (struct mva_libvirt_domain){0};
	assert_true(mva_virt_parse(text, &domain));
	assert_string_equal(domain.name, "a<b'&c");
	assert_int_equal(domain.accel, MVA_ACCEL_KVM);
	assert_int_equal(domain.vcpus, 3);
	assert_string_equal(domain.vbd[0].source, "/dev/x>y");
	assert_string_equal(domain.vbd[0].format, "qcow2");
	assert_int_equal(domain.vbd[0].index, 1 << 16 | 1);
	assert_int_equal(domain.vif[0].index, 7);
	assert_true(domain.vif[0].host_view);
	assert_false(domain.vif[1].host_view);
	assert_int_equal(domain.vif[1].index, 1);
	assert_string_equal(domain.vif[1].device, "");
}

/* A description cut at any byte is refused, never read beyond. */
static void refuses_cut_descriptions(void **state)
{
	static struct mva_libvirt_domain domain;
	const char *whole = read_file("domain.xml");
	size_t len = strlen(whole);

	while (len && whole[len - 1] == '\n')
		len--;
	for (size_t cut = 0; cut < len; cut++) {
		char *part = strndup(whole, cut);

		assert_non_null(part);
		domain = (struct mva_libvirt_domain){0};
		assert_false(mva_virt_parse(part, &domain));
		free(part);
	}
	domain = (struct mva_libvirt_domain){0};
	assert_false(mva_virt_parse("<a><b></a></b>", &domain));
	assert_false(mva_virt_parse("no xml", &domain));
}

/* Targets of different buses never share an index. */
static void disk_indexes_differ(void **state)
{
	assert_int_equal(mva_vbd_index("vda"), 0);
	assert_int_equal(mva_vbd_index("vdb"), 1);
	assert_int_equal(mva_vbd_index("vdaa"), 26);
	assert_int_equal(mva_vbd_index("sda"), 1 << 16);
	assert_int_not_equal(mva_vbd_index("hda"), mva_vbd_index("xvda"));
}

static size_t write_records(uint8_t *bytes, size_t size)
{
	static struct mva_seen_guest guest;
	struct mvmp_writer w = mvmp_writer(bytes, size);

	guest = (struct mva_seen_guest){.pid = 77,
		.start = 1ull << 40,
		.has_uuid = true,
		.uuid = {1, 2, 3},
		.name = "web",
		.accel = MVA_ACCEL_KVM,
		.threads = 2,
		.thread = {{.vcpu = 0, .tid = 78}, {.vcpu = 1, .tid = 79, .shared = true}},
		.taps = 1,
		.tap = {{.device = "tap0", .bridge = "br0"}}};
	guest.thread[1].cpus.bits[2] = 5;
	assert_true(mva_inventory_put_guest(&w, &guest));
	mva_inventory_put_end(&w, false);
	assert_false(w.bad);
	return w.used;
}

/* What a worker writes about a process is what the sampler reads. */
static void guests_come_through(void **state)
{
	static struct mva_seen_guest got;
	uint8_t bytes[512];
	struct mvmp_reader r = mvmp_reader(bytes, write_records(bytes, sizeof(bytes)));

	assert_true(mva_inventory_get_guest(&r, &got));
	assert_int_equal(got.pid, 77);
	assert_int_equal(got.start, 1ull << 40);
	assert_string_equal(got.name, "web");
	assert_int_equal(got.threads, 2);
	assert_int_equal(got.thread[1].tid, 79);
	assert_true(got.thread[1].shared);
	assert_int_equal(got.thread[1].cpus.bits[2], 5);
	assert_string_equal(got.tap[0].bridge, "br0");
	assert_false(mva_inventory_get_guest(&r, &got));
	assert_false(r.bad);
}

/* Bytes cut anywhere give a bad reader, and counts beyond the bounds too. */
static void cut_answers_are_bad(void **state)
{
	static struct mva_seen_guest got;
	static struct mva_libvirt_domain domain;
	uint8_t bytes[512], noise[256];
	size_t len = write_records(bytes, sizeof(bytes));

	for (size_t cut = 1; cut < len - 1; cut++) {
		struct mvmp_reader r = mvmp_reader(bytes, cut);

		assert_false(mva_inventory_get_guest(&r, &got));
		assert_true(r.bad);
	}
	memset(noise, 0xff, sizeof(noise));
	noise[0] = MVA_INVENTORY_MORE;
	for (size_t n = 0; n < sizeof(noise); n++) {
		struct mvmp_reader r = mvmp_reader(noise, n);

		assert_false(mva_inventory_get_domain(&r, &domain));
	}
}

/* A record for which there is no room is left out whole. */
static void full_answers_stay_whole(void **state)
{
	static struct mva_libvirt_domain domain, got;
	uint8_t bytes[256];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof(bytes));
	struct mvmp_reader r;
	unsigned put = 0, read = 0;

	domain = (struct mva_libvirt_domain){.name = "d", .vifs = 1, .vbds = 1};
	while (mva_inventory_put_domain(&w, &domain))
		put++;
	mva_inventory_put_end(&w, true);
	assert_false(w.bad);
	assert_in_range(put, 1, 4);
	r = mvmp_reader(bytes, w.used);
	while (mva_inventory_get_domain(&r, &got))
		read++;
	assert_false(r.bad);
	assert_int_equal(read, put);
}

/* Block figures and pinning requests come through; bits of no metric are refused. */
static void figures_come_through(void **state)
{
	struct mva_block block = {
		.target = "vda", .present = 1 << MVMP_B_RD_REQS | 1 << MVMP_B_PHYSICAL};
	struct mva_pin_request request = {.pid = 4, .managed = true, .vcpu = 3}, back;
	uint8_t bytes[512];
	struct mvmp_writer w = mvmp_writer(bytes, sizeof(bytes));
	struct mvmp_reader r;
	struct mva_block got;

	block.value[MVMP_B_RD_REQS] = 1ull << 50;
	block.value[MVMP_B_PHYSICAL] = 9;
	mva_block_put(&w, &block);
	mva_block_put_end(&w);
	r = mvmp_reader(bytes, w.used);
	assert_true(mva_block_get(&r, &got));
	assert_int_equal(got.value[MVMP_B_RD_REQS], 1ull << 50);
	assert_int_equal(got.value[MVMP_B_PHYSICAL], 9);
	assert_false(mva_block_get(&r, &got));
	assert_false(r.bad);
	bytes[1 + 4 + 3] = 0x80;
	r = mvmp_reader(bytes, w.used);
	assert_false(mva_block_get(&r, &got));
	assert_true(r.bad);
	w = mvmp_writer(bytes, sizeof(bytes));
	request.cpus.bits[0] = 6;
	mva_pin_request_put(&w, &request);
	r = mvmp_reader(bytes, w.used);
	mva_pin_request_get(&r, &back);
	assert_false(r.bad);
	assert_int_equal(back.vcpu, 3);
	assert_int_equal(back.cpus.bits[0], 6);
	assert_true(back.managed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_libvirts_description),
		cmocka_unit_test(reads_unusual_descriptions),
		cmocka_unit_test(refuses_cut_descriptions),
		cmocka_unit_test(disk_indexes_differ),
		cmocka_unit_test(guests_come_through),
		cmocka_unit_test(cut_answers_are_bad),
		cmocka_unit_test(full_answers_stay_whole),
		cmocka_unit_test(figures_come_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
