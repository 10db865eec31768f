/* The words of the border between Hyalite and a plugin: rules, types, answers. Plain C11 and C++17.
 * SPDX-License-Identifier: MIT
 *
 * Begin with <hyalite/plugin.h> (C) or <hyalite/plugin.hpp> (C++): they include everything and read
 * as a plugin's life.
 */
/* clang-format off */
/* THE RULES
 *   R1  What a release contained stays as it was: names, values, layouts, owners, tags, the meaning
 *       of every result.
 *   R2  Tables grow at their end only. Whatever the other side reads says how big it is (`size`, or
 *       `stride` for arrays). A concept that turns out wrong gets a new interface id; the old id
 *       goes on working.
 *   R3  A function of the host never calls a plugin before it returns. What ends something (respond,
 *       reset, pass_through) is written down and carried out after the hook has returned.
 *   R4  A pointer received in a hook is good until that hook returns. Bytes seen through a view of
 *       headers stay readable until then even when they are edited. What must last is copied, or
 *       kept in the object's own state.
 *   R5  Each side frees what it allocated. The host copies what it is given.
 *   R6  Only C crosses: no exceptions, no longjmp, no C++ types, no bool, no enum as a field, no
 *       bit-fields, no long, no errno. Times are int64_t nanoseconds, sizes size_t or uint64_t.
 *   R7  Unknown things: a flag, verdict or value the host does not know is refused, so it may mean
 *       something one day. A plugin ignores values from the host that it does not know; each open
 *       list names the value to fall back to.
 *   R8  Hooks of one worker never run at the same time. Workers are processes: nothing is shared
 *       between them.
 *   R9  While the version is 0 everything may change, and a plugin must be built for exactly this
 *       minor. From 1 on, a plugin built for 1.x loads wherever 1.y is at least its min_host_minor.
 *
 * THE TAGS  Every function begins its comment with tags in brackets; a test holds the headers to it.
 *   [entry]          before anything else, any number of times; must be pure
 *   [create]         in validate and create, in the process that loads; no worker exists yet
 *   [start]          in start, in a worker
 *   [worker]         in start and in everything that follows in a worker
 *   [hook]           in any hook that lends the object it is about; [hook: a, b] in these only
 *   [any]            whenever, from whichever thread
 *   [copies]         the host copies what is passed in
 *   [deferred]       takes effect after the hook has returned
 *   [lives: hook]    the result is good until the hook returns
 *   [lives: create]  until create or validate returns
 *   [lives: process] for ever
 */
/* clang-format on */
#ifndef HYALITE_ABI_H_
#define HYALITE_ABI_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HYALITE_ABI_MAJOR 0
/* Define it to an older minor, and these headers have what that one had: a plugin that builds so loads wherever that minor is. */
#ifndef HYALITE_ABI_MINOR
#define HYALITE_ABI_MINOR 1
#endif
/* The oldest minor whose hosts this plugin works with. Lower than HYALITE_ABI_MINOR only when it asks (HYALITE_HAS, a table that is
 * NULL) before it uses what came later. */
#ifndef HYALITE_MIN_HOST_MINOR
#define HYALITE_MIN_HOST_MINOR HYALITE_ABI_MINOR
#endif

/* Bytes that someone else owns. Not ended by NUL; data may be NULL when size is 0. */
typedef struct hyalite_bytes {
  const char* data;
  size_t size;
} hyalite_bytes;

/* A name with its value. */
typedef struct hyalite_field {
  hyalite_bytes name, value;
} hyalite_field;

/* Does the table at `t` (maybe NULL, maybe from an older host) have the member `m`, and is it
 * filled in? */
#define HYALITE_HAS(t, m) \
  ((t) != NULL && (t)->size >= offsetof(__typeof__(*(t)), m) + sizeof((t)->m) && (t)->m != NULL)

/* How a call went. Anything below zero is a failure and changed nothing. */
typedef int32_t hyalite_status;
enum hyalite_status_values {
  HYALITE_OK = 0,
  HYALITE_E_INVALID =
      -1, /* an argument is wrong: an id, an offset, bytes that no header may hold */
  HYALITE_E_FORBIDDEN = -2,   /* never allowed: framing headers belong to the host */
  HYALITE_E_LATE = -3,        /* not in this hook: too late, or too early */
  HYALITE_E_LIMIT = -4,       /* more than the host is ready to hold */
  HYALITE_E_UNSUPPORTED = -5, /* this host does not have it */
  HYALITE_E_MISSING = -6,     /* there is no such thing here */
  HYALITE_E_TYPE = -7,        /* a setting has another type */
  HYALITE_E_FAILED = -8,      /* it was tried and did not work; the log says why */
  HYALITE_E_STALE = -9,       /* what this names is over */
  HYALITE_E_TIMED_OUT = -10,  /* its deadline came first */
  HYALITE_E_CANCELLED = -11,  /* the plugin cancelled it */
  HYALITE_E_ENDED = -12,      /* the flow or exchange that it was for has ended */
  HYALITE_E_STOPPED = -13     /* the worker ends */
};

/* A hook's answer. Zero is the harmless one. */
typedef uint32_t hyalite_verdict;
enum hyalite_verdict_values {
  HYALITE_CONTINUE = 0, /* go on with the next plugin */
  HYALITE_PAUSE =
      1, /* wait: I recorded a pause (async.h), and will be asked again in the resume hook */
  HYALITE_FINAL =
      2, /* I recorded a decision (respond, reset, pass_through): no further plugin is asked */
  HYALITE_IGNORE = 3, /* leave me out of the rest of this exchange (in http hooks) or of this flow
                         (in all others) */
  HYALITE_ERROR = 4   /* I could not do my work: the failure policy of this instance decides */
};

/* Something that is under way: a pause. 0 names nothing. An old one is never taken for another: using it gives
 * HYALITE_E_STALE. */
typedef uint64_t hyalite_ref;

/* Which way bytes go. */
typedef uint32_t hyalite_direction;
enum hyalite_direction_values {
  HYALITE_REQUEST = 0 /* client to upstream */,
  HYALITE_RESPONSE = 1
};

/* An IP address and port. An IPv4 address is never given as mapped into IPv6. */
typedef struct hyalite_address {
  uint8_t family; /* 4 or 6 */
  uint8_t reserved;
  uint16_t port;     /* host byte order */
  uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is zero */
} hyalite_address;

/* Something noticed about a flow or an exchange, by the proxy itself or by a plugin. */
typedef struct hyalite_finding {
  uint32_t size, reserved;
  hyalite_bytes source; /* "hyalite", or the instance's name */
  hyalite_bytes name;   /* a short fixed word, e.g. "host_differs_from_destination" */
  hyalite_bytes detail; /* for a person; may be empty */
} hyalite_finding;

typedef struct hyalite_host hyalite_host; /* what this instance may ask of the proxy: host.h */
typedef struct hyalite_flow hyalite_flow; /* one client connection on its way and back: flow.h */
typedef struct hyalite_exchange hyalite_exchange; /* one request and its response: http.h */
typedef struct hyalite_window hyalite_window;     /* a piece of a body or of a tunnel: body.h */

#ifdef __cplusplus
}
#endif
#endif
