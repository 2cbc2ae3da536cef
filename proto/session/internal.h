/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MVMP_SESSION_INTERNAL_H
#define MVMP_SESSION_INTERNAL_H

/*
 * The endpoint's insides, shared by the files of this folder:
 *
 *   endpoint.c   the public calls: links, dispatch of frames and timers
 *   discovery.c  PROBE and BEACON
 *   answers.c    which PROBEs are answered, and when
 *   initiator.c  our handshakes: INIT out, REPLY and COOKIE in
 *   responder.c  theirs: INIT in, REPLY and COOKIE out, confirmation
 *   admit.c      which INITs are read and answered under load
 *   cookie.c     COOKIE out, its proof in
 *   member.c     what both ends check of a certificate, keys both derive
 *   ticket.c     what tells a former peer in a flood of INITs
 *   keyring.c    session keys by index
 *   keylog.c     lines for who may read the frames later
 *   session.c    table of sessions, their timers, life and death
 *   data.c       DATA frames in and out
 */

#include "admit.h"
#include "greeting.h"
#include "hello.h"
#include "inbox.h"
#include "limiter.h"
#include "outbox.h"
#include "replay.h"
#include "ticket.h"
#include <mvmp/endpoint.h>
#include <mvmp/heap.h>
#include <mvmp/noise.h>

enum mvmp_session_limits {
	MVMP_SESSIONS_DEFAULT = 64,
	MVMP_SESSIONS_MOST = 1 << 16,
	MVMP_HALF_OPEN_DEFAULT = 128,
	MVMP_HALF_OPEN_S = 5,	       /* an unconfirmed handshake is forgotten after this */
	MVMP_HALF_OPEN_LEAST_MS = 200, /* a full table forgets older ones before */
	MVMP_REPLY_REPEATS = 8,	       /* to a repeated INIT */
	MVMP_STAMPS = 256,	       /* instances whose last timestamp is remembered */
	MVMP_INIT_RETRY_MS = 50,       /* first repetition; doubles */
	MVMP_INIT_RETRY_MAX_MS = 500,
	MVMP_INIT_TICKET_TRIES = 20, /* before it doubles, with a ticket */
	MVMP_INIT_PROVEN_MS = 8,     /* between repetitions with a cookie... */
	MVMP_INIT_PROVEN_S = 10,     /* ...that is not older */
	MVMP_INIT_RENEW_MS = 250,    /* an INIT older than this is made anew to be repeated */
	MVMP_REKEY_LEAST_MS = 1000,  /* between handshakes that renew keys */
	MVMP_REFUSED_MS = 500,	     /* a refusal ends a connect after this */
	MVMP_COOKIE_TURN_S = 120,    /* life of a cookie secret; its predecessor still counts */
	MVMP_HELLO_SENDERS = 256,    /* senders of PROBE and BEACON whose key is kept */
	MVMP_ASKERS = 256,	     /* addresses whose PROBEs are counted apart */
	MVMP_ANSWERS_MAX = 64,	     /* BEACONs waiting for their time */
	MVMP_SPREAD_MAX_MS = 10000,
	MVMP_ANNOUNCE_MS = 200,	    /* a new member's BEACON to all, after up to this */
	MVMP_PROBE_TURN_S = 10,	    /* a probe number is used this long, accepted twice */
	MVMP_REKEY_S = 3600,	    /* the initiator renews keys this old */
	MVMP_REJECT_S = 2 * 3600,   /* keys this old end the session */
	MVMP_PREVIOUS_S = 10,	    /* replaced keys still open frames this long */
	MVMP_PING_EAGER_MS = 1500,  /* silence before a PING where traffic is awaited */
	MVMP_PING_IDLE_MS = 10000,  /* the same elsewhere */
	MVMP_PING_SPACING_MS = 150, /* unanswered PINGs */
	MVMP_PING_DOUBT_MS = 50,    /* the same while another instance shows itself */
	MVMP_PINGS_LOST = 10,	    /* then the peer is dead */
	MVMP_EAGER_S = 60,	    /* traffic is awaited this long after the last */
	MVMP_EVICT_SILENT_S = 2,    /* a full table gives up a session silent this long */
	MVMP_MTU_SURE = 1500,	    /* longer frames are tried before they are used */
	MVMP_MTU_PROBE_MS = 200,    /* between tries */
	MVMP_MTU_PROBES = 5,
	MVMP_FLUSH_FRAMES = 64, /* sent in a row for one session */
};

