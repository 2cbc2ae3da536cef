/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the sanitizers shall know: librrd and the text libraries below it keep caches and small
 * strings for the process's life. The daemon draws in worker processes that it replaces.
 */

const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:librrd\nleak:libfontconfig\nleak:libpango\nleak:libcairo\nleak:libglib\n";
}

/* Whole stacks, so that the names above are found in them. */
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}
