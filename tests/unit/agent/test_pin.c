/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_fixture.h"
#include "audit.h"
#include "null/null.h"
#include "operation.h"
#include <errno.h>
#include <stdlib.h>

static struct fixture f;

static const uint8_t *id(uint8_t n)
{
	static uint8_t bytes[8][MVMP_ID_LEN];
	uint8_t *to = bytes[n % 8];

	memset(to, 0, MVMP_ID_LEN);
	to[5] = 100;
	to[15] = n;
	return to;
}

static mvmp_call pin_as(
	uint64_t serial, uint8_t n, const char *domain, const char *cpus, bool dry_run)
{
	Mvmp__Pin body = MVMP__PIN__INIT;

	body.domain = (char *)domain;
	body.cpus = (char *)cpus;
	body.dry_run = dry_run;
	return fixture_ask(&f, 1, serial, MVMP_VERB_PIN, &body.base, id(n));
}

static mvmp_call pin(uint8_t n, const char *cpus)
{
	return pin_as(204, n, "null-01", cpus, false);
}

static struct null_script *script(void)
{
	return null_backend_script(mva_agent_backend(f.agent));
}

static Mvmp__PinAnswer *pin_answer(mvmp_call call)
{
	const struct answered *a = fixture_answer(&f, call);

	assert_non_null(a);
	return mvmp__pin_answer__unpack(NULL, a->len, a->body);
}

static Mvmp__AuditAnswer *read_audit(void)
{
	Mvmp__AuditRead body = MVMP__AUDIT_READ__INIT;
	const struct answered *a;

	body.newest = 100;
	a = fixture_answer(&f, fixture_ask(&f, 1, 1, MVMP_VERB_AUDIT_READ, &body.base, NULL));
	assert_non_null(a);
	return mvmp__audit_answer__unpack(NULL, a->len, a->body);
}

static Mvmp__DriftAnswer *read_drift(void)
{
	const struct answered *a =
		fixture_answer(&f, fixture_ask(&f, 1, 1, MVMP_VERB_DRIFT_READ, NULL, NULL));

	assert_non_null(a);
	return mvmp__drift_answer__unpack(NULL, a->len, a->body);
}

static Mvmp__OperationAnswer *read_operation(uint8_t n, uint32_t wait_ms, mvmp_call *call)
{
	Mvmp__OperationRead body = MVMP__OPERATION_READ__INIT;
	const struct answered *a;

	body.operation = (ProtobufCBinaryData){MVMP_ID_LEN, (uint8_t *)id(n)};
	body.wait_ms = wait_ms;
	*call = fixture_ask(&f, 1, 204, MVMP_VERB_OPERATION_READ, &body.base, NULL);
	a = fixture_answer(&f, *call);
	return a && !a->err.status ? mvmp__operation_answer__unpack(NULL, a->len, a->body) : NULL;
}

static void a_pin_is_applied_read_back_kept_and_audited(void **state)
{
	Mvmp__PinAnswer *answer;
	Mvmp__AuditAnswer *audit;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	call = pin(1, "1");
	assert_int_equal(fixture_status(&f, call), MVMP_OK);
	answer = pin_answer(call);
	assert_string_equal(answer->before, "any");
	assert_string_equal(answer->asked, "1");
	assert_string_equal(answer->after, "1");
	assert_string_equal(answer->domain_name, "null-01");
	assert_int_equal(answer->wish, 1);
	mvmp__pin_answer__free_unpacked(answer, NULL);
	audit = read_audit();
	assert_int_equal(audit->n_entry, 1);
	assert_string_equal(audit->entry[0]->who, "ada");
	assert_int_equal(audit->entry[0]->serial, 204);
	assert_string_equal(audit->entry[0]->verb, "pin");
	assert_string_equal(audit->entry[0]->arguments,
		"pin null-01 vCPU 0 to 1 (null-01, 00000000-0000-4000-8000-000000000001)");
	assert_string_equal(audit->entry[0]->result, "ok");
	assert_memory_equal(audit->entry[0]->operation.data, id(1), MVMP_ID_LEN);
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_end(&f);
}