#define MVMP_REKEY_FRAMES (1ull << 40)

enum timer_kind { TIMER_SESSION, TIMER_HALF_OPEN, TIMER_ANSWERS };

struct session;
struct half_open;

/* What follows from one cluster key. A member holds two while they change. Each stays in its place,
 * since handshakes under way use it; ep->slot is that of the newer one. */
enum { KEY_SLOTS = 2 };

struct member_keys {
	bool set;
	uint8_t cluster_key[MVMP_KEY_LEN];
	uint8_t psk[2][MVMP_KEY_LEN], member_key[MVMP_KEY_LEN];
	struct mvmp_noise started; /* a responder's: prologue and first psk taken in; copied */
};

/* One direction pair of keys and what they have seen. */
struct keypair {
	uint32_t local, remote; /* session indexes; local 0: free */
	uint32_t next_free;
	struct mvmp_aead *send, *receive; /* NULL until the handshake is done */
	uint64_t born;
	uint64_t next[2]; /* counters to send, by channel */
	struct mvmp_replay replay[2];
	struct session *session;
	struct half_open *half_open; /* unconfirmed: session is NULL */
};

struct keyring {
	struct keypair *pair;
	uint32_t count, bits, first_free; /* first_free == count: none */
};

/* The handshake an initiator is in. */
struct shake {
	struct mvmp_noise noise;
	struct keypair *pair;	       /* NULL until the INIT was made */
	uint8_t instance[MVMP_ID_LEN]; /* of the responder the INIT was made for */
	unsigned slot;		       /* of the cluster key it was made under */
	uint8_t frame[MVMP_LINK_HEADROOM + MVMP_HEADER_LEN + MVMP_INIT_PAYLOAD];
	uint8_t cookie[MVMP_MAC_FIELD_LEN];
	bool has_cookie, has_ticket;
	struct mvmp_ticket ticket;
	unsigned tries;
	uint64_t made_at, sent_at, retry_at, cookie_at;
	uint64_t give_up, deadline; /* the second is the caller's; refused, sooner */
	enum mvmp_status status;    /* why it will fail, as far as known */
	char text[160];
};

enum session_state { SESSION_FREE, SESSION_PROBING, SESSION_SHAKING, SESSION_UP };

struct session {
	mvmp_session handle;
	enum session_state state;
	bool initiated, has_expect_mac;
	bool doubted; /* there are signs that the peer has forgotten it; until the next valid frame
		       */
	bool gone;    /* the link says that nobody is at this address any more */
	uint8_t expect_mac[MVMP_MAC_LEN];
	uint16_t expect_roles; /* 0: any */
	struct mvmp_peer peer; /* peer.addr is set from the start */
	struct mvmp_cert cert; /* set when up */
	uint16_t mtu;	       /* of the path, as far as it is proven */
	uint16_t mtu_wanted;   /* what both ends' links would carry */
	uint8_t mtu_probes;    /* sent */
	uint64_t mtu_probe_at, mtu_token;
	struct keypair *current, *previous;
	uint64_t previous_until, rekey_at;
	struct shake *shake; /* connecting, or renewing keys */
	struct mvmp_rtt rtt;
	struct mvmp_inbox inbox;
	struct mvmp_outbox outbox;
	uint64_t received_at, active_at; /* any frame; messages and stats */
	uint64_t ping_at, ping_token, pong_token;
	uint64_t jitter_ns;
	unsigned pings; /* unanswered */
	bool ping_wanted, pong_wanted;
	unsigned tickets; /* frames that are still to carry the ticket */
	struct mvmp_timer timer;
	struct session *next; /* free list, or same address bucket */
};

/* A handshake a responder answered and that waits for the first valid DATA. */
struct half_open {
	struct keypair *pair; /* NULL: free */
	struct mvmp_peer peer;
	struct mvmp_cert cert;
	uint64_t timestamp, cluster_number;
	uint32_t replaces;
	unsigned repeats;
	uint8_t member_mac[MVMP_MAC_FIELD_LEN]; /* of the INIT */
	uint8_t ticket[MVMP_TICKET_ID_LEN];	/* that paid for the place */
	uint8_t reply[MVMP_LINK_HEADROOM + MVMP_HEADER_LEN + MVMP_REPLY_PAYLOAD];
	struct mvmp_timer timer;
};

