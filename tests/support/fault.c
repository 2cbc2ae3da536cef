/* SPDX-License-Identifier: Apache-2.0 */
#include "fault_private.h"
#include <pthread.h>
#include <stdio.h>

/* The sanitizers' own; tells function, file and line. */
__attribute__((weak)) void __sanitizer_symbolize_pc(
	void *pc, const char *format, char *to, size_t size);

static struct {
	pthread_mutex_t lock;
	unsigned kinds, left;
	int error;
	bool armed, stay, halfway, hit;
	void *place;
} plan = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread unsigned paused;

void fault_arm(unsigned kinds, unsigned n, int error, bool stay, bool halfway)
{
	pthread_mutex_lock(&plan.lock);
	plan.kinds = kinds;
	plan.left = n;
	plan.error = error;
	plan.stay = stay;
	plan.halfway = halfway;
	plan.hit = false;
	plan.place = NULL;
	plan.armed = true;
	pthread_mutex_unlock(&plan.lock);
}

bool fault_disarm(void)
{
	pthread_mutex_lock(&plan.lock);
	plan.armed = false;
	pthread_mutex_unlock(&plan.lock);
	return plan.hit;
}

void fault_pause(void)
{
	paused++;
}

void fault_resume(void)
{
	paused--;
}

static bool falls_now(void)
{
	if (plan.left > 1) {
		plan.left--;
		return false;
	}
	if (plan.left == 0)
		return false;
	plan.left = plan.stay;
	return true;
}

int fault_here(enum fault_kind kind, void *caller)
{
	int error = 0;

	if (paused)
		return 0;
	pthread_mutex_lock(&plan.lock);
	if (plan.armed && plan.kinds & kind && falls_now()) {
		error = plan.error;
		if (!plan.hit)
			plan.place = caller;
		plan.hit = true;
	}
	pthread_mutex_unlock(&plan.lock);
	return error;
}

bool fault_halfway(void)
{
	return plan.halfway;
}

const char *fault_symbol(void *pc)
{
	static char text[256];

	if (__sanitizer_symbolize_pc)
		__sanitizer_symbolize_pc(pc, "%f %s:%l", text, sizeof text);
	else
		snprintf(text, sizeof text, "%p (a build with sanitizers tells the line)", pc);
	return text;
}

const char *fault_place(void)
{
	return plan.place ? fault_symbol(plan.place) : "nowhere";
}
