/* Tests of plugins: a worker of the real engine inside of a test program. C; for C++ there is <hyalite/testing.hpp>.
 * SPDX-License-Identifier: MIT
 *
 * A bench is a worker: settings, loader, chain of plugins, inspection, as in the proxy. What is missing are the sockets:
 * the test says what client and upstream say, and sees what each gets. Time stands still until the test lets it pass, and
 * services are answered by the test. No network, no root, no second process.
 *
 * Link with hyalite::testing (CMake) or `pkg-config --libs hyalite-testing`. The library belongs to exactly this version of
 * the SDK. All functions are called from one thread; bytes that they return are good until the next call with the same
 * bench or talk. */
#ifndef HYALITE_TESTING_H_
#define HYALITE_TESTING_H_

#include <hyalite/abi.h>
#include <hyalite/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HYALITE_TESTING __attribute__((visibility("default")))

typedef struct hyalite_bench hyalite_bench; /* a worker with its plugins */
typedef struct hyalite_talk hyalite_talk;   /* one client connection through it */

/* ---- the bench ---- */

/* `settings`: a settings file as the proxy reads it (YAML); `listeners` may be missing, paths count from the working
 * directory, and a CA's files need not exist. Each plugin is loaded from its file, as the proxy loads it, and each of its
 * calls is checked (`validate`). Never NULL. */
HYALITE_TESTING hyalite_bench* hyalite_bench_open(hyalite_bytes settings);
/* Why it does not work: the lines that the operator would read. Empty: it works. Otherwise it can only be closed. */
HYALITE_TESTING hyalite_bytes hyalite_bench_mistakes(hyalite_bench* bench);
/* Ends all talks; then the plugins are told to stop, and are destroyed. */
HYALITE_TESTING void hyalite_bench_close(hyalite_bench* bench);

/* Lets `ns` pass. What becomes due meanwhile happens in its order: timers, pauses' and services' deadlines, the limits that
 * the settings set, and each second the plugins' tick. */
HYALITE_TESTING void hyalite_bench_advance(hyalite_bench* bench, int64_t ns);
/* Waits, by the real clock, until a thread (work, post) has delivered something. 0: nothing came within `at_most_ns`. */
HYALITE_TESTING int hyalite_bench_wait(hyalite_bench* bench, int64_t at_most_ns);
/* Log files were moved away. */
HYALITE_TESTING void hyalite_bench_reopen(hyalite_bench* bench);
/* A newer generation serves: the plugins are told, and every connection ends as soon as nobody is hurt. */
HYALITE_TESTING void hyalite_bench_drain(hyalite_bench* bench);

/* What plugins and engine wrote so far, a line each. */
HYALITE_TESTING hyalite_bytes hyalite_bench_log(hyalite_bench* bench);
/* Of these the errors and warnings: failures, misused calls. Empty after a test that went well. How long calls take is not among them: that
 * says how busy the machine is (`hyalite plugin check` measures). */
HYALITE_TESTING hyalite_bytes hyalite_bench_complaints(hyalite_bench* bench);
/* A counter, "hello_greeted_total" or by its whole name, of the instance; of the engine when that is empty. -1: there is no
 * such counter. */
HYALITE_TESTING int64_t hyalite_bench_count(hyalite_bench* bench, hyalite_bytes metric, hyalite_bytes instance);

/* ---- services ---- */

/* A question that a plugin asked with fetch. It stays open until it is answered, or its time is up. */
typedef struct hyalite_question {
  uint32_t size, reserved;
  uint64_t id;
  hyalite_bytes service, method, target, body;
  const hyalite_field* headers;
  size_t header_count;
} hyalite_question;

typedef struct hyalite_answer {
  uint32_t size;
  hyalite_status status; /* HYALITE_OK, or why there is no answer: HYALITE_E_FAILED, HYALITE_E_TIMED_OUT, HYALITE_E_LIMIT */
  uint32_t http_status;
  uint32_t reserved;
  const hyalite_field* headers;
  size_t header_count;
  hyalite_bytes body;
} hyalite_answer;

/* Open question number `index`; HYALITE_E_MISSING past the last one. */
HYALITE_TESTING hyalite_status hyalite_bench_question(hyalite_bench* bench, size_t index, hyalite_question* out);
/* HYALITE_E_STALE: it is not open. The answer is copied. */
HYALITE_TESTING hyalite_status hyalite_bench_answer(hyalite_bench* bench, uint64_t id, const hyalite_answer* answer);
/* Called for each question to that service, as soon as it was asked, outside of all hooks. Fills in `answer`, which is copied
 * when it returns, and returns 1; or 0, and the question stays open. */
