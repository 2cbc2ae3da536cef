/* SPDX-License-Identifier: Apache-2.0 */
#include "client_private.h"
#include <errno.h>
#include <mvmp/crypto.h>
#include <stdlib.h>

int call_enter(struct mvmp_client *client, struct call *call)
{
	if (mvmp_heap_reserve(&client->heap, client->count + 1) ||
		mvmp_index_put(&client->ids, &call->by_id, call->id, call))
		return -ENOMEM;
	LIST_INSERT_HEAD(&client->calls, call, all);
	client->count++;
	call_become(client, call, CALL_LOOKING);
	return 0;
}

static void detach(struct call *call)
{
	if (call->connection)
		LIST_REMOVE(call, on_connection);
	call->connection = NULL;
}

void call_attach(struct call *call, struct connection *connection)
{
	detach(call);
	LIST_INSERT_HEAD(&connection->calls, call, on_connection);
	call->connection = connection;
}

/* Out of the queue of its state. */
static void take_from_queue(struct mvmp_client *client, struct call *call)
{
	if (call->state == CALL_QUEUED)
		TAILQ_REMOVE(&client->queued, call, queue);
	else if (call->state == CALL_ENDED)
		TAILQ_REMOVE(&client->ended, call, queue);
}

void call_leave(struct mvmp_client *client, struct call *call)
{
	take_from_queue(client, call);
	call_give_slot(client, call);
	detach(call);
	mvmp_index_remove(&client->ids, &call->by_id);
	mvmp_index_remove(&client->requests, &call->by_request);
	mvmp_index_remove(&client->looking, &call->by_target);
	mvmp_heap_set(&client->heap, &call->timer, MVMP_NEVER);
	LIST_REMOVE(call, all);
	client->count--;
	if (call->verb->verb == MVMP_VERB_CLUSTER_EXCHANGE && call->body_len)
		mvmp_wipe(call->body, call->body_len);
	mvmp_pool_put(&client->pool, (uint8_t *)call, sizeof *call + call->body_len);
}

/* Without memory it is stepped by its timer alone. */
static void be_found(struct mvmp_client *client, struct call *call)
{
	if (!call->target.has_addr)
		(void)mvmp_index_put(&client->looking, &call->by_target, call->target.key, call);
}

void call_become(struct mvmp_client *client, struct call *call, enum call_state state)
{
	take_from_queue(client, call);
	call->state = state;
	if (state != CALL_LOOKING)
		mvmp_index_remove(&client->looking, &call->by_target);
	if (state != CALL_SENT)
		mvmp_index_remove(&client->requests, &call->by_request);
	if (state == CALL_LOOKING || state == CALL_QUEUED || state == CALL_ENDED)
		detach(call);
	if (state == CALL_QUEUED)
		TAILQ_INSERT_TAIL(&client->queued, call, queue);
	else if (state == CALL_ENDED)
		TAILQ_INSERT_TAIL(&client->ended, call, queue);
	else if (state == CALL_LOOKING)
		be_found(client, call);
	if (state != CALL_LOOKING && state != CALL_CONNECTING)
		call_give_slot(client, call);
}

void call_settle(struct mvmp_client *client, struct call *call)
{
	uint64_t at = call->due < call->deadline ? call->due : call->deadline;

	mvmp_heap_set(&client->heap, &call->timer, call->state == CALL_ENDED ? MVMP_NEVER : at);
}

bool call_take_slot(struct mvmp_client *client, struct call *call)
{
	if (call->slot)
		return true;
	if (client->slots < SLOTS) {
		client->slots++;
		call->slot = true;
		return true;
	}
	call_become(client, call, CALL_QUEUED);
	call->due = call->deadline;
	return false;
}

/* The one that waits for longest gets it, and is stepped at once. It may find that it needs none,
 * as its member is connected meanwhile: then it gives it on like everybody, when it has sent. */
void call_give_slot(struct mvmp_client *client, struct call *call)
{
	struct call *next = TAILQ_FIRST(&client->queued);

	if (!call->slot)
		return;
	call->slot = false;
	if (!next) {
		client->slots--;
		return;
	}
	next->slot = true;
	take_from_queue(client, next);
	next->state = CALL_LOOKING;
	be_found(client, next);
	next->due = client->now;
	call_settle(client, next);
}