struct stamp {
	uint8_t instance[MVMP_ID_LEN];
	uint64_t timestamp, used;
};

struct responder {
	struct half_open *half_open; /* count for all, then MVMP_HALF_OPEN_TICKET for tickets */
	uint64_t *mark;		     /* of each, a part of its member MAC; 0: free */
	unsigned count, taken;	     /* of those for all */
	struct stamp stamp[MVMP_STAMPS];
	uint8_t cookie_secret[2][MVMP_KEY_LEN];
	uint64_t cookie_turn; /* when the secrets turn; 0: none was drawn */
	struct mvmp_limiter cookies, ticket_cookies;
	struct admit admit;
};

/* A member whose hellos came lately: its keys, and which of its counters were seen. */
struct hello_sender {
	bool set;
	uint8_t id[MVMP_ID_LEN];
	struct mvmp_aead *aead[KEY_SLOTS]; /* NULL: not made yet */
	uint64_t next, seen, used;
	uint64_t probe; /* number of its last PROBE under our newer key */
};

/* An address that asked lately. */
struct asker {
	struct mvmp_addr addr;
	struct mvmp_limiter rate;
	uint64_t used; /* 0: free */
};

/* A BEACON to be sent. */
struct answer {
	struct mvmp_addr to;
	uint64_t probe, due;
	unsigned slots; /* bits: cluster keys to send it under */
};

/* Where an instance was last heard to answer. */
struct known {
	struct mvmp_addr addr;
	uint16_t roles;
	uint8_t instance[MVMP_ID_LEN], fingerprint[MVMP_FINGERPRINT_LEN];
	unsigned slot;			    /* of the cluster key it answered under */
	uint64_t seen;			    /* 0: free */
	uint8_t cookie[MVMP_MAC_FIELD_LEN]; /* that it sent */
	uint64_t cookie_at;		    /* 0: none */
};

struct discovery {
	uint8_t id[MVMP_ID_LEN];
	struct mvmp_aead *aead[KEY_SLOTS];
	uint64_t counter;
	uint64_t probe[2], probe_turn;
	struct hello_sender sender[MVMP_HELLO_SENDERS];
	struct answer answer[MVMP_ANSWERS_MAX];
	unsigned answers;
	struct mvmp_limiter beacons;
	struct asker asker[MVMP_ASKERS];
	uint64_t asker_seed;
	struct known *known;
	uint32_t known_mask;
	uint8_t fingerprint[16];
	struct mvmp_timer timer;
};

struct link_state {
	bool set, has_macs;
	uint16_t mtu;
	uint8_t mac[MVMP_MAC_LEN];
	char name[32];
};

struct mvmp_endpoint {
	struct mvmp_endpoint_config config;
	struct mvmp_identity *identity;
	const struct mvmp_crypto_ops *crypto;
	uint64_t now; /* of the latest call */
	uint8_t instance[MVMP_ID_LEN];
	struct member_keys keys[KEY_SLOTS];
	unsigned slot; /* of the newer cluster key */
	struct link_state link[MVMP_LINKS_MAX];
	struct mvmp_heap heap;
	struct mvmp_pool pool;
	struct keyring keyring;
	struct discovery discovery;
	struct responder responder;
	struct tickets tickets;
	struct session *session; /* config.sessions_max of them */
	struct session *free_session, **bucket;
	uint32_t bucket_mask;
	uint64_t serial;	 /* of session handles */
	uint64_t last_timestamp; /* of our INITs */
	size_t held;		 /* bytes of unfinished messages of all sessions */
	struct mvmp_endpoint_counters counters;
	uint8_t out[MVMP_LINK_HEADROOM + MVMP_FRAME_MAX];
	uint8_t plain[MVMP_FRAME_MAX];
};

