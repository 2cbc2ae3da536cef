/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Block and balloon figures, which only QEMU knows: asked of libvirt in workers, each domain at
 * its own interval, never waited for. A domain that hangs must not eat libvirt's own threads, so
 * a stopped process is not asked, a question that is still open is not repeated (libvirt refuses
 * it at once), and few questions are out at a time.
 */

#include "guests.h"

enum {
	ASKING_MAX = 4, /* questions out */
	STUCK_MAX = 8,	/* threads of libvirtd that may wait for dead domains (it has 20) */
	DEADLINE_MS = 2000,
};
static const uint64_t spacing_max_ns = 60 * MVMP_NS_PER_S;

uint8_t mva_guest_reason(const struct mva_guest *guest)
{
	if (!guest->managed)
		return MVMP_REASON_NONE;
	if (guest->stopped)
		return MVMP_REASON_HUNG;
	if (guest->lx->guests->libvirt_away)
		return MVMP_REASON_NO_LIBVIRT;
	return guest->question.stuck ? MVMP_REASON_HUNG : MVMP_REASON_NONE;
}

static struct mva_vbd *find_vbd(struct mva_guest *guest, const char *target)
{
	for (unsigned i = 0; i < guest->vbds; i++) {
		if (!strcmp(guest->vbd[i].info.name, target))
			return &guest->vbd[i];
	}
	return NULL;
}

/* A disk was plugged or unplugged. Once for each count of disks: a disk that has no figures (an
 * empty drive) must not make every answer ask for descriptions. */
static void note_plugged(struct mva_guest *guest, unsigned answered)
{
	if (guest->disks_answered == answered + 1)
		return;
	guest->disks_answered = answered + 1;
	mva_guests_describe_soon(guest->lx);
}

static void take_answer(struct mva_guest *guest, struct mvmp_reader *r)
{
	uint64_t now = mva_linux_now(guest->lx);
	struct mva_balloon balloon;
	struct mva_block block;
	unsigned answered = 0, known = 0;

	mva_balloon_get(r, &balloon);
	if (r->bad)
		return;
	guest->balloon = balloon;
	guest->balloon_ns = now;
	while (mva_block_get(r, &block)) {
		struct mva_vbd *vbd = find_vbd(guest, block.target);

		answered++;
		if (!vbd)
			continue;
		vbd->block = block;
		vbd->at_ns = now;
		vbd->answered = vbd->new = true;
		known++;
	}
	if (!r->bad && (answered != known || known != guest->vbds))
		note_plugged(guest, answered);
}

/* Twice as long each time, to a minute. */
static void back_off(struct mva_question *question, uint64_t now)
{
	question->stuck = true;
	question->spacing_ns *= 2;
	if (question->spacing_ns > spacing_max_ns)
		question->spacing_ns = spacing_max_ns;
	question->due_ns = now + question->spacing_ns;
}

/* Domains are not all due at once: each has its own period, up to an eighth shorter. */
static uint64_t spacing_of(const struct mva_guest *guest)
{
	uint64_t spacing = guest->lx->guests->block_ns;

	return spacing - spacing / 8 * guest->uuid[MVMP_ID_LEN - 1] / 255;
}

static void answered(void *ctx, const struct mvmp_error *error, const uint8_t *answer, size_t len)
{
	struct mva_guest *guest = ctx;
	struct mva_guests *guests = guest->lx->guests;
	struct mvmp_reader r = mvmp_reader(answer, len);

	guest->question.task = 0;
	guests->asking--;
	if (error->status == MVMP_OK) {
		guest->question.stuck = false;
		guest->question.spacing_ns = guests->block_ns;
		guest->question.due_ns = mva_linux_now(guest->lx) + spacing_of(guest);
		take_answer(guest, &r);
	} else if (error->status == MVMP_NO_ANSWER) {
		back_off(&guest->question, mva_linux_now(guest->lx));
	} else if (error->status == MVMP_IO) {
		guests->libvirt.due_ns = 0; /* is libvirt away? */
	} else if (error->status == MVMP_NOT_FOUND) {
		mva_guests_refresh_soon(guest->lx);
	}
	mva_vbds_advance(guest->lx); /* the next one's turn */
}

