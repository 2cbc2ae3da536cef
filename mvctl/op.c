/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "jsonout.h"
#include "net.h"
#include "options.h"
#include <mvmp.pb-c.h>
#include <mvmp/bytes.h>
#include <string.h>

static json_t *operation_json(
	const struct mvctl_reply *reply, const Mvmp__OperationAnswer *answer, const char *id)
{
	json_t *object = json_object();

	json_object_set_new(object, "node", mvctl_json_text(reply->name));
	json_object_set_new(object, "operation", json_string(id));
	json_object_set_new(object, "verb", mvctl_json_text(answer->verb));
	json_object_set_new(object, "status", json_string(mvmp_status_name((int)answer->status)));
	json_object_set_new(object, "text", mvctl_json_text(answer->text));
	json_object_set_new(object, "began_at", mvctl_json_time(answer->wall_ns));
	return object;
}

/* The operation's own outcome becomes the command's. */
static void take_outcome(struct mvctl *ctl, struct mvctl_reply *reply, const char *id)
{
	Mvmp__OperationAnswer *answer =
		mvmp__operation_answer__unpack(NULL, reply->body_len, reply->body);
	const char *name;

	if (!answer) {
		mvctl_bad_answer(reply);
		return;
	}
	name = mvmp_status_name((int)answer->status);
	mvctl_clean(answer->verb);
	mvctl_clean(answer->text);
	if (mvctl_wants_json(ctl))
		mvctl_add_item(ctl, operation_json(reply, answer, id));
	else
		fprintf(ctl->out, "operation %s on %s: %s, %s%s%s\n", id, reply->name, answer->verb,
			name, answer->text[0] ? ": " : "", answer->text);
	if (answer->status != MVMP_OK)
		mvmp_fail(&reply->error, (enum mvmp_status)answer->status,
			"operation %s on %s ended: %s", id, reply->name, name);
	mvmp__operation_answer__free_unpacked(answer, NULL);
}

static int ask(struct mvctl *ctl, const struct mvctl_nodes *nodes, const uint8_t *operation,
	bool wait, const char *id)
{
	Mvmp__OperationRead request = MVMP__OPERATION_READ__INIT;
	struct mvctl_reply reply = {0};
	uint8_t body[64];
	int rc;

	request.operation.data = (uint8_t *)operation;
	request.operation.len = MVMP_ID_LEN;
	/* The node's wait ends before ours. */
	request.wait_ms = wait ? (uint32_t)(ctl->opt.timeout_s * 900) : 0;
	rc = mvctl_ask_one(ctl, &nodes->node[0], MVMP_ROLE_NODE, MVMP_VERB_OPERATION_READ, body,
		mvmp__operation_read__pack(&request, body), &reply);
	if (!rc && reply.error.status == MVMP_OK)
		take_outcome(ctl, &reply, id);
	if (!rc)
		mvctl_report_replies(ctl, &reply, 1, "op");
	mvctl_replies_clear(&reply, 1);
	return rc ? rc : mvctl_result(ctl);
}

static int run_op(struct mvctl *ctl, int argc, char **argv)
{
	static const struct option options[] = {{"wait", no_argument, NULL, 'w'}, {0}};
	uint8_t operation[MVMP_ID_LEN];
	struct mvctl_nodes nodes;
	bool wait = false;
	int c, rc;

	while ((c = mvctl_getopt(ctl, argc, argv, "w", options)) != -1) {
		if (c == '?')
			return MVCTL_EXIT_USAGE;
		wait = true;
	}
	if (argc - optind != 1)
		return mvctl_usage(ctl, "op takes one operation id; see: mvctl help op");
	if (mvmp_unhex(operation, sizeof operation, argv[optind]))
		return mvctl_usage(
			ctl, "%s is no operation id: it has 32 hex digits", argv[optind]);
	rc = mvctl_select_nodes(ctl, &nodes);
	if (rc)
		return rc;
	if (nodes.count > 1)
		rc = mvctl_usage(ctl, "an operation belongs to one node, -n names %u", nodes.count);
	else
		rc = ask(ctl, &nodes, operation, wait, argv[optind]);
	mvctl_nodes_clear(&nodes);
	return rc;
}

const struct mvctl_command mvctl_op = {
	.name = "op",
	.group = MVCTL_CHANGE,
	.summary = "how an operation ended whose answer was lost",
	.help = "  mvctl -n r1-n01 op 4f1c9a27be00112233445566778899aa --wait\n\n"
		"usage: mvctl -n NODE op ID [--wait]\n\n"
		"Asks the node's journal. --wait: until it ends, at most --timeout.\n\n"
		"Role: observer. Exit codes: the operation's own; 7 it still runs or was\n"
		"interrupted, 3 the node does not know it.\n",
	.run = run_op,
};