/* Where an INIT's payload has its MACs. */
enum init_places {
	INIT_MEMBER_AT = 4 + MVMP_INIT_NOISE_LEN,
	INIT_COOKIE_AT = INIT_MEMBER_AT + MVMP_MAC_FIELD_LEN,
	INIT_TICKET_AT = INIT_COOKIE_AT + MVMP_MAC_FIELD_LEN, /* id, then its MAC */
};

/* A received frame on its way through the endpoint. */
struct arrival {
	const struct mvmp_addr *from;
	struct mvmp_frame frame;
	const uint8_t *header; /* MVMP_HEADER_LEN bytes, then the payload */
	uint64_t now;
	unsigned slot; /* of the cluster key a PROBE, BEACON or INIT turned out to be made under */
};

/* ---- endpoint.c ---- */
/* Sends ep->out or another buffer with headroom; counts. 0 or what the link said. */
int mvmp_ep_send(struct mvmp_endpoint *ep, const struct mvmp_addr *to, enum mvmp_channel channel,
	uint8_t *frame, size_t len);
void mvmp_ep_random(struct mvmp_endpoint *ep, void *to, size_t len);
uint64_t mvmp_ep_random_below(struct mvmp_endpoint *ep, uint64_t bound);
/* Takes one event from a limiter, of which only `part` (more than 8) of the burst may be used. The
 * last ones are given to one of 16 who ask, at random: else who asks evenly in time is mostly the
 * first after a new one came, and all others are late. */
bool mvmp_ep_take(struct mvmp_endpoint *ep, struct mvmp_limiter *limiter,
	const struct mvmp_rate *rate, unsigned part, uint64_t now);
bool mvmp_addr_equal(const struct mvmp_addr *a, const struct mvmp_addr *b);
uint32_t mvmp_addr_hash(const struct mvmp_addr *addr);

/* ---- member.c ---- */
/* Takes the cluster keys over from the identity, and forgets those that it holds no more. */
void mvmp_member_take_keys(struct mvmp_endpoint *ep);
void mvmp_member_wipe_keys(struct mvmp_endpoint *ep);
/* The slot beside this one where it holds a key, else this one or the newer key's. */
unsigned mvmp_member_other_slot(const struct mvmp_endpoint *ep, unsigned slot);
/* What a handshake of this member with a responder's instance starts from. */
void mvmp_member_noise(struct mvmp_endpoint *ep, unsigned slot, struct mvmp_noise *noise,
	bool initiator, const uint8_t instance[static MVMP_ID_LEN]);
void mvmp_member_greet(struct mvmp_endpoint *ep, struct mvmp_greeting *g, unsigned link);
/* Certificate, its key, its MACs against the source. Fills *cert on MVMP_ACCEPTED. */
enum mvmp_verdict mvmp_member_check(struct mvmp_endpoint *ep, const struct mvmp_addr *from,
	const struct mvmp_greeting *g, const uint8_t *noise_key, struct mvmp_cert *cert);
void mvmp_member_peer(struct mvmp_endpoint *ep, struct mvmp_peer *peer,
	const struct mvmp_addr *addr, const struct mvmp_greeting *g, const struct mvmp_cert *cert,
	uint64_t now);
/* First 16 bytes of HMAC over two parts. */
void mvmp_member_mac(struct mvmp_endpoint *ep, uint8_t out[static MVMP_MAC_FIELD_LEN],
	const uint8_t *key, size_t key_len, const void *a, size_t a_len, const void *b,
	size_t b_len);
/* Seals or opens the body of a COOKIE frame under the cluster key. */
int mvmp_member_cookie_aead(struct mvmp_endpoint *ep, unsigned slot,
	const uint8_t salt[static MVMP_ID_LEN], struct mvmp_aead **ret);

/* ---- keylog.c ---- */
/* Each does nothing unless config.key_log is set. `id` is a sender's id. */
void mvmp_keylog_hello(
	struct mvmp_endpoint *ep, unsigned slot, const uint8_t id[static MVMP_ID_LEN]);
void mvmp_keylog_cookie(
	struct mvmp_endpoint *ep, unsigned slot, const uint8_t salt[static MVMP_ID_LEN]);
/* Of a message of the handshake, `told` of struct mvmp_noise_config; ctx is the endpoint. */
void mvmp_keylog_noise(void *ctx, unsigned message, const uint8_t *bytes,
	const uint8_t key[static MVMP_KEY_LEN], const uint8_t hash[static MVMP_HASH_LEN]);