void mva_vbds_ask_anew(struct mva_linux *lx)
{
	for (unsigned i = 0; i < lx->guests->count; i++) {
		struct mva_question *question = &lx->guests->at[i]->question;

		question->stuck = false;
		question->spacing_ns = lx->guests->block_ns;
		question->due_ns = 0;
	}
}

static unsigned count_stuck(const struct mva_guests *guests)
{
	unsigned stuck = 0;

	for (unsigned i = 0; i < guests->count; i++)
		stuck += guests->at[i]->question.stuck;
	return stuck;
}

/* A stuck domain may be asked again, since libvirt refuses at once while the first question is
 * open; others may not while too many are stuck or asked, for each could be the next. */
static bool may_ask(const struct mva_guest *guest, uint64_t now, unsigned stuck)
{
	const struct mva_question *question = &guest->question;

	return guest->managed && guest->pid && !question->task && now >= question->due_ns &&
	       (question->stuck || stuck + guest->lx->guests->asking < STUCK_MAX);
}

static void ask(struct mva_guest *guest, uint64_t now)
{
	struct mva_privops *priv = guest->lx->env.priv;
	struct mva_question *question = &guest->question;

	if (!mva_guest_look(guest) || guest->stopped)
		return;
	question->due_ns = now + question->spacing_ns;
	question->task = priv->ops->start(priv, guest->vbds ? MVA_TASK_BLOCK : MVA_TASK_BALLOON,
		guest->uuid, MVMP_ID_LEN, DEADLINE_MS, answered, guest);
	if (question->task)
		guest->lx->guests->asking++;
}

void mva_vbds_advance(struct mva_linux *lx)
{
	struct mva_guests *guests = lx->guests;
	uint64_t now = mva_linux_now(lx);
	unsigned stuck;

	if (guests->libvirt_away)
		return;
	stuck = count_stuck(guests);
	for (unsigned n = 0, turn = guests->turn; n < guests->count; n++) {
		struct mva_guest *guest = guests->at[(turn + n) % guests->count];

		if (guests->asking >= ASKING_MAX)
			break;
		if (!may_ask(guest, now, stuck))
			continue;
		ask(guest, now);
		guests->turn = (turn + n + 1) % guests->count;
	}
}

static void set_figures(const struct mva_guest *guest, struct mva_vbd *vbd, struct mvmp_record *r)
{
	uint64_t now = mva_linux_now(guest->lx);
	uint8_t reason = mva_guest_reason(guest);

	for (unsigned m = 0; m < MVMP_VBD_METRIC_COUNT; m++) {
		if (vbd->block.present >> m & 1)
			mvmp_set(r, m, vbd->block.value[m]);
	}
	r->age_ns = vbd->answered ? now - vbd->at_ns : 0;
	r->quality = vbd->new ? MVMP_FRESH : MVMP_LAST_GOOD;
	if (!vbd->new)
		r->reason = reason ? reason : MVMP_REASON_WAITING;
	vbd->new = false;
}

static void set_vbd(const struct mva_guest *guest, struct mva_vbd *vbd, struct mvmp_record *r)
{
	memcpy(r->key.domain, guest->uuid, MVMP_ID_LEN);
	r->key.index = vbd->info.index;
	r->incarnation = mva_guest_incarnation(guest);
	set_figures(guest, vbd, r);
	mva_unsupported(r, MVMP_B_OUTSTANDING);
	mva_unsupported(r, MVMP_B_ERRORS);
	mvmp_set_text(r, MVMP_BT_NAME, vbd->info.name);
	mvmp_set_text(r, MVMP_BT_BACKING, vbd->info.type);
	mvmp_set_text(r, MVMP_BT_SOURCE, vbd->info.source);
	mvmp_set_text(r, MVMP_BT_FORMAT, vbd->info.format);
}

void mva_vbds_sample(struct mva_guest *guest, struct mvmp_sample *out)
{
	for (unsigned i = 0; i < guest->vbds; i++) {
		struct mvmp_record *r = mvmp_sample_add(out, MVMP_VBD);

		if (!r)
			return;
		set_vbd(guest, &guest->vbd[i], r);
	}
}
