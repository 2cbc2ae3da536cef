/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include "net.h"
#include "show.h"
#include <mvmp.pb-c.h>
#include <string.h>

static json_t *store_json(const struct mvctl_reply *reply, const Mvmp__StoreAnswer *answer)
{
	json_t *object = json_object();

	json_object_set_new(object, "aggregator", mvctl_json_text(reply->name));
	json_object_set_new(object, "directory", mvctl_json_text(answer->directory));
	json_object_set_new(object, "schema_version", json_integer(answer->schema));
	json_object_set_new(object, "step_s", json_integer(answer->step_s));
	json_object_set_new(object, "files", mvctl_json_uint(answer->files));
	json_object_set_new(object, "size_bytes", mvctl_json_uint(answer->bytes));
	json_object_set_new(object, "updates", mvctl_json_uint(answer->updates));
	json_object_set_new(object, "failures", mvctl_json_uint(answer->failures));
	json_object_set_new(object, "lost_updates", mvctl_json_uint(answer->lost_updates));
	json_object_set_new(object, "queue", json_integer(answer->queue));
	json_object_set_new(object, "ahead_ms", mvctl_json_uint(answer->ahead_ms));
	json_object_set_new(object, "moved_aside", mvctl_json_uint(answer->moved_aside));
	json_object_set_new(object, "degraded",
		*answer->degraded ? mvctl_json_text(answer->degraded) : json_null());
	return object;
}

static void print_store(FILE *out, const struct mvctl_reply *reply, const Mvmp__StoreAnswer *answer)
{
	char size[32];

	fprintf(out, "store of %s   %s%s\n", reply->name, *answer->degraded ? "degraded: " : "well",
		answer->degraded);
	fprintf(out, "  directory  %s, schema %u\n", answer->directory, answer->schema);
	fprintf(out, "  files      %llu, %s, one step is %u s\n", (unsigned long long)answer->files,
		mvctl_human_size(size, sizeof size, answer->bytes), answer->step_s);
	fprintf(out, "  updates    %llu, %u waiting, %llu failed, %llu lost\n",
		(unsigned long long)answer->updates, answer->queue,
		(unsigned long long)answer->failures, (unsigned long long)answer->lost_updates);
	if (answer->moved_aside)
		fprintf(out, "  aside      %llu files were moved aside, see its log\n",
			(unsigned long long)answer->moved_aside);
	if (answer->ahead_ms >= 1000)
		fprintf(out, "  time       %llu s ahead of its clock, which was set back\n",
			(unsigned long long)answer->ahead_ms / 1000);
}

int mvctl_show_store(struct mvctl *ctl, int argc, char **argv)
{
	struct mvctl_node node = {0};
	struct mvctl_reply reply = {0};
	Mvmp__StoreAnswer *answer = NULL;
	int rc;

	if (argc > 1)
		return mvctl_usage(ctl, "show store takes no %s", argv[1]);
	rc = mvctl_select_aggregator(ctl, &node);
	if (!rc)
		rc = mvctl_ask_one(
			ctl, &node, MVMP_ROLE_AGGREGATOR, MVMP_VERB_STORE_READ, NULL, 0, &reply);
	if (rc)
		return rc;
	if (reply.error.status == MVMP_OK) {
		answer = mvmp__store_answer__unpack(NULL, reply.body_len, reply.body);
		if (!answer)
			mvctl_bad_answer(&reply);
		else if (mvctl_wants_json(ctl))
			mvctl_add_item(ctl, store_json(&reply, answer));
		else if (mvctl_clean(answer->directory) && mvctl_clean(answer->degraded))
			print_store(ctl->out, &reply, answer);
	}
	mvctl_report_replies(ctl, &reply, 1, "show store");
	if (answer)
		mvmp__store_answer__free_unpacked(answer, NULL);
	mvctl_replies_clear(&reply, 1);
	return mvctl_result(ctl);
}