typedef int (*hyalite_on_question)(void* user, const hyalite_question* question, hyalite_answer* answer);
HYALITE_TESTING void hyalite_bench_on_question(hyalite_bench* bench, hyalite_bytes service, hyalite_on_question on_question,
                                               void* user);

/* A connection that a plugin opened with connect (channel.h), seen from the service. It is accepted as soon as it was opened. */
typedef struct hyalite_service_connection {
  uint32_t size;
  uint32_t is_open; /* 0: it is over, however it ended */
  uint64_t id;
  hyalite_bytes service;
  hyalite_bytes heard;   /* all that the plugin wrote so far */
  uint32_t plugin_ended; /* 1: it will write no more */
  uint32_t reserved;
} hyalite_service_connection;

/* Connection number `index` of all so far, in their order; HYALITE_E_MISSING past the last one. */
HYALITE_TESTING hyalite_status hyalite_bench_connection(hyalite_bench* bench, size_t index, hyalite_service_connection* out);

enum hyalite_service_does {
  HYALITE_SERVICE_SAYS = 0,      /* `bytes` */
  HYALITE_SERVICE_ENDS = 1,      /* it says no more (FIN) */
  HYALITE_SERVICE_BREAKS = 2,    /* the connection breaks (RST) */
  HYALITE_SERVICE_PAUSES = 3,    /* it reads nothing ... */
  HYALITE_SERVICE_READS_ON = 4   /* ... and again */
};
/* What the service does. `id` as hyalite_bench_connection tells it. HYALITE_E_STALE: the connection is over. */
HYALITE_TESTING hyalite_status hyalite_bench_service(hyalite_bench* bench, uint64_t id, uint32_t does, hyalite_bytes bytes);
/* 1: nobody is there, connections to that service fail from now on; 0: somebody is there again. */
HYALITE_TESTING void hyalite_bench_service_is_gone(hyalite_bench* bench, hyalite_bytes service, int gone);
/* Called, outside of all hooks, when a connection to that service was opened (`fresh` is empty), when the plugin wrote more
 * (`fresh`), and when it will write no more. hyalite_bench_service may be called in it. */
typedef void (*hyalite_on_heard)(void* user, const hyalite_service_connection* connection, hyalite_bytes fresh);
HYALITE_TESTING void hyalite_bench_on_heard(hyalite_bench* bench, hyalite_bytes service, hyalite_on_heard on_heard, void* user);

/* ---- a talk ---- */

enum hyalite_upstream_is {
  HYALITE_UPSTREAM_THERE = 0,
  HYALITE_UPSTREAM_REFUSES = 1,     /* connections to it are refused */
  HYALITE_UPSTREAM_TIMES_OUT = 2,   /* nobody answers */
  HYALITE_UPSTREAM_UNREACHABLE = 3,
  HYALITE_UPSTREAM_WAITS = 4        /* until hyalite_talk_let_connect */
};

/* Zero is what is usual. */
typedef struct hyalite_talk_options {
  uint32_t size;
  uint32_t upstream;                  /* enum hyalite_upstream_is */
  hyalite_bytes client, destination;  /* "192.0.2.1:40000"; empty: some */
  uint32_t listener;                  /* which of the settings' listeners, from 0 */
  /* Of TLS that is looked into: no cryptography; handshakes end as is said here, and what is within is said in the clear. */
  uint32_t upstream_defects;     /* enum hyalite_defect: of its certificate */
  uint32_t upstream_has_no_tls;  /* 1 */
  uint32_t client_refuses_tls;   /* 1: the client does not know the CA */
} hyalite_talk_options;

/* A client connects. `options` may be NULL. NULL: the bench does not work, or an address is none. */
HYALITE_TESTING hyalite_talk* hyalite_talk_open(hyalite_bench* bench, const hyalite_talk_options* options);
/* Cuts off what is still open. After it the plugins have heard of every end. */
HYALITE_TESTING void hyalite_talk_close(hyalite_talk* talk);

/* That side says something. 0: nobody is there to be heard (upstream was never connected), or all is over. */
HYALITE_TESTING int hyalite_talk_say(hyalite_talk* talk, hyalite_side side, hyalite_bytes bytes);
/* That side sends no more (FIN). */
HYALITE_TESTING int hyalite_talk_end(hyalite_talk* talk, hyalite_side side);
/* That side's connection breaks (RST). */
HYALITE_TESTING int hyalite_talk_break(hyalite_talk* talk, hyalite_side side);
HYALITE_TESTING void hyalite_talk_let_connect(hyalite_talk* talk);
/* A ClientHello in one record, to say. `alpn`: one protocol, or empty. The bytes are the talk's. */
HYALITE_TESTING hyalite_bytes hyalite_talk_client_hello(hyalite_talk* talk, hyalite_bytes server_name, hyalite_bytes alpn);