static void a_repeat_is_answered_alike_and_applied_once_even_after_a_power_cut(void **state)
{
	struct answered first;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	call = pin(1, "1");
	first = *fixture_answer(&f, call);
	call = pin(1, "1");
	assert_int_equal(script()->pins, 1);
	assert_int_equal(fixture_answer(&f, call)->len, first.len);
	assert_memory_equal(fixture_answer(&f, call)->body, first.body, first.len);
	fixture_restart(&f, true, &mva_backend_null, NULL);
	call = pin(1, "1");
	assert_int_equal(fixture_status(&f, call), MVMP_OK);
	assert_memory_equal(fixture_answer(&f, call)->body, first.body, first.len);
	assert_int_equal(script()->pins, 0);
	fixture_end(&f);
}

static void nothing_is_applied_before_its_intent_is_saved_nor_answered_before_its_result(
	void **state)
{
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	f.hold_commit = true;
	call = pin(1, "1");
	assert_int_equal(script()->pins, 0);
	fixture_commit(&f);
	assert_int_equal(script()->pins, 1);
	assert_null(fixture_answer(&f, call));
	fixture_commit(&f);
	assert_int_equal(fixture_status(&f, call), MVMP_OK);
	fixture_end(&f);
}

static void operations_that_come_together_are_saved_together(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	f.hold_commit = true;
	pin(1, "1");
	pin(2, "0");
	pin(3, "1");
	fixture_commit(&f); /* the first intent */
	assert_int_equal(script()->pins, 1);
	fixture_commit(&f); /* two intents and a result */
	assert_int_equal(script()->pins, 3);
	fixture_commit(&f); /* two results */
	assert_int_equal(f.answers, 3);
	assert_null(f.held);
	fixture_end(&f);
}

static void an_interrupted_operation_says_so_and_is_not_run_again(void **state)
{
	Mvmp__OperationAnswer *told;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, "hold-pin");
	pin(1, "1");
	fixture_restart(&f, true, &mva_backend_null, NULL);
	call = pin(1, "1");
	assert_int_equal(fixture_status(&f, call), MVMP_INTERRUPTED);
	assert_int_equal(script()->pins, 0);
	told = read_operation(1, 0, &call);
	assert_non_null(told);
	assert_int_equal(told->status, MVMP_INTERRUPTED);
	assert_string_equal(told->verb, "pin");
	mvmp__operation_answer__free_unpacked(told, NULL);
	fixture_end(&f);
}

static void other_arguments_under_the_same_id_are_a_conflict(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	pin(1, "1");
	assert_int_equal(fixture_status(&f, pin(1, "0")), MVMP_CONFLICT);
	assert_int_equal(script()->pins, 1);
	assert_int_equal(fixture_status(&f, pin_as(205, 1, "null-01", "0", false)), MVMP_OK);
	fixture_end(&f);
}

static void who_repeats_or_asks_meanwhile_is_answered_at_the_end(void **state)
{
	mvmp_call first, repeat, read;

	fixture_start(&f, &mva_backend_null, "hold-pin");
	first = pin(1, "1");
	repeat = pin(1, "1");
	assert_null(read_operation(1, 500, &read));
	assert_int_equal(f.answers, 0);
	fixture_run(&f, 100);
	null_backend_release(mva_agent_backend(f.agent));
	assert_int_equal(fixture_status(&f, first), MVMP_OK);
	assert_int_equal(fixture_status(&f, repeat), MVMP_OK);
	assert_int_equal(fixture_status(&f, read), MVMP_OK);
	assert_int_equal(script()->pins, 1);
	fixture_end(&f);
}

