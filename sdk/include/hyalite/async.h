/* Waiting, and what a plugin may have under way meanwhile: pauses, timers, work on threads. Questions to services: fetch.h.
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_ASYNC_H_
#define HYALITE_ASYNC_H_

#include <hyalite/abi.h>
#include <hyalite/body.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pause lets one direction of one flow or exchange wait: the bytes of that direction stay where they are (their sender
 * notices), the other direction goes on, and no plugin behind this one is asked. All decisions stay inside hooks: whoever
 * resumes only says that there is something to decide now; then the host calls the resume hook, once, with a valid object,
 * and its verdict counts as that of the hook that paused. */

enum hyalite_on_deadline {
  HYALITE_DEADLINE_FAILS = 0, /* it counts as a failure: the instance's on_failure decides. The resume hook is called
                                 first, and its verdict is not heard */
  HYALITE_DEADLINE_ASKS = 1   /* the resume hook's verdict counts, as if it had been resumed */
};

typedef struct hyalite_pause_options {
  uint32_t size;
  uint32_t on_deadline; /* enum hyalite_on_deadline */
  int64_t within;       /* ns from now, greater than 0: the deadline. More than timeouts.plugin_pause: HYALITE_E_LIMIT */
} hyalite_pause_options;

/* The hooks that may pause. Unknown values: treat as HYALITE_HOOK_UNKNOWN. */
enum hyalite_hook {
  HYALITE_HOOK_UNKNOWN = 0,
  HYALITE_HOOK_FLOW_OPEN = 1,
  HYALITE_HOOK_PROTOCOL = 2,
  HYALITE_HOOK_CLIENT_HELLO = 3,
  HYALITE_HOOK_UPSTREAM_CONNECT = 4,
  HYALITE_HOOK_REQUEST_HEAD = 5,
  HYALITE_HOOK_REQUEST_BODY = 6,
  HYALITE_HOOK_REQUEST_TRAILERS = 7,
  HYALITE_HOOK_RESPONSE_HEAD = 8,
  HYALITE_HOOK_RESPONSE_BODY = 9,
  HYALITE_HOOK_RESPONSE_TRAILERS = 10,
  HYALITE_HOOK_DATA = 11,
  HYALITE_HOOK_UPSTREAM_TLS = 12,
  HYALITE_HOOK_TLS_DONE = 13,
  HYALITE_HOOK_WS_MESSAGE = 14
};

/* How a pause ended. */
typedef struct hyalite_resumption {
  uint32_t size;
  hyalite_status status; /* HYALITE_OK: resumed; HYALITE_E_TIMED_OUT: its deadline came first */
  hyalite_ref pause;
  uint32_t hook;                   /* enum hyalite_hook: the one that paused; what it may do may be done now */
  hyalite_direction direction;     /* in body, data and ws_message hooks */
  hyalite_window* window;          /* in body and data hooks: all the bytes of the paused call, again, else NULL. What was
                                      done with the window before the pause was undone */
  const hyalite_window_view* view; /* of the window, or NULL */
  const void* subject; /* what else the paused hook was given, again, where its own header says so (ws.h); else NULL */
} hyalite_resumption;

/* ---- what ends with a call ----
 * Whatever a plugin begins here is told its end exactly once, in the worker, later than the function that began it returned;
 * also when it was cancelled, timed out, or the worker ends. `user` is the plugin's: it may be freed in that call, and
 * nowhere else. When a function here fails, nothing was begun and nothing is told. */

/* `status`: HYALITE_OK; HYALITE_E_CANCELLED; HYALITE_E_FAILED: the work threw; HYALITE_E_STOPPED: the worker ends. A timer
 * with a period is told HYALITE_OK each time; only another status is its end. `ref` is what the function that began it gave; of a
 * post 0. */
