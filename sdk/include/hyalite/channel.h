/* Bytes of a plugin's own that go out, and come in, over time: an answer in a stream, a connection to a service; with
 * back-pressure. A draft (abi.h).
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
  HYALITE_CHANNEL_ROOM = 1, /* `room` bytes may be written: the answer was begun, the service is connected, or there was no
                               room before */
  HYALITE_CHANNEL_OVER = 2, /* the last that is told of it, exactly once: see `status` */
  HYALITE_CHANNEL_DATA = 3, /* the service said `bytes` */
  HYALITE_CHANNEL_END = 4   /* the service says no more; it may still be written to */
};

typedef struct hyalite_channel_event {
  uint32_t size;
  uint32_t kind; /* enum hyalite_channel_event_kind */
  hyalite_status status; /* OVER of an answer: HYALITE_OK: all of it was sent. HYALITE_E_ENDED: the client went, or the answer was
                            never begun. HYALITE_E_TIMED_OUT: nothing was written, or nothing taken, for timeouts.body_idle.
                            OVER of a connection: HYALITE_OK: all was sent, and the service ended, too. HYALITE_E_FAILED: not
                            reached, not the one that it should be (TLS), or broken off. HYALITE_E_TIMED_OUT: it could not be
                            reached in time, or stood still for too long. HYALITE_E_ENDED: its exchange has ended.
                            Of both: HYALITE_E_CANCELLED, HYALITE_E_STOPPED: what was not sent by then never will be */
  uint32_t reserved;
  uint64_t room;       /* bytes that `write` takes now */
  hyalite_bytes bytes; /* DATA: all that has come since the last time; lent until this call returns */
  hyalite_bytes why;   /* OVER of a connection that failed: for a person */
} hyalite_channel_event;

/* Later than the call that began it or wrote, in the worker, never inside of another call. `user` is the plugin's: it may be
 * freed when the channel is OVER, and nowhere else. */
typedef void (*hyalite_channel_told)(void* instance, hyalite_ref channel, void* user, const hyalite_channel_event* event);

/* A connection to a service that the settings name. */
typedef struct hyalite_connect {
  uint32_t size, reserved;
  hyalite_bytes service; /* its name in the settings */
  /* Given in a hook of that exchange: when it ends first, the connection is broken off (HYALITE_E_ENDED). May be NULL. In
   * exchange_end it is HYALITE_E_LATE. */
  hyalite_exchange* exchange;
} hyalite_connect;

#define HYALITE_HOST_CHANNEL_ID "hyalite.host.channel/draft1"

typedef struct hyalite_host_channel {
  uint32_t size, reserved;
  /* [hook: request_head, request_body, request_trailers, response_head, response_body] [copies] [deferred] Answers as `respond`
   * (http.h) does, but `response->body` is only the beginning: the rest is written afterwards. The host frames it, in chunks or
   * until the end of the connection, which closes behind it. Return HYALITE_FINAL. HYALITE_E_INVALID: as respond; also a status
   * without a body (204, 205, 304); HYALITE_E_LATE: as respond; HYALITE_E_LIMIT: limits.plugin_channels, or a beginning larger than
   * limits.plugin_channel_bytes. When this fails, nothing was begun and nothing is told. */
  hyalite_status (*respond_stream)(hyalite_exchange* exchange, const hyalite_response* response, hyalite_channel_told told,
                                   void* user, hyalite_ref* channel);
  /* [worker] [copies] Sends this, as far as the client (or the service) takes it; until then it is held. `last` 1: nothing follows;
   * of a connection only this direction ends (FIN).
   * HYALITE_E_LIMIT: there is no room for all of it (limits.plugin_channel_bytes are held already): nothing was taken, and ROOM is
   * told when there is some again. HYALITE_E_LATE: the last was written already. HYALITE_E_STALE: it is over.
   * To break it off instead: cancel (async.h); then the client sees an answer that is cut short, a service a reset. */
  hyalite_status (*write)(const hyalite_host* host, hyalite_ref channel, hyalite_bytes bytes, uint32_t last);
  /* [worker] [copies] Opens a connection to a service with `protocol: tcp` in the settings (over TLS, if they say so). It may be
   * written to at once: that is sent when it is connected, which ROOM tells. It is over when both sides have ended: write with
   * `last` when you have said all. HYALITE_E_MISSING: the settings name no such service; HYALITE_E_LIMIT:
   * limits.plugin_channels, or the `connections` of that service, are open. */
  hyalite_status (*connect)(const hyalite_host* host, const hyalite_connect* what, hyalite_channel_told told, void* user,
                            hyalite_ref* channel);
  /* [worker] `on` 0: no more DATA of this connection until it is called with 1. Meanwhile limits.plugin_channel_bytes are held,
   * and what is beyond waits with its sender; if it fails, what is held is told all the same, before OVER.
   * HYALITE_E_INVALID: an answer receives nothing. HYALITE_E_STALE: it is over. */
  hyalite_status (*receive)(const hyalite_host* host, hyalite_ref channel, uint32_t on);
} hyalite_host_channel;

#ifdef __cplusplus
}
#endif
#endif
