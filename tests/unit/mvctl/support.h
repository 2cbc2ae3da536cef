/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_MVCTL_SUPPORT_H
#define TEST_MVCTL_SUPPORT_H

/* cmocka wants these before its own header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