typedef void (*hyalite_done)(void* instance, hyalite_ref ref, void* user, hyalite_status status);
/* Runs on another thread: nothing of the host may be called but what is [any], and no object of a hook be touched. */
typedef void (*hyalite_run)(void* user);

#define HYALITE_HOST_ASYNC_ID "hyalite.host.async/1"

typedef struct hyalite_host_async {
  uint32_t size, reserved;
  /* [hook: flow_open, protocol, client_hello, upstream_tls, tls_done, upstream_connect, data, ws_message] [copies] [deferred] Lets the flow wait; return
   * HYALITE_PAUSE. HYALITE_E_INVALID: there is no resume_flow hook, or no time; HYALITE_E_LATE: this hook cannot pause (or only
   * taps), or has paused already; HYALITE_E_LIMIT: too many pauses (limits.pauses), for too long, or bytes would be held beyond
   * limits.held_bodies_bytes. */
  hyalite_status (*pause_flow)(hyalite_flow* flow, const hyalite_pause_options* options, hyalite_ref* ref);
  /* [hook: request_head, request_body, request_trailers, response_head, response_body, response_trailers] [copies]
   * [deferred] Lets this direction of the exchange wait; return HYALITE_PAUSE. Errors as above (a resume_exchange hook). */
  hyalite_status (*pause_exchange)(hyalite_exchange* exchange, const hyalite_pause_options* options, hyalite_ref* ref);
  /* [any] The plugin knows now what it waited for: the resume hook is called soon, later than this returns. May be called
   * before the hook that pauses has returned. HYALITE_E_STALE: it was resumed already, its deadline has come, or what
   * waited has ended; nothing happens. */
  hyalite_status (*resume)(const hyalite_host* host, hyalite_ref pause);

  /* [worker] Calls `done` once, `after` ns from now, or (with a `period`, 1 ms at least) again and again until it is cancelled;
   * calls that it is late for are bundled into one. HYALITE_E_INVALID: below 0, or more than a year; HYALITE_E_LIMIT:
   * limits.plugin_timers. */
  hyalite_status (*timer)(const hyalite_host* host, int64_t after, int64_t period, hyalite_done done, void* user,
                          hyalite_ref* ref);
  /* [any] Calls `done` on the worker's loop; for threads of the plugin's own, after start. HYALITE_E_LIMIT:
   * limits.plugin_posts wait already, or the worker has ended. */
  hyalite_status (*post)(const hyalite_host* host, hyalite_done done, void* user);
  /* [worker] Runs `run` on one of the host's threads (limits.plugin_threads), then `done` on the worker's loop. For what takes
   * longer than a hook may. HYALITE_E_LIMIT: limits.plugin_work wait already. */
  hyalite_status (*work)(const hyalite_host* host, hyalite_run run, hyalite_done done, void* user, hyalite_ref* ref);
  /* [worker] Gives up a timer, work, or what a draft began (fetch.h, channel.h), of this instance; its end is told with
   * HYALITE_E_CANCELLED, later. Work that runs already is not interrupted: its end comes when it has ended. HYALITE_E_STALE: it is
   * over, or a pause. */
  hyalite_status (*cancel)(const hyalite_host* host, hyalite_ref ref);
} hyalite_host_async;

#define HYALITE_ASYNC_ID "hyalite.async/1"

typedef struct hyalite_async_hooks {
  uint32_t size, reserved;
  /* [worker] A pause of this flow is over, exactly once for each, unless the flow ended first: then flow_close comes
   * instead. May do and decide what the paused hook may; may pause again. */
  hyalite_verdict (*resume_flow)(void* instance, hyalite_flow* flow, void* state, const hyalite_resumption* resumption);
  /* [worker] The same for an exchange; if it ended first, exchange_end comes instead. */
  hyalite_verdict (*resume_exchange)(void* instance, hyalite_exchange* exchange, void* state,
                                     const hyalite_resumption* resumption);
} hyalite_async_hooks;

#ifdef __cplusplus
}
#endif
#endif