static void a_caller_out_of_patience_hears_that_it_runs(void **state)
{
	Mvmp__OperationAnswer *told;
	mvmp_call call, read;

	fixture_start(&f, &mva_backend_null, "hold-pin");
	call = pin(1, "1");
	fixture_run(&f, 999);
	assert_int_equal(fixture_status(&f, call), MVMP_RUNNING);
	told = read_operation(1, 0, &read);
	fixture_run(&f, 1);
	assert_null(told);
	assert_int_equal(fixture_answer(&f, read)->err.status, MVMP_OK);
	null_backend_release(mva_agent_backend(f.agent));
	told = read_operation(1, 0, &read);
	assert_int_equal(told->status, MVMP_OK);
	assert_true(told->body.len > 0);
	mvmp__operation_answer__free_unpacked(told, NULL);
	fixture_end(&f);
}

static void a_full_disk_refuses_before_anything_is_changed(void **state)
{
	const struct answered *a;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	mva_disk_memory_fail(f.disk, 0, ENOSPC, true);
	call = pin(1, "1");
	a = fixture_answer(&f, call);
	assert_int_equal(a->err.status, MVMP_IO);
	assert_non_null(strstr(a->err.text, "nothing was changed"));
	assert_int_equal(script()->pins, 0);
	mva_disk_memory_fail(f.disk, -1, 0, false);
	fixture_run(&f, 2000);
	assert_int_equal(fixture_status(&f, pin(1, "1")), MVMP_OK);
	fixture_end(&f);
}

static void a_result_that_cannot_be_saved_is_not_called_done(void **state)
{
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	f.hold_commit = true;
	call = pin(1, "1");
	fixture_commit(&f);
	mva_disk_memory_fail(f.disk, 0, EIO, false);
	fixture_commit(&f);
	assert_int_equal(fixture_status(&f, call), MVMP_OUTCOME_UNKNOWN);
	assert_int_equal(fixture_status(&f, pin(1, "1")), MVMP_OUTCOME_UNKNOWN);
	assert_int_equal(script()->pins, 1);
	f.hold_commit = false;
	fixture_run(&f, 3000); /* the disk is well again: the result is saved late */
	fixture_restart(&f, true, &mva_backend_null, NULL);
	assert_int_equal(fixture_status(&f, pin(1, "1")), MVMP_OK);
	assert_int_equal(script()->pins, 0);
	fixture_end(&f);
}

static void bad_values_are_named_and_change_nothing(void **state)
{
	const struct answered *a;

	fixture_start(&f, &mva_backend_null, NULL);
	a = fixture_answer(&f, pin(1, "97"));
	assert_int_equal(a->err.status, MVMP_INVALID);
	assert_string_equal(
		a->err.text, "cannot pin null-01 vCPU 0 to pCPU 97: r1-n01 has pCPUs 0-1");
	assert_int_equal(fixture_status(&f, pin(2, "x-y")), MVMP_INVALID);
	assert_int_equal(fixture_status(&f, pin_as(204, 3, "", "1", false)), MVMP_INVALID);
	assert_int_equal(fixture_status(&f, pin_as(204, 4, "null-01", "1", true)), MVMP_OK);
	assert_int_equal(script()->pins, 0);
	fixture_end(&f);
}

static void drift_is_reported_kept_and_shown(void **state)
{
	Mvmp__DriftAnswer *drift;
	Mvmp__PinAnswer *answer;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, "drift");
	call = pin(1, "0");
	assert_int_equal(fixture_status(&f, call), MVMP_DRIFT);
	answer = pin_answer(call);
	assert_string_equal(answer->asked, "0");
	assert_string_equal(answer->after, "1");
	mvmp__pin_answer__free_unpacked(answer, NULL);
	drift = read_drift();
	assert_int_equal(drift->n_wish, 1);
	assert_string_equal(drift->wish[0]->object, "null-01 vCPU 0 pin");
	assert_string_equal(drift->wish[0]->wanted, "0");
	assert_string_equal(drift->wish[0]->found, "1");
	assert_true(drift->wish[0]->drifted);
	mvmp__drift_answer__free_unpacked(drift, NULL);
	fixture_end(&f);
}

