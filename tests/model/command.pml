/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One command of one client to one agent: discovery, handshake, session, at-most-once execution
 * with a journal. The segment loses, reorders and repeats frames; the agent dies and starts again
 * at any step; a thief of the cluster key begins handshakes in the client's name.
 *
 * Each repetition, death and duplicate is taken from a budget, so every run is finite: that no run
 * gets stuck before the client's end means that each request ends. Timers are "at any time".
 *
 * What must hold is asserted where it could break:
 *   executed     the command is executed once at most
 *   unconfirmed  the agent tells its owner of nobody who has not proved the key
 *   honest end   "ok" means executed; "no answer" means that it never will be
 *
 * Broken on purpose, so that one sees the assertions fail (tests/model/run knows them):
 *   NO_JOURNAL    what is on the disk is forgotten at a restart
 *   LATE_INTENT   the intent is synced after the command is applied
 *   EARLY_UP      the owner is told at the INIT
 *   EARLY_END     a request that was sent ends as "no answer"
 */

#ifndef CONNECTS
#define CONNECTS 2 /* handshakes that a client tries before its deadline */
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#define SENDS  2   /* of one frame, the first included */
#define COPIES 1   /* frames to the agent that the segment repeats */
#define FORGED 100 /* keys from here on are the thief's */

mtype = { PROBE, BEACON, INIT, REPLY, REQUEST, ANSWER };
mtype = { OK, INTERRUPTED, OUTCOME_UNKNOWN, NO_ANSWER, NONE };
mtype = { IDLE, BEGUN, INTENDED, APPLIED }; /* an operation's way in memory */
mtype = { NEW, INTENT, RESULT, CUT };       /* and on the disk */

/* kind, key of the session (or INIT), boot (BEACON, INIT) or status (ANSWER) */
chan to_agent = [2] of { mtype, byte, byte };
chan to_client = [2] of { mtype, byte, byte };

/* What an atomic step reads; of no account between steps. */
hidden byte who, value, key_read;
hidden mtype kind;

byte executed;
mtype ended = NONE;
byte boot = 1; /* of the agent that lives */

/* A full segment loses what comes. */
inline send(segment, what, key, with)
{
	if
	:: nfull(segment) -> segment!what(key, with)
	:: full(segment) -> skip
	fi
}

/* ---- the client ---- */

inline end_as(status)
{
	assert(ended == NONE);
	assert(status != OK || executed == 1);
	assert(status != NO_ANSWER || executed == 0);
	ended = status
}

inline give_up()
{
	if
#ifndef EARLY_END
	:: asked -> end_as(OUTCOME_UNKNOWN)
	:: !asked -> end_as(NO_ANSWER)
#else
	:: end_as(NO_ANSWER)
#endif
	fi
}

proctype Client()
{
	byte key = 0, known = 0, sends = 0;
	bool asked = false;

connect:
	if
	:: key == CONNECTS -> give_up(); goto done
	:: key < CONNECTS -> key++; known = 0; sends = 0
	fi;
	do /* who is there? */
	:: atomic { sends < SENDS -> sends++; send(to_agent, PROBE, 0, 0) }
	:: atomic { to_client??BEACON(_, value) -> known = value; sends = 0; break }
	:: goto connect
	od;
	do /* with the instance that answered */
	:: atomic { sends < SENDS -> sends++; send(to_agent, INIT, key, known) }
	:: atomic { to_client??REPLY(eval(key), _) -> sends = 0; break }
	:: goto connect
	od;
	do /* the request, with the same operation id in each session */
	:: atomic { sends < SENDS -> sends++; asked = true; send(to_agent, REQUEST, key, 0) }
	:: atomic { to_client??ANSWER(eval(key), value) -> end_as(value); sends = 0; break }
	:: goto connect
	od;
done:
	skip
}

/* ---- the agent ---- */

/* The owner hears of a session: whoever it is must have proved the key. */
inline tell_owner()
{
	assert(who < FORGED)
}

inline take_init(instance)
{
	if
	:: instance != boot -> skip
	:: instance == boot ->
#ifdef EARLY_UP
		tell_owner();
#endif
		half_open = who;
		send(to_client, REPLY, who, 0)
	fi
}

/* The first DATA under the keys of a half-open handshake confirms it. */
inline confirm()
{
	if
	:: who == half_open && who != session ->
		tell_owner();
		session = who;
		half_open = 0;
		got = false;
		answer = NONE
	:: else -> skip
	fi
}

inline answer_with(status)
{
	answer = status;
	sends = 0
}

inline take_request()
{
	if
	:: who != session || got -> skip /* of no session, or received before */
	:: who == session && !got ->
		got = true;
		if
		:: running != IDLE -> waits = true
		:: running == IDLE && disk == NEW -> running = BEGUN; waits = true
		:: running == IDLE && disk == RESULT -> answer_with(OK)
		:: running == IDLE && disk == CUT -> answer_with(INTERRUPTED)
		fi
	fi
}

inline apply()
{
	executed++;
	assert(executed == 1);
	assert(ended != NO_ANSWER)
}

inline start_again()
{
	boot++;
	half_open = 0;
	session = 0;
	running = IDLE;
	answer = NONE;
	waits = false;
	got = false;
#ifdef NO_JOURNAL
	disk = NEW
#else
	if
	:: disk == INTENT -> disk = CUT
	:: else -> skip
	fi
#endif
}

proctype Agent()
{
	byte half_open = 0, session = 0, sends = 0;
	mtype running = IDLE, disk = NEW, answer = NONE;
	bool got = false, waits = false;

end:
	do
	:: atomic { to_agent??PROBE(_, _) -> send(to_client, BEACON, 0, boot) }
	:: atomic { to_agent??INIT(who, value) -> take_init(value) }
	:: atomic { to_agent??REQUEST(who, _) -> confirm(); take_request() }
#ifndef LATE_INTENT
	:: atomic { running == BEGUN -> disk = INTENT; running = INTENDED }
	:: atomic { running == INTENDED -> apply(); running = APPLIED }
#else
	:: atomic { running == BEGUN -> apply(); running = INTENDED }
	:: atomic { running == INTENDED -> disk = INTENT; running = APPLIED }
#endif
	:: atomic { running == APPLIED -> disk = RESULT; running = IDLE;
		if
		:: waits && session -> waits = false; answer_with(OK)
		:: else -> skip
		fi }
	:: atomic { answer != NONE && sends < SENDS -> sends++;
		send(to_client, ANSWER, session, answer) }
	:: atomic { boot <= DEATHS -> start_again() }
	od
}

/* ---- what happens to frames ---- */

proctype Segment()
{
	byte copies = 0;

end:
	do
	:: atomic { to_agent??kind(key_read, value) } /* lost */
	:: atomic { to_client??kind(key_read, value) }
	:: atomic { copies < COPIES && nempty(to_agent) && nfull(to_agent) ->
		copies++; to_agent?<kind, key_read, value>; to_agent!kind(key_read, value) }
	od
}

/* Begins a handshake with a copied certificate; without the client's key it cannot go on. */
proctype Thief()
{
	atomic { send(to_agent, INIT, FORGED, boot) }
}

init
{
	atomic {
		run Client();
		run Agent();
		run Segment();
		run Thief()
	}
}
