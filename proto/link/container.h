/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_CONTAINER_H
#define MVMP_CONTAINER_H

#include <stddef.h>

/* The struct that embeds `member`, from a pointer to the member. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
