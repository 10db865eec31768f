/* WebSocket (RFC 6455) after an upgrade: its frames and messages, both ways. A draft (abi.h).
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_WS_H_
#define HYALITE_WS_H_

#include <hyalite/abi.h>
#include <hyalite/flow.h>
#include <hyalite/http.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a plugin wants to see messages, the host reads both directions as strictly as RFC 6455 says (masking, reserved bits,
 * lengths, fragments, control frames, UTF-8, close codes): what breaks its rules ends the tunnel and is counted
 * (hyalite_websocket_refused_total). Frames of messages that nobody edits pass byte for byte.
 *
 * Extensions change what frames mean, so they are negotiated away there: the request's offers (Sec-WebSocket-Extensions:
 * permessage-deflate) do not reach the server, and a server that agrees on one all the same is refused. */

/* What it is. Unknown values: none of your business. */
enum hyalite_ws_opcode {
  HYALITE_WS_CONTINUATION = 0, /* a frame of a message that began earlier; with FRAMES only */
  HYALITE_WS_TEXT = 1,         /* UTF-8 */
  HYALITE_WS_BINARY = 2,
  HYALITE_WS_CLOSE = 8,
  HYALITE_WS_PING = 9,
  HYALITE_WS_PONG = 10
};

/* What an instance needs of one direction. It pays only for what it declares. */
enum hyalite_ws_mode {
  HYALITE_WS_NONE = 0,
  HYALITE_WS_FRAMES = 1,  /* each frame, to read: it passes on at once, whatever happens */
  HYALITE_WS_TAP = 2,     /* each message (and each control frame), to read: likewise */
  HYALITE_WS_MESSAGES = 3 /* each message (and each control frame), whole, before it passes on: may replace, drop, wait.
                             Control frames overtake a message that is not whole yet */
};

/* MESSAGES: what becomes of one that is larger than `cap`, or comes in more than 4096 frames. */
enum hyalite_ws_overflow {
  HYALITE_WS_OVERFLOW_REJECT = 0, /* it ends the tunnel (close code 1009), and is counted */
  HYALITE_WS_OVERFLOW_SKIP = 1    /* it passes unseen, and is counted for the instance */
};

typedef struct hyalite_ws_options {
  uint32_t size;
  uint32_t mode;     /* enum hyalite_ws_mode */
  uint32_t overflow; /* enum hyalite_ws_overflow */
  uint32_t reserved;
  uint64_t cap; /* MESSAGES: the largest, bytes of payload; FRAMES and TAP: how much of one is shown. 0, or at most
                   limits.websocket_message_bytes: as much as that */
} hyalite_ws_options;

/* Unknown flags: ignore them. */
enum hyalite_ws_flags {
  HYALITE_WS_FINAL = 1,    /* the last frame of its message; set with TAP and MESSAGES, always */
  HYALITE_WS_TRUNCATED = 2 /* FRAMES and TAP: `payload` is only the beginning */
};

/* A message; with FRAMES, a frame. */
typedef struct hyalite_ws_message {
  uint32_t size;
  uint32_t opcode; /* enum hyalite_ws_opcode */
  uint32_t flags;  /* enum hyalite_ws_flags */
  uint32_t frames; /* in how many it came */
  uint64_t length; /* of the whole payload */
  hyalite_bytes payload; /* without its mask. CLOSE: the reason, without the code */
  uint32_t close_code;   /* CLOSE: 1005 when it has none; else 0 */
  uint32_t reserved;
} hyalite_ws_message;

#define HYALITE_HOST_WS_ID "hyalite.host.ws/draft1"

typedef struct hyalite_host_ws {
  uint32_t size, reserved;
  /* [hook: request_head, tunnel_open] [copies] Declares what this instance needs of `direction` once this exchange has become a
   * WebSocket. HYALITE_E_MISSING: it does not ask for that (in whatever version), or has become something else. HYALITE_E_LATE: in
   * tunnel_open, when an extension was agreed on: ask in request_head. HYALITE_E_INVALID: the instance has no ws_message hook.
   * HYALITE_E_LIMIT: `cap` is more than limits.websocket_message_bytes. */
  hyalite_status (*interest)(hyalite_exchange* exchange, hyalite_direction direction, const hyalite_ws_options* options);
  /* [hook: ws_message] [deferred] This instance is shown nothing more of `direction`. */
  hyalite_status (*enough)(hyalite_flow* flow, hyalite_direction direction);

  /* All of these: HYALITE_E_FORBIDDEN for a Close; replace and drop: without MESSAGES, too. What a hook did here is undone when
   * it fails or pauses. */

  /* [hook: ws_message] [copies] [deferred] Another payload; what it is stays. HYALITE_E_INVALID: a text that is not UTF-8, or
   * more than 125 bytes in a control frame; HYALITE_E_LIMIT: more than limits.websocket_message_bytes. */
  hyalite_status (*replace)(hyalite_flow* flow, hyalite_bytes payload);
  /* [hook: ws_message] [deferred] It does not pass on. */
  hyalite_status (*drop)(hyalite_flow* flow);
  /* [hook: ws_message] [copies] [deferred] Sends a message of the plugin's own in `direction`: of this message's direction before
   * it (with MESSAGES; else behind it), of the other one as soon as no message is half-way there. No plugin is shown it.
   * HYALITE_E_INVALID: as in replace, and CONTINUATION; HYALITE_E_LIMIT: as in replace, of all that wait. */
  hyalite_status (*inject)(hyalite_flow* flow, hyalite_direction direction, uint32_t opcode, hyalite_bytes payload);
  /* [hook: ws_message] [copies] [deferred] Ends the tunnel: both sides get a Close with this code (1000 to 1003, 1007 to 1014, or
   * 3000 to 4999) and reason (UTF-8, at most 123 bytes; the records get it, too); this message does not pass on. Return
   * HYALITE_FINAL. */
  hyalite_status (*close)(hyalite_flow* flow, uint32_t code, hyalite_bytes reason);
} hyalite_host_ws;

#define HYALITE_WS_ID "hyalite.ws/draft1"

typedef struct hyalite_ws_hooks {
  uint32_t size, reserved;
  /* [worker] A message, or a frame, as declared. Messages from the client pass the plugins in the order of the settings, those
   * to it in reverse; each sees what those before let pass. May pause with MESSAGES; then `subject` of the
   * resumption (async.h) is the hyalite_ws_message, again. Decisions: close, reset, pass_through. */
  hyalite_verdict (*ws_message)(void* instance, hyalite_flow* flow, void* state, hyalite_direction direction,
                                const hyalite_ws_message* message);
} hyalite_ws_hooks;

#ifdef __cplusplus
}
#endif
#endif
