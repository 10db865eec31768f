/* The words of the border between Hyalite and a plugin: rules, types, answers. Plain C11 and C++17.
 * SPDX-License-Identifier: MIT
 *
 * Begin with <hyalite/plugin.h> (C) or <hyalite/plugin.hpp> (C++): they include everything and read
 * as a plugin's life.
 */
/* clang-format off */
/* THE PROMISE, from version 1.0 on. It is about this interface, whose version is HYALITE_ABI_MAJOR.HYALITE_ABI_MINOR and not that of
 * Hyalite, and about everything in these headers but the drafts (below), testing.h and network.h. R1, R2 and R9 are proven in
 * each build of Hyalite (sdk/abi): by the layouts, by a second tool, and with plugins that were built when it was released.
 *   R1  What a release contained stays as it was: names, values, layouts, owners, tags, the meaning of every result. What may
 *       change is what was never said. A tag may come to allow more hooks, never fewer.
 *   R2  What grows, grows at its end: functions in tables, members in structs that say how big they are (`size`; `stride` for
 *       arrays), enumerators. Whoever reads looks at the size first: HYALITE_HAS. A struct without a size stays for ever. A
 *       concept that turns out wrong gets a new interface id (hyalite.http/2); the host goes on offering the old one (R9).
 *   R3  A function of the host never calls a plugin before it returns. What ends something (respond,
 *       reset, pass_through) is written down and carried out after the hook has returned.
 *   R4  A pointer received in a hook is good until that hook returns. Bytes seen through a view of
 *       headers stay readable until then even when they are edited. What must last is copied, or
 *       kept in the object's own state. Only a hyalite_ref may be kept and asked about later.
 *   R5  Each side frees what it allocated. The host copies what it is given.
 *   R6  Only C crosses: no exceptions, no longjmp, no C++ types, no bool, no enum as a field, no
 *       bit-fields, no long, no errno. Times are int64_t nanoseconds, sizes size_t or uint64_t.
 *   R7  Unknown things. From a plugin: a mode, flag, kind or member that the host does not know is HYALITE_E_UNSUPPORTED, and
 *       changes nothing; an unknown verdict is a failure. `reserved` is 0, always. From the host: a plugin ignores flags and
 *       members that it does not know, and takes values that it does not know as their list says ("Unknown values: ...").
 *   R8  Hooks and ends of one worker never run at the same time, and all come on its one thread. Workers are processes: nothing
 *       is shared between them.
 *   R9  A plugin that was built for 1.x, by whatever compiler, loads in every host of 1.y whose y is at least the plugin's
 *       min_host_minor (x, unless it says less), for as long as there are hosts of major 1. There is no major 2 planned: what
 *       is wrong gets another id. An id that has a successor is offered for two more years and four more minors at least. A
 *       plugin that needs more than a host has is refused by name, before anything of it runs.
 *
 * WHAT ONE SIDE LACKS  A plugin that sets HYALITE_MIN_HOST_MINOR lower than HYALITE_ABI_MINOR loads in older hosts, and asks before
 * it uses what came later: HYALITE_HAS(table, function); host->abi_minor for hooks, which an older host does not call; intern
 * (http.h) for names of headers. What is not there is NULL for who asks, and HYALITE_E_UNSUPPORTED for who uses the C++ wrapper.
 *
 * DRAFTS  Interfaces whose id ends in /draftN (tls.h, ws.h, fetch.h, channel.h) are for use, but promised by nobody: a later minor
 * may change one, under another N, or drop it. Then a host gives NULL for the old id, and does not call its hooks: a host that
 * has hyalite.host.tls/draft1 is one that calls hyalite.tls/draft1. So who needs a draft asks for its table in create, and
 * fails there without it (the C++ wrapper does). A draft that needed no change for long becomes /1.
 *
 * ERRORS  Each function names the failures that are its own. Besides, all may say HYALITE_E_INVALID (NULL where something must be, a
 * `size` that is too small, a value that is known but makes no sense here), HYALITE_E_LATE (a hook that its tag does not name)
 * and HYALITE_E_UNSUPPORTED (R7).
 *
 * THE TAGS  Every function begins its comment with tags in brackets; a test holds the headers to it.
 *   [entry]          before anything else, any number of times; must be pure
 *   [create]         in validate and create, in the process that loads; no worker exists yet
 *   [start]          in start, in a worker
 *   [worker]         in start and in everything that follows in a worker, on its one thread
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

#define HYALITE_ABI_MAJOR 1
#define HYALITE_ABI_NEWEST_MINOR 0 /* of these headers */
/* Define it to an older minor, and these headers have what that one had: a plugin that builds so loads wherever that minor is. */
#ifndef HYALITE_ABI_MINOR
#define HYALITE_ABI_MINOR HYALITE_ABI_NEWEST_MINOR
#endif
#if HYALITE_ABI_MINOR > HYALITE_ABI_NEWEST_MINOR
#error "HYALITE_ABI_MINOR is more than these headers have: take newer ones"
#endif
/* The oldest minor whose hosts this plugin works with. Lower than HYALITE_ABI_MINOR only when it asks (HYALITE_HAS, a table that is
 * NULL) before it uses what came later. */
#ifndef HYALITE_MIN_HOST_MINOR
#define HYALITE_MIN_HOST_MINOR HYALITE_ABI_MINOR
#endif
#if HYALITE_MIN_HOST_MINOR > HYALITE_ABI_MINOR
#error "HYALITE_MIN_HOST_MINOR is more than HYALITE_ABI_MINOR"
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
 * filled in? For functions and other pointers. */
#define HYALITE_HAS(t, m) \
  ((t) != NULL && (t)->size >= offsetof(__typeof__(*(t)), m) + sizeof((t)->m) && (t)->m != NULL)

/* How a call went. Anything below zero is a failure and changed nothing; nothing is above zero. Unknown values: treat as
 * HYALITE_E_FAILED. What a plugin returns counts as a failure unless it is HYALITE_OK. */
typedef int32_t hyalite_status;
enum hyalite_status_values {
  HYALITE_OK = 0,
  HYALITE_E_INVALID =
      -1, /* an argument is wrong: an id, an offset, bytes that no header may hold */
  HYALITE_E_FORBIDDEN = -2,   /* never allowed: framing headers belong to the host */
  HYALITE_E_LATE = -3,        /* not in this hook, or not any more: too late, or too early */
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

/* A hook's answer. Zero is the harmless one. One that the hook does not allow counts as HYALITE_ERROR. */
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

/* Something that is under way in this worker, by this instance: a pause, a timer, work. 0 names nothing. An old one is never
 * taken for another: using it gives HYALITE_E_STALE. */
typedef uint64_t hyalite_ref;

/* Which way bytes go. There are two, for ever. */
typedef uint32_t hyalite_direction;
enum hyalite_direction_values {
  HYALITE_REQUEST = 0, /* client to upstream */
  HYALITE_RESPONSE = 1 /* upstream to client */
};

/* An IP address and port. An IPv4 address is never given as mapped into IPv6. */
typedef struct hyalite_address {
  uint8_t family; /* 4 or 6. Unknown values: an address that you cannot read */
  uint8_t reserved;
  uint16_t port;     /* host byte order */
  uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is zero */
  uint32_t zone;     /* the interface of a link-local IPv6 address (RFC 4007); 0: none. Not said yet, and refused in a redirect */
} hyalite_address;

/* Something noticed about a flow or an exchange, by the proxy itself or by a plugin. Who asks for one sets `size` to that of its
 * own struct first; afterwards it says how much of it was filled in. */
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