/* All that was sent to that side so far. */
HYALITE_TESTING hyalite_bytes hyalite_talk_sent(hyalite_talk* talk, hyalite_side side);
/* What that side said and nobody has taken yet. */
HYALITE_TESTING hyalite_bytes hyalite_talk_unread(hyalite_talk* talk, hyalite_side side);

enum hyalite_talk_ending { HYALITE_STILL_OPEN = 0, HYALITE_ENDED_IN_ORDER = 1, HYALITE_ENDED_BY_RESET = 2 };

typedef struct hyalite_talk_state {
  uint32_t size;
  uint32_t connected;            /* 1: upstream is */
  uint32_t connections;          /* to upstream, so far */
  uint32_t client, upstream;     /* enum hyalite_talk_ending */
  uint32_t reserved;
  hyalite_bytes stage;           /* what the flow does now, as `hyalite status` calls it */
  hyalite_bytes reason;          /* why it ended: "finished", "blocked", ... (docs/messages.md); empty while it goes on */
  hyalite_bytes connected_to;    /* "198.51.100.1:80"; empty: nothing was connected */
} hyalite_talk_state;
HYALITE_TESTING void hyalite_talk_look(hyalite_talk* talk, hyalite_talk_state* out);

/* What a side got, read as HTTP. */
typedef struct hyalite_message {
  uint32_t size;
  uint32_t status;              /* of a response; interim ones (1xx) stand in the list like others */
  hyalite_bytes method, target; /* of a request */
  hyalite_bytes content;        /* without framing */
  const hyalite_field *headers, *trailers;
  size_t header_count, trailer_count;
} hyalite_message;
/* Whole message number `index` that was sent to that side; HYALITE_E_MISSING past the last one. */
HYALITE_TESTING hyalite_status hyalite_talk_message(hyalite_talk* talk, hyalite_side side, size_t index, hyalite_message* out);

/* How an exchange ended, as the last of the plugins could see it. */
typedef struct hyalite_ended_exchange {
  uint32_t size;
  uint32_t end;    /* enum hyalite_end */
  uint32_t status; /* what the client got; 0: no response */
  uint32_t reserved;
  hyalite_bytes reason, decided_by, decision_reason; /* as in hyalite_exchange_summary */
  const hyalite_field *notes, *findings;
  size_t note_count, finding_count;
} hyalite_ended_exchange;
/* Exchange number `index` of the talk that has ended; HYALITE_E_MISSING past the last one. */
HYALITE_TESTING hyalite_status hyalite_talk_ended(hyalite_talk* talk, size_t index, hyalite_ended_exchange* out);

/* ---- scripts ---- */

enum hyalite_step_what {
  HYALITE_STEP_SAY = 0,
  HYALITE_STEP_END = 1,
  HYALITE_STEP_BREAK = 2,
  HYALITE_STEP_TIME = 3,       /* `ns` pass */
  HYALITE_STEP_LET_CONNECT = 4
};

/* What cannot happen (upstream was never connected) does not. */
typedef struct hyalite_step {
  uint32_t what; /* enum hyalite_step_what */
  hyalite_side side;
  hyalite_bytes bytes;
  int64_t ns;
} hyalite_step;

/* A talk in which all of this happened, nothing cut. */
HYALITE_TESTING hyalite_talk* hyalite_talk_play(hyalite_bench* bench, const hyalite_talk_options* options,
                                                const hyalite_step* steps, size_t count);
/* The same in every way in which the network might cut what is said: each cut in two (of long texts 2048 of them), byte by
 * byte, and some at random (`seed`). At the end both sides end. Gives the talk that was not cut. `difference`: where another
 * one came out differently in what counts: messages (but how they are framed), endings, decisions, notes, findings; empty:
 * nowhere. `ways` (may be NULL): how many were played. */
HYALITE_TESTING hyalite_talk* hyalite_talk_play_in_every_way(hyalite_bench* bench, const hyalite_talk_options* options,
                                                             const hyalite_step* steps, size_t count, uint64_t seed,
                                                             hyalite_bytes* difference, size_t* ways);

#ifdef __cplusplus
}
#endif
#endif