static void emulator_threads_are_pinned_and_compared_too(void **state)
{
	Mvmp__Pin body = MVMP__PIN__INIT;
	Mvmp__DriftAnswer *drift;
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, NULL);
	body.domain = (char *)"null-01";
	body.cpus = (char *)"1";
	body.emulator = true;
	call = fixture_ask(&f, 1, 204, MVMP_VERB_PIN, &body.base, id(1));
	assert_int_equal(fixture_status(&f, call), MVMP_OK);
	pin(2, "0");
	drift = read_drift();
	assert_int_equal(drift->n_wish, 2);
	assert_string_equal(drift->wish[0]->object, "null-01 emulator pin");
	assert_string_equal(drift->wish[0]->found, "1");
	assert_false(drift->wish[0]->drifted);
	assert_string_equal(drift->wish[1]->found, "0");
	mvmp__drift_answer__free_unpacked(drift, NULL);
	script()->gone = true;
	f.now += MVMP_NS_PER_S;
	drift = read_drift();
	assert_non_null(strstr(drift->wish[0]->found, "not known"));
	assert_string_equal(drift->wish[1]->found, "no such vCPU now");
	mvmp__drift_answer__free_unpacked(drift, NULL);
	fixture_end(&f);
}

static void a_wish_is_applied_again_after_a_restart_and_when_the_domain_comes_back(void **state)
{
	Mvmp__DriftAnswer *drift;

	fixture_start(&f, &mva_backend_null, NULL);
	pin(1, "1");
	fixture_restart(&f, true, &mva_backend_null, NULL);
	fixture_run(&f, 11000);
	assert_int_equal(script()->pins, 1);
	drift = read_drift();
	assert_int_equal(drift->n_wish, 1);
	assert_false(drift->wish[0]->drifted);
	assert_string_equal(drift->wish[0]->who, "ada");
	mvmp__drift_answer__free_unpacked(drift, NULL);
	fixture_run(&f, 60000);
	assert_int_equal(script()->pins, 1); /* not again and again */
	script()->gone = true;
	fixture_run(&f, 20000);
	script()->gone = false;
	script()->incarnation = 2;
	fixture_run(&f, 20000);
	assert_int_equal(script()->pins, 2);
	fixture_end(&f);
}

static void to_unpin_ends_the_wish(void **state)
{
	Mvmp__DriftAnswer *drift;

	fixture_start(&f, &mva_backend_null, NULL);
	pin(1, "1");
	assert_int_equal(fixture_status(&f, pin(2, "")), MVMP_OK);
	drift = read_drift();
	assert_int_equal(drift->n_wish, 0);
	mvmp__drift_answer__free_unpacked(drift, NULL);
	fixture_restart(&f, true, &mva_backend_null, NULL);
	fixture_run(&f, 20000);
	assert_int_equal(script()->pins, 0);
	fixture_end(&f);
}

static void a_backend_that_is_busy_ends_the_operation_as_failed_for_good(void **state)
{
	const struct answered *a;

	fixture_start(&f, &mva_backend_null, "busy-pin");
	a = fixture_answer(&f, pin(1, "1"));
	assert_int_equal(a->err.status, MVMP_FAILED);
	assert_string_equal(a->err.text, "the null backend takes no more pins now");
	assert_string_equal(a->err.hint, "nothing was changed; ask for it anew");
	script()->busy_pin = false;
	assert_int_equal(fixture_status(&f, pin(1, "1")), MVMP_FAILED); /* one end only */
	assert_int_equal(fixture_status(&f, pin(2, "1")), MVMP_OK);
	fixture_end(&f);
}

static void busy_by_too_many_waiters_means_that_nothing_was_begun(void **state)
{
	mvmp_call call;

	fixture_start(&f, &mva_backend_null, "hold-pin");
	pin(1, "1");
	for (unsigned i = 1; i < MVA_WAITERS_MAX; i++)
		pin(1, "1");
	call = pin(2, "0");
	assert_int_equal(fixture_status(&f, call), MVMP_BUSY);
	assert_int_equal(fixture_status(&f, pin(1, "1")), MVMP_RUNNING); /* that one was */
	fixture_restart(&f, true, &mva_backend_null, NULL);
	assert_int_equal(fixture_status(&f, pin(2, "0")), MVMP_OK); /* never heard of */
	fixture_end(&f);
}

