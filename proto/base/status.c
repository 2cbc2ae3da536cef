/* SPDX-License-Identifier: Apache-2.0 */
#include <mvmp/status.h>
#include <stdio.h>

static const char *const names[MVMP_STATUS_COUNT] = {
	[MVMP_OK] = "ok",
	[MVMP_FAILED] = "failed",
	[MVMP_INVALID] = "invalid",
	[MVMP_NOT_FOUND] = "not-found",
	[MVMP_NOT_ALLOWED] = "not-allowed",
	[MVMP_NOT_TRUSTED] = "not-trusted",
	[MVMP_NO_ANSWER] = "no-answer",
	[MVMP_OUTCOME_UNKNOWN] = "outcome-unknown",
	[MVMP_RUNNING] = "running",
	[MVMP_UNSUPPORTED] = "unsupported",
	[MVMP_DRIFT] = "drift",
	[MVMP_INTERRUPTED] = "interrupted",
	[MVMP_EXPIRED] = "expired",
	[MVMP_BUSY] = "busy",
	[MVMP_PERMISSION] = "permission",
	[MVMP_CONFLICT] = "conflict",
	[MVMP_NO_MEMORY] = "no-memory",
	[MVMP_IO] = "io",
	[MVMP_TOO_LARGE] = "too-large",
};

const char *mvmp_status_name(int status)
{
	if (status < 0 || status >= MVMP_STATUS_COUNT)
		return "unknown-status";
	return names[status];
}

int mvmp_fail(struct mvmp_error *err, enum mvmp_status status, const char *format, ...)
{
	va_list args;

	if (err) {
		err->status = status;
		err->hint[0] = '\0';
		va_start(args, format);
		vsnprintf(err->text, sizeof err->text, format, args);
		va_end(args);
	}
	return -(int)status;
}

int mvmp_hint(struct mvmp_error *err, const char *format, ...)
{
	va_list args;

	if (!err)
		return -1;
	va_start(args, format);
	vsnprintf(err->hint, sizeof err->hint, format, args);
	va_end(args);
	return -(int)err->status;
}
