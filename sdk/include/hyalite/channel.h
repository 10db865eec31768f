/* Bytes of a plugin's own that go out over time: an answer in a stream, with back-pressure. A draft until version 1.
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_CHANNEL_H_
#define HYALITE_CHANNEL_H_

#include <hyalite/abi.h>
#include <hyalite/http.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What happened. Unknown values: nothing that concerns you. */
enum hyalite_channel_event_kind {
  HYALITE_CHANNEL_ROOM = 1, /* `room` bytes may be written: the answer was begun, or there was no room before */
  HYALITE_CHANNEL_OVER = 2  /* the last that is told of it, exactly once: see `status` */
};

typedef struct hyalite_channel_event {
  uint32_t size;
  uint32_t kind; /* enum hyalite_channel_event_kind */
  hyalite_status status; /* OVER: HYALITE_OK: all of it was sent. HYALITE_E_ENDED: the client went, or the answer was never begun.
                            HYALITE_E_TIMED_OUT: nothing was written, or nothing taken, for timeouts.body_idle.
                            HYALITE_E_CANCELLED, HYALITE_E_STOPPED: what was not sent by then never will be */
  uint32_t reserved;
  uint64_t room; /* bytes that `write` takes now */
} hyalite_channel_event;

/* Later than the call that began it or wrote, in the worker, never inside of another call. `user` is the plugin's: it may be
 * freed when the channel is OVER, and nowhere else. */
typedef void (*hyalite_channel_told)(void* instance, hyalite_ref channel, void* user, const hyalite_channel_event* event);

#define HYALITE_HOST_CHANNEL_ID "hyalite.host.channel/0"

typedef struct hyalite_host_channel {
  uint32_t size, reserved;
  /* [hook: request_head, request_body, request_trailers, response_head, response_body] [copies] [deferred] Answers as `respond`
   * (http.h) does, but `response->body` is only the beginning: the rest is written afterwards. The host frames it, in chunks or
   * until the end of the connection, which closes behind it. Return HYALITE_FINAL. HYALITE_E_INVALID: as respond; also a status
   * without a body (204, 304); HYALITE_E_LATE: as respond; HYALITE_E_LIMIT: limits.plugin_channels, or a beginning larger than
   * limits.plugin_channel_bytes. When this fails, nothing was begun and nothing is told. */
  hyalite_status (*respond_stream)(hyalite_exchange* exchange, const hyalite_response* response, hyalite_channel_told told,
                                   void* user, hyalite_ref* channel);
  /* [worker] [copies] Sends this, as far as the client takes it; until then it is held. `last` 1: nothing follows.
   * HYALITE_E_LIMIT: there is no room for all of it (limits.plugin_channel_bytes are held already): nothing was taken, and ROOM is
   * told when there is some again. HYALITE_E_LATE: the last was written already. HYALITE_E_STALE: it is over.
   * To break it off instead: cancel (async.h); then the client sees an answer that is cut short. */
  hyalite_status (*write)(const hyalite_host* host, hyalite_ref channel, hyalite_bytes bytes, uint32_t last);
} hyalite_host_channel;

#ifdef __cplusplus
}
#endif
#endif