void mvmp_keylog_data(
	struct mvmp_endpoint *ep, const struct keypair *pair, const struct mvmp_noise_keys *keys);

/* ---- keyring.c ---- */
int mvmp_keyring_init(struct keyring *ring, uint32_t count);
void mvmp_keyring_clear(struct keyring *ring, const struct mvmp_crypto_ops *crypto);
struct keypair *mvmp_keyring_take(struct mvmp_endpoint *ep, uint64_t now);
struct keypair *mvmp_keyring_find(const struct keyring *ring, uint32_t index);
void mvmp_keyring_drop(struct mvmp_endpoint *ep, struct keypair *pair); /* NULL allowed */
/* Schedules the keys of a finished handshake. 0 or -ENOMEM. */
int mvmp_keypair_set(struct mvmp_endpoint *ep, struct keypair *pair, const struct mvmp_noise *noise,
	uint32_t remote, uint64_t now);

/* ---- discovery.c ---- */
int mvmp_discovery_init(struct mvmp_endpoint *ep, uint64_t now);
void mvmp_discovery_clear(struct mvmp_endpoint *ep);
int mvmp_discovery_probe(
	struct mvmp_endpoint *ep, const struct mvmp_addr *to, unsigned spread_ms, uint64_t now);
enum mvmp_verdict mvmp_discovery_receive(struct mvmp_endpoint *ep, struct arrival *in);
/* A PROBE or a BEACON under the key of `slot`; fills in what is our own in `hello`. 0 or -errno. */
int mvmp_discovery_send(struct mvmp_endpoint *ep, enum mvmp_kind kind, const struct mvmp_addr *to,
	unsigned slot, struct mvmp_hello *hello);
/* A cluster key is gone from this slot: nothing made under it is used any more. */
void mvmp_discovery_forget_slot(struct mvmp_endpoint *ep, unsigned slot);
/* Who answered from the session's address and has a role it wants, NULL when not known. */
const struct known *mvmp_discovery_known(struct mvmp_endpoint *ep, const struct session *s);
/* The cookie that an address sent lately, for the next attempt there. */
bool mvmp_discovery_cookie(struct mvmp_endpoint *ep, const struct mvmp_addr *addr, uint64_t now,
	uint8_t cookie[static MVMP_MAC_FIELD_LEN], uint64_t *since);
void mvmp_discovery_keep_cookie(struct mvmp_endpoint *ep, const struct arrival *in,
	const uint8_t cookie[static MVMP_MAC_FIELD_LEN]);
/* Fingerprint of the certificate that an instance at the session's address announced, or NULL. */
const uint8_t *mvmp_discovery_fingerprint(struct mvmp_endpoint *ep, const struct session *s,
	const uint8_t instance[static MVMP_ID_LEN]);
void mvmp_discovery_forget(struct mvmp_endpoint *ep, const struct mvmp_addr *addr);

/* ---- answers.c ---- */
void mvmp_answers_init(struct mvmp_endpoint *ep);
enum mvmp_verdict mvmp_answers_probe(
	struct mvmp_endpoint *ep, const struct arrival *in, const struct mvmp_hello *hello);
void mvmp_answers_announce(struct mvmp_endpoint *ep, unsigned link, uint64_t now);
void mvmp_answers_expire(struct mvmp_endpoint *ep, uint64_t now);

/* ---- initiator.c ---- */
/* Begins a handshake for a session (connect or rekey). 0 or -ENOMEM. */
int mvmp_initiator_begin(struct mvmp_endpoint *ep, struct session *s, uint64_t give_up);
/* The responder's instance is known: makes and sends the INIT. */
int mvmp_initiator_shake(struct mvmp_endpoint *ep, struct session *s,
	const uint8_t instance[static MVMP_ID_LEN], unsigned slot, uint64_t now);
