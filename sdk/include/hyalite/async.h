/* Waiting, and what a plugin may have under way meanwhile: pauses. SPDX-License-Identifier: MIT */
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
  HYALITE_HOOK_DATA = 11
};

/* How a pause ended. */
typedef struct hyalite_resumption {
  uint32_t size;
  hyalite_status status; /* HYALITE_OK: resumed; HYALITE_E_TIMED_OUT: its deadline came first */
  hyalite_ref pause;
  uint32_t hook;                   /* enum hyalite_hook: the one that paused; what it may do may be done now */
  hyalite_direction direction;     /* in body and data hooks */
  hyalite_window* window;          /* in body and data hooks: all the bytes of the paused call, again, else NULL. What was
                                      done with the window before the pause was undone */
  const hyalite_window_view* view; /* of the window, or NULL */
} hyalite_resumption;

#define HYALITE_HOST_ASYNC_ID "hyalite.host.async/0"

typedef struct hyalite_host_async {
  uint32_t size, reserved;
  /* [hook: flow_open, protocol, client_hello, upstream_connect, data] [copies] [deferred] Lets the flow wait; return
   * HYALITE_PAUSE. Needs a resume_flow hook. HYALITE_E_LATE: this hook cannot pause (or only taps), or has paused already;
   * HYALITE_E_LIMIT: too many pauses (limits.pauses), or for too long. */
  hyalite_status (*pause_flow)(hyalite_flow* flow, const hyalite_pause_options* options, hyalite_ref* ref);
  /* [hook: request_head, request_body, request_trailers, response_head, response_body, response_trailers] [copies]
   * [deferred] Lets this direction of the exchange wait; return HYALITE_PAUSE. Needs a resume_exchange hook. Errors as
   * above. */
  hyalite_status (*pause_exchange)(hyalite_exchange* exchange, const hyalite_pause_options* options, hyalite_ref* ref);
  /* [any] The plugin knows now what it waited for: the resume hook is called soon, later than this returns. May be called
   * before the hook that pauses has returned. HYALITE_E_STALE: it was resumed already, its deadline has come, or what
   * waited has ended; nothing happens. */
  hyalite_status (*resume)(const hyalite_host* host, hyalite_ref pause);
} hyalite_host_async;

#define HYALITE_ASYNC_ID "hyalite.async/0"

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
