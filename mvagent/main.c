/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "serve.h"

int main(int argc, char **argv)
{
	struct mva_options options;
	int code = mva_options_read(&options, argc, argv);

	return code >= 0 ? code : mva_supervise(&options, mva_serve);
}
