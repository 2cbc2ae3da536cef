/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonout.h"
#include "mvctl.h"
#include <mvmp/bytes.h>
#include <stdarg.h>
#include <string.h>

static const enum mvctl_exit exit_codes[MVMP_STATUS_COUNT] = {
	[MVMP_OK] = MVCTL_EXIT_OK,
	[MVMP_FAILED] = MVCTL_EXIT_FAILED,
	[MVMP_INVALID] = MVCTL_EXIT_USAGE,
	[MVMP_NOT_FOUND] = MVCTL_EXIT_NOT_FOUND,
	[MVMP_NOT_ALLOWED] = MVCTL_EXIT_NOT_ALLOWED,
	[MVMP_NOT_TRUSTED] = MVCTL_EXIT_NOT_ALLOWED,
	[MVMP_NO_ANSWER] = MVCTL_EXIT_NO_ANSWER,
	[MVMP_OUTCOME_UNKNOWN] = MVCTL_EXIT_OUTCOME_UNKNOWN,
	[MVMP_RUNNING] = MVCTL_EXIT_OUTCOME_UNKNOWN,
	[MVMP_UNSUPPORTED] = MVCTL_EXIT_UNSUPPORTED,
	[MVMP_DRIFT] = MVCTL_EXIT_DRIFT,
	[MVMP_INTERRUPTED] = MVCTL_EXIT_OUTCOME_UNKNOWN,
	[MVMP_EXPIRED] = MVCTL_EXIT_FAILED,
	[MVMP_BUSY] = MVCTL_EXIT_FAILED,
	[MVMP_PERMISSION] = MVCTL_EXIT_NOT_ALLOWED,
	[MVMP_CONFLICT] = MVCTL_EXIT_FAILED,
	[MVMP_NO_MEMORY] = MVCTL_EXIT_FAILED,
	[MVMP_IO] = MVCTL_EXIT_FAILED,
	[MVMP_TOO_LARGE] = MVCTL_EXIT_FAILED,
};

enum mvctl_exit mvctl_exit_code(int status)
{
	if (status < 0 || status >= MVMP_STATUS_COUNT)
		return MVCTL_EXIT_FAILED;
	return exit_codes[status];
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? mvctl_json_text(text) : json_null();
}

static json_t *error_object(
	const struct mvmp_error *error, const char *node, const uint8_t *operation)
{
	char id[2 * MVMP_ID_LEN + 1];
	json_t *object = json_object();

	json_object_set_new(object, "node", text_or_null(node));
	json_object_set_new(object, "code", json_integer(mvctl_exit_code(error->status)));
	json_object_set_new(object, "name", json_string(mvmp_status_name(error->status)));
	json_object_set_new(object, "message", text_or_null(error->text));
	json_object_set_new(object, "hint", text_or_null(error->hint));
	json_object_set_new(object, "operation",
		operation ? json_string(mvmp_hex(id, operation, MVMP_ID_LEN)) : json_null());
	return object;
}

int mvctl_keep_error(struct mvctl *ctl, const struct mvmp_error *error, const char *node,
	const uint8_t *operation)
{
	int code = mvctl_exit_code(error->status);

	if (!ctl->errors)
		ctl->errors = json_array();
	json_array_append_new(ctl->errors, error_object(error, node, operation));
	if (ctl->failed && ctl->code != code)
		code = -1;
	ctl->code = code;
	ctl->failed++;
	return mvctl_exit_code(error->status);
}

int mvctl_report(struct mvctl *ctl, const struct mvmp_error *error, const char *node,
	const uint8_t *operation)
{
	fflush(ctl->out);
	fprintf(ctl->err, "%s: %s\n", ctl->program, error->text);
	if (error->hint[0])
		fprintf(ctl->err, "  hint: %s\n", error->hint);
	return mvctl_keep_error(ctl, error, node, operation);
}

int mvctl_usage(struct mvctl *ctl, const char *format, ...)
{
	struct mvmp_error error = {.status = MVMP_INVALID};
	va_list args;

	va_start(args, format);
	vsnprintf(error.text, sizeof error.text, format, args);
	va_end(args);
	return mvctl_report(ctl, &error, NULL, NULL);
}

int mvctl_result(const struct mvctl *ctl)
{
	if (!ctl->failed)
		return MVCTL_EXIT_OK;
	if (ctl->done || ctl->code < 0)
		return MVCTL_EXIT_SOME_FAILED;
	return ctl->code;
}
