/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reliable channel in one direction: fragments with sequence numbers, a window, cumulative
 * acknowledgements with a bitmap, repetition. The segment loses and reorders frames; what it
 * repeats the replay window has dropped already, so copies come from the sender alone.
 *
 * What must hold:
 *   order    fragments are handed out once, in turn
 *   window   no fragment comes that the receiver has no room for
 *   honest   what the sender takes for acknowledged has been received
 *   whole    when the sender is done, everything was handed out
 *
 * Broken on purpose:
 *   NO_SEEN      the receiver does not look whether it has a fragment already
 *   NO_CREDIT    the sender does not keep to the window
 *   SHIFTED_BITS the sender takes the bitmap's first bit for `next` itself
 */

#define FRAGMENTS 4
#define WINDOW    2
#define SENDS     3 /* of each fragment; the last is not lost, or the session would end */

#ifdef SHIFTED_BITS
#define FIRST_BIT 0
#else
#define FIRST_BIT 1
#endif
#ifdef NO_CREDIT
#define CREDIT FRAGMENTS
#else
#define CREDIT (base + WINDOW < FRAGMENTS -> base + WINDOW : FRAGMENTS)
#endif

chan data = [2] of { byte };       /* sequence number */
chan acks = [2] of { byte, byte }; /* next, bitmap from next + 1 on */

byte next;            /* of the receiver: lowest not received */
bool seen[FRAGMENTS + WINDOW];
byte handed;          /* fragments handed out */
bool over;            /* the sender gave up: the session ends, and everything with it */

inline hand_out()
{
	do
	:: next < FRAGMENTS && seen[next] ->
		assert(handed == next);
		handed++;
		next++
	:: else -> break
	od
}

inline acknowledge()
{
	bits = 0;
	if
	:: next + 1 < FRAGMENTS && seen[next + 1] -> bits = 1
	:: else -> skip
	fi;
	if
	:: nfull(acks) -> acks!next(bits)
	:: full(acks) -> skip
	fi
}

proctype Receiver()
{
	byte sequence = 0, bits = 0;

end:
	do
	:: atomic { data??sequence ->
		assert(sequence < next + WINDOW);
		if
#ifdef NO_SEEN
		:: true -> handed = handed + (seen[sequence] || sequence < next);
			seen[sequence] = true
#else
		:: sequence >= next && !seen[sequence] -> seen[sequence] = true
		:: else -> skip
#endif
		fi;
		hand_out();
		acknowledge() }
	:: atomic { acks??sequence(bits) } /* lost */
	:: atomic { data??sequence }
	od
}

proctype Sender()
{
	byte base = 0, top = 0, got, bits, turn;
	byte sends[FRAGMENTS];
	bool acked[FRAGMENTS];

	do
	:: base == FRAGMENTS -> break
	:: atomic { top < CREDIT && nfull(data) -> data!top; sends[top]++; top++ }
	:: atomic { base < top && !acked[base] && sends[base] < SENDS && nfull(data) ->
		data!base; sends[base]++ }
	:: atomic { base + 1 < top && !acked[base + 1] && sends[base + 1] < SENDS && nfull(data) ->
		turn = base + 1; data!turn; sends[turn]++ }
	:: atomic { acks??got(bits) ->
		if
		:: got < base -> skip /* overtaken by a later one */
		:: got >= base ->
			base = got;
			do
			:: base < top && acked[base] -> base++
			:: else -> break
			od;
			if
			:: bits && got + FIRST_BIT < top ->
				assert(seen[got + FIRST_BIT]);
				acked[got + FIRST_BIT] = true
			:: else -> skip
			fi;
			assert(base <= next)
		fi }
	:: atomic { base < top && sends[base] == SENDS -> over = true; break }
	od;
	assert(over || handed == FRAGMENTS)
}

init
{
	atomic {
		run Receiver();
		run Sender()
	}
}