static void refused_changes_are_audited_with_their_sentence(void **state)
{
	Mvmp__AuditAnswer *audit;

	fixture_start(&f, &mva_backend_null, NULL);
	pin(1, "97");
	pin(2, "1");
	pin(2, "0"); /* other arguments */
	audit = read_audit();
	assert_int_equal(audit->n_entry, 3);
	assert_string_equal(audit->entry[0]->result, "invalid");
	assert_non_null(strstr(audit->entry[0]->text, "pCPU 97"));
	assert_string_equal(audit->entry[2]->result, "conflict");
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_end(&f);
}

static void text_that_is_no_utf8_is_audited_cleaned(void **state)
{
	struct mva_disk *disk = mva_disk_memory();
	struct mva_audit *log = mva_audit_new(disk, 0);
	struct mva_batch batch = {0};
	char text[1024] = {0};

	mva_audit_add(log, &(struct mva_audit_entry){.who = "ada",
				   .verb = "pin",
				   .arguments = "pin caf\xe9\n to 1",
				   .result = "ok"});
	mva_audit_save(log, &batch);
	mva_audit_saved(log, mva_batch_run(&batch, disk));
	disk->ops->read(disk, "audit.log", 0, text, sizeof text - 1);
	assert_non_null(strstr(text, "\"arguments\":\"pin caf?? to 1\""));
	mva_batch_free(&batch);
	mva_audit_free(log);
	disk->ops->close(disk);
}

static void an_entry_behind_a_torn_line_begins_a_new_one(void **state)
{
	Mvmp__AuditAnswer *audit;

	fixture_start(&f, &mva_backend_null, NULL);
	pin(1, "1");
	assert_int_equal(f.disk->ops->append(f.disk, "audit.log", "{\"wall_ns\":12", 13), 0);
	assert_int_equal(f.disk->ops->sync(f.disk, "audit.log"), 0);
	fixture_restart(&f, true, &mva_backend_null, NULL);
	pin(2, "0");
	audit = read_audit();
	assert_int_equal(audit->n_entry, 2);
	assert_memory_equal(audit->entry[1]->operation.data, id(2), MVMP_ID_LEN);
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_end(&f);
}

/* What readers see of vCPU 0's affinity, by a sample that may be a second old. */
static void affinity(char to[static MVMP_TEXT_LEN])
{
	Mvmp__SampleRead body = MVMP__SAMPLE_READ__INIT;
	struct mvmp_sample sample = {0};
	Mvmp__SampleAnswer *answer;
	struct mvmp_stats_head head;
	const struct answered *a;

	body.kinds = 1 << MVMP_VCPU;
	body.texts = true;
	a = fixture_answer(&f, fixture_ask(&f, 1, 1, MVMP_VERB_SAMPLE_READ, &body.base, NULL));
	assert_non_null(a);
	answer = mvmp__sample_answer__unpack(NULL, a->len, a->body);
	for (size_t i = 0; i < answer->n_frame; i++)
		assert_int_equal(mvmp_stats_unpack(answer->frame[i].data, answer->frame[i].len,
					 &head, &sample),
			0);
	strcpy(to, sample.kind[MVMP_VCPU].at[0].text[MVMP_VT_AFFINITY]);
	mvmp__sample_answer__free_unpacked(answer, NULL);
	mvmp_sample_free(&sample);
}

static void who_reads_after_a_pin_sees_it(void **state)
{
	char text[MVMP_TEXT_LEN];

	fixture_start(&f, &mva_backend_null, NULL);
	affinity(text);
	assert_string_equal(text, "any");
	pin(1, "1");
	affinity(text);
	assert_string_equal(text, "1");
	fixture_end(&f);
}