/* Repeats what is unanswered; false when the session went down. */
bool mvmp_initiator_expire(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
void mvmp_initiator_end(struct mvmp_endpoint *ep, struct session *s);
enum mvmp_verdict mvmp_initiator_reply(struct mvmp_endpoint *ep, const struct arrival *in);
enum mvmp_verdict mvmp_initiator_cookie(struct mvmp_endpoint *ep, const struct arrival *in);

/* ---- responder.c ---- */
int mvmp_responder_init(struct mvmp_endpoint *ep);
void mvmp_responder_clear(struct mvmp_endpoint *ep);
enum mvmp_verdict mvmp_responder_receive(struct mvmp_endpoint *ep, struct arrival *in);
/* The first valid DATA came: the session of the handshake, new or renewed; 0 when the table is
 * full. */
mvmp_session mvmp_responder_confirm(struct mvmp_endpoint *ep, struct half_open *half, uint64_t now);
static inline unsigned mvmp_responder_places(const struct responder *r)
{
	return r->count + MVMP_HALF_OPEN_TICKET;
}
void mvmp_responder_drop(struct mvmp_endpoint *ep, struct half_open *half);

/* ---- cookie.c ---- */
/* Whether an INIT proves that its sender receives at its address; notes in *a what that address
 * had.
 */
bool mvmp_cookie_proven(struct mvmp_endpoint *ep, const struct arrival *in, struct admission *a);
/* Asks for that proof. */
void mvmp_cookie_send(struct mvmp_endpoint *ep, const struct arrival *in, bool ticket);
/* Answers an INIT by saying why not. */
void mvmp_cookie_refuse(
	struct mvmp_endpoint *ep, const struct arrival *in, enum mvmp_verdict reason);

/* ---- session.c ---- */
int mvmp_sessions_init(struct mvmp_endpoint *ep);
void mvmp_sessions_clear(struct mvmp_endpoint *ep);
/* No session is free, nor held by a peer that fell silent, nor by another certificate key than
 * `key` (the newcomer's) that holds more than half. */
bool mvmp_sessions_full(struct mvmp_endpoint *ep, const uint8_t *key, uint64_t now);
/* A free session, or one that such a peer loses; NULL when there is none. `key` may be NULL. */
struct session *mvmp_session_take(
	struct mvmp_endpoint *ep, const struct mvmp_addr *addr, const uint8_t *key, uint64_t now);
struct session *mvmp_session_find(const struct mvmp_endpoint *ep, mvmp_session handle);
/* Frees without an event. */
void mvmp_session_drop(struct mvmp_endpoint *ep, struct session *s);
/* Frees, then tells the owner. */
void mvmp_session_down(struct mvmp_endpoint *ep, struct session *s, enum mvmp_status status,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Marks it up with these keys and tells the owner; the session may be gone afterwards. */
void mvmp_session_up(
	struct mvmp_endpoint *ep, struct session *s, struct keypair *pair, uint64_t now);
/* Uses new keys from now on, keeps the old ones for a while. */
void mvmp_session_rotate(
	struct mvmp_endpoint *ep, struct session *s, struct keypair *pair, uint64_t now);
void mvmp_session_expire(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
/* Sets the session's timer to its next deadline. */
void mvmp_session_arm(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
/* A BEACON came: where it shows another instance of a peer's certificate and address, look
 * whether the session still lives. */
void mvmp_session_doubt(struct mvmp_endpoint *ep, const struct mvmp_hello *hello,
	const struct mvmp_addr *addr, uint64_t now);
/* Asks the peer in quick succession whether it still has the session. */
void mvmp_session_question(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
/* New keys before their time, but no more than one handshake a second whatever a peer counts. */
void mvmp_session_renew_early(struct session *s);
struct session *mvmp_session_bucket(struct mvmp_endpoint *ep, const struct mvmp_addr *addr);

/* ---- data.c ---- */
enum mvmp_verdict mvmp_data_receive(struct mvmp_endpoint *ep, const struct arrival *in);
/* Sends what is due and may be sent, then arms the timer. */
void mvmp_data_flush(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
int mvmp_data_send_stats(
	struct mvmp_endpoint *ep, struct session *s, const void *bytes, size_t len, uint64_t now);
/* A PING as long as the path may carry. */
void mvmp_data_probe_mtu(struct mvmp_endpoint *ep, struct session *s, uint64_t now);
void mvmp_data_send_close(struct mvmp_endpoint *ep, struct session *s, enum mvmp_status reason);

#endif
