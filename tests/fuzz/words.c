/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <config.h>
#include <math.h>
#include <times.h>

enum { NOW_S = 1800000000 };

static void read_config(const uint8_t *bytes, size_t len)
{
	char value[16] = "";
	FILE *file = fmemopen((void *)(uintptr_t)bytes, len, "r");

	if (!file)
		return;
	mvctl_config_read(file, "interface", value, sizeof value);
	fuzz_holds(memchr(value, '\0', sizeof value), "a value of the configuration ends");
	fclose(file);
}

/* Times, spans and the configuration file, as people write them. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = fuzz_text(bytes, len);
	double span;
	int64_t time;

	if (!mvctl_time_parse(&time, text, NOW_S, NULL) && text[0] == '-')
		fuzz_holds(time <= NOW_S, "what begins with - is in the past");
	if (!mvctl_span_parse(&span, text, NULL))
		fuzz_holds(isfinite(span) && span > 0, "a span is a time");
	read_config(bytes, len);
	free(text);
	return 0;
}