static void a_first_pin_is_not_applied_a_second_time(void **state)
{
	Mvmp__AuditAnswer *audit;

	fixture_start(&f, &mva_backend_null, NULL);
	fixture_run(&f, 15000);
	pin(1, "1");
	fixture_run(&f, 30000);
	assert_int_equal(script()->pins, 1);
	audit = read_audit();
	assert_int_equal(audit->n_entry, 1);
	mvmp__audit_answer__free_unpacked(audit, NULL);
	script()->incarnation = 2; /* but a domain that began anew is pinned again */
	fixture_run(&f, 20000);
	assert_int_equal(script()->pins, 2);
	fixture_end(&f);
}

static void many_who_look_for_drift_share_a_sample(void **state)
{
	fixture_start(&f, &mva_backend_null, NULL);
	for (unsigned i = 0; i < 20; i++)
		mvmp__drift_answer__free_unpacked(read_drift(), NULL);
	assert_int_equal(script()->samples, 1);
	fixture_end(&f);
}

static void damage_found_at_the_start_is_in_the_audit_log(void **state)
{
	Mvmp__AuditAnswer *audit;

	fixture_start(&f, &mva_backend_null, NULL);
	f.disk->ops->append(f.disk, "wishes.json", "[", 1);
	fixture_restart(&f, false, &mva_backend_null, NULL);
	fixture_run(&f, 1000);
	audit = read_audit();
	assert_int_equal(audit->n_entry, 1);
	assert_string_equal(audit->entry[0]->verb, "start");
	assert_non_null(strstr(audit->entry[0]->arguments, "wishes.json is damaged"));
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_restart(&f, true, &mva_backend_null, NULL); /* said once */
	fixture_run(&f, 1000);
	audit = read_audit();
	assert_int_equal(audit->n_entry, 1);
	mvmp__audit_answer__free_unpacked(audit, NULL);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_applied_read_back_kept_and_audited),
		cmocka_unit_test(
			a_repeat_is_answered_alike_and_applied_once_even_after_a_power_cut),
		cmocka_unit_test(
			nothing_is_applied_before_its_intent_is_saved_nor_answered_before_its_result),
		cmocka_unit_test(operations_that_come_together_are_saved_together),
		cmocka_unit_test(an_interrupted_operation_says_so_and_is_not_run_again),
		cmocka_unit_test(other_arguments_under_the_same_id_are_a_conflict),
		cmocka_unit_test(who_repeats_or_asks_meanwhile_is_answered_at_the_end),
		cmocka_unit_test(a_caller_out_of_patience_hears_that_it_runs),
		cmocka_unit_test(a_full_disk_refuses_before_anything_is_changed),
		cmocka_unit_test(a_result_that_cannot_be_saved_is_not_called_done),
		cmocka_unit_test(bad_values_are_named_and_change_nothing),
		cmocka_unit_test(drift_is_reported_kept_and_shown),
		cmocka_unit_test(emulator_threads_are_pinned_and_compared_too),
		cmocka_unit_test(
			a_wish_is_applied_again_after_a_restart_and_when_the_domain_comes_back),
		cmocka_unit_test(to_unpin_ends_the_wish),
		cmocka_unit_test(damage_found_at_the_start_is_in_the_audit_log),
		cmocka_unit_test(who_reads_after_a_pin_sees_it),
		cmocka_unit_test(a_first_pin_is_not_applied_a_second_time),
		cmocka_unit_test(many_who_look_for_drift_share_a_sample),
		cmocka_unit_test(a_backend_that_is_busy_ends_the_operation_as_failed_for_good),
		cmocka_unit_test(busy_by_too_many_waiters_means_that_nothing_was_begun),
		cmocka_unit_test(refused_changes_are_audited_with_their_sentence),
		cmocka_unit_test(text_that_is_no_utf8_is_audited_cleaned),
		cmocka_unit_test(an_entry_behind_a_torn_line_begins_a_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
