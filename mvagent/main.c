/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol/enrol.h"
#include "options.h"
#include "serve.h"

int main(int argc, char **argv)
{
	struct mva_options options;
	int code = mva_options_read(&options, argc, argv);

	if (code >= 0)
		return code;
	return options.enrol ? mva_enrol(&options) : mva_supervise(&options, mva_serve);
}
