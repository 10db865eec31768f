/* An exchange: one HTTP request and its response. Views, edits, decisions, hooks.
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_HTTP_H_
#define HYALITE_HTTP_H_

#include <hyalite/abi.h>
#include <hyalite/body.h>
#include <hyalite/flow.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- views ----
 * Headers are read without a call and without a copy:
 *     hyalite_header_at(headers, i)      number i, names in the case and order they came
 *     hyalite_header_find(headers, id)   the first with a known name; ->next_same leads to the next one of that name
 * An id is one of enum hyalite_header_id, or what intern() gave for another name. */
typedef struct hyalite_header {
  hyalite_bytes name, value; /* the value without the white space around it */
  uint16_t id;               /* 0: a name that nobody interned */
  uint16_t flags;            /* none yet. Unknown flags: ignore them */
  int32_t next_same; /* index of the next one with this id, -1: none; always -1 when id is 0 */
} hyalite_header;

typedef struct hyalite_headers {
  uint32_t size;
  uint32_t stride; /* bytes from one header to the next */
  uint32_t count;
  uint32_t generation; /* grows by one with each edit; an older view stays readable but no longer true */
  const hyalite_header* items; /* go through it by `stride` */
  const int32_t* first;        /* first[id]: index of the first header with this id, or -1 */
  uint32_t first_count;        /* ids below this may be looked up */
  uint32_t reserved;
} hyalite_headers;

static inline const hyalite_header* hyalite_header_at(const hyalite_headers* headers,
                                                      size_t index) {
  return index >= headers->count
             ? NULL
             : (const hyalite_header*)((const char*)headers->items + index * headers->stride);
}

static inline const hyalite_header* hyalite_header_find(const hyalite_headers* headers,
                                                        uint16_t id) {
  if (id == 0 || id >= headers->first_count || headers->first[id] < 0) return NULL;
  return hyalite_header_at(headers, (size_t)headers->first[id]);
}

/* Names that every host of this version knows. First those that belong to the host, then the
 * alphabet; later versions add theirs at the end. Interned names get ids above all that the host knows: so what a later version
 * added may be another name's id in an older host, and who loads there, too (HYALITE_MIN_HOST_MINOR), asks intern() for it. */
enum hyalite_header_id {
  HYALITE_HEADER_OTHER = 0,
  HYALITE_HEADER_CONNECTION,
  HYALITE_HEADER_CONTENT_LENGTH,
  HYALITE_HEADER_KEEP_ALIVE,
  HYALITE_HEADER_PROXY_CONNECTION,
  HYALITE_HEADER_TE,
  HYALITE_HEADER_TRAILER,
  HYALITE_HEADER_TRANSFER_ENCODING,
  HYALITE_HEADER_UPGRADE,
  HYALITE_HEADER_ACCEPT,
  HYALITE_HEADER_ACCEPT_ENCODING,
  HYALITE_HEADER_ACCEPT_LANGUAGE,
  HYALITE_HEADER_AGE,
  HYALITE_HEADER_AUTHORIZATION,
  HYALITE_HEADER_CACHE_CONTROL,
  HYALITE_HEADER_CONTENT_DISPOSITION,
  HYALITE_HEADER_CONTENT_ENCODING,
  HYALITE_HEADER_CONTENT_LANGUAGE,
  HYALITE_HEADER_CONTENT_LOCATION,
  HYALITE_HEADER_CONTENT_RANGE,
  HYALITE_HEADER_CONTENT_TYPE,
  HYALITE_HEADER_COOKIE,
  HYALITE_HEADER_DATE,
  HYALITE_HEADER_ETAG,
  HYALITE_HEADER_EXPECT,
  HYALITE_HEADER_EXPIRES,
  HYALITE_HEADER_FORWARDED,
  HYALITE_HEADER_HOST,
  HYALITE_HEADER_HTTP2_SETTINGS,
  HYALITE_HEADER_IF_MATCH,
  HYALITE_HEADER_IF_MODIFIED_SINCE,
  HYALITE_HEADER_IF_NONE_MATCH,
  HYALITE_HEADER_IF_RANGE,
  HYALITE_HEADER_IF_UNMODIFIED_SINCE,
  HYALITE_HEADER_LAST_MODIFIED,
  HYALITE_HEADER_LOCATION,
  HYALITE_HEADER_MAX_FORWARDS,
  HYALITE_HEADER_ORIGIN,
  HYALITE_HEADER_PRAGMA,
  HYALITE_HEADER_PROXY_AUTHENTICATE,
  HYALITE_HEADER_PROXY_AUTHORIZATION,
  HYALITE_HEADER_RANGE,
  HYALITE_HEADER_REFERER,
  HYALITE_HEADER_RETRY_AFTER,
  HYALITE_HEADER_SEC_WEBSOCKET_ACCEPT,
  HYALITE_HEADER_SEC_WEBSOCKET_EXTENSIONS,
  HYALITE_HEADER_SEC_WEBSOCKET_KEY,
  HYALITE_HEADER_SEC_WEBSOCKET_PROTOCOL,
  HYALITE_HEADER_SEC_WEBSOCKET_VERSION,
  HYALITE_HEADER_SERVER,
  HYALITE_HEADER_SET_COOKIE,
  HYALITE_HEADER_STRICT_TRANSPORT_SECURITY,
  HYALITE_HEADER_USER_AGENT,
  HYALITE_HEADER_VARY,
  HYALITE_HEADER_VIA,
  HYALITE_HEADER_WWW_AUTHENTICATE,
  HYALITE_HEADER_X_FORWARDED_FOR,
  HYALITE_HEADER_X_FORWARDED_HOST,
  HYALITE_HEADER_X_FORWARDED_PROTO
};

typedef struct hyalite_request_line {
  uint32_t size;
  uint16_t version_major, version_minor;
  hyalite_bytes method;    /* any token, in its own case */
  hyalite_bytes target;    /* as it stands: "/path?query", "http://host/path", "host:443", "*" */
  hyalite_bytes authority; /* of an absolute target, else of Host, as it stands (with a port, in its
                              own case); may be empty */
  hyalite_bytes path;      /* as it stands, without the query; empty for "*" and for "host:443" */
  hyalite_bytes query;     /* after the first "?"; empty when there is none */
  hyalite_bytes scheme;    /* "https" inside of TLS that is looked into, else "http" */
} hyalite_request_line;

typedef struct hyalite_response_line {
  uint32_t size;
  uint16_t version_major, version_minor;
  uint32_t status;
  uint32_t reserved;
  hyalite_bytes reason; /* may be empty */
} hyalite_response_line;

/* The parts of an exchange that have headers. */
typedef uint32_t hyalite_part;
enum hyalite_part_values {
  HYALITE_PART_REQUEST = 0,
  HYALITE_PART_RESPONSE = 1,
  HYALITE_PART_REQUEST_TRAILERS = 2,
  HYALITE_PART_RESPONSE_TRAILERS = 3,
  HYALITE_PART_INFO = 4 /* an interim (1xx) response, in response_info only */
};

/* What header_set does when there are headers of that name already. */
enum hyalite_set_how {
  HYALITE_SET_REPLACE =
      0, /* the first one gets the value, the others go; none there: added at the end */
  HYALITE_SET_APPEND = 1,   /* one more, at the end */
  HYALITE_SET_IF_ABSENT = 2 /* only when there is none */
};

/* A response of a plugin's own. The host frames it. */
typedef struct hyalite_response {
  uint32_t size;
  uint32_t status;              /* 200 to 599 */
  const hyalite_field* headers; /* no framing headers; may be NULL */
  size_t header_count;
  hyalite_bytes body;
  hyalite_bytes reason; /* for records and log: which rule, why; the client does not see it */
} hyalite_response;

typedef struct hyalite_exchange_summary {
  uint32_t size;
  uint32_t end;                      /* enum hyalite_end */
  uint32_t status;                   /* what the client got; 0: no response */
  uint32_t upstream_status;          /* what upstream answered; 0: it was not asked, or did not */
  uint64_t from_client, to_upstream; /* the request on the wire, bytes: head, body, framing */
  uint64_t from_upstream, to_client; /* the response on the wire */
  uint64_t request_content,
      response_content;     /* bodies as the client sent and got them, without framing */
  hyalite_address upstream; /* where this request went, or would have gone; another one than the
                               flow's when it was redirected */
  int64_t started_at; /* wall clock, ns: the request's first byte */
  int64_t duration;   /* ns from then to the end */
  int64_t request_head, connected, request_sent,
      response_head; /* ns from then until the request's head was whole, upstream was
connected (0: it was already), the request was sent, the response's head was whole; -1: never */
  hyalite_bytes
      reason; /* a short fixed word for the end, e.g. "client.conflicting_lengths"; may be empty */
  hyalite_bytes
      decided_by; /* the instance that blocked, answered or redirected; empty when none did */
  hyalite_bytes decision_reason; /* in that instance's words */
} hyalite_exchange_summary;

#define HYALITE_HOST_HTTP_ID "hyalite.host.http/1"

/* Headers that say how a message is framed or where a hop ends belong to the host: Connection,
 * Content-Length, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade. Setting or
 * removing one: HYALITE_E_FORBIDDEN. */
typedef struct hyalite_host_http {
  uint32_t size, reserved;
  /* [create] [copies] The id of a header's name, so that it can be looked up in views; case does
   * not matter. The same for all instances of the process. 0: not a name, or too many. */
  uint16_t (*intern)(const hyalite_host* host, hyalite_bytes name);
  /* [any] HYALITE_OK when a plugin may set and remove headers of this name; HYALITE_E_FORBIDDEN: it
   * is the host's; HYALITE_E_INVALID: not a header's name. */
  hyalite_status (*check_name)(const hyalite_host* host, hyalite_bytes name);
  /* [any] HYALITE_OK when a header may have this value: no CR, LF, NUL or other control character
   * but tab. */
  hyalite_status (*check_value)(const hyalite_host* host, hyalite_bytes value);

  /* [hook] [lives: hook] The flow that the exchange belongs to. */
  hyalite_flow* (*flow)(hyalite_exchange* exchange);
  /* [hook] [lives: hook] This instance's own state of that flow; NULL when it asked for none. */
  void* (*flow_state)(hyalite_exchange* exchange);
  /* [hook] Its number among the exchanges of its flow, from 1. */
  uint64_t (*number)(hyalite_exchange* exchange);
  /* [hook] [lives: hook] After all edits so far. NULL when no whole request head came, or none whose
   * lines can be told apart. In exchange_end of a refused request it may be there though request_head
   * was not called: for records only, as nobody knows what others would read in it. */
  const hyalite_request_line* (*request_line)(hyalite_exchange* exchange);
  /* [hook] [lives: hook] After all edits so far; in response_info the interim one. NULL when there
   * is none yet. */
  const hyalite_response_line* (*response_line)(hyalite_exchange* exchange);
  /* [hook] [lives: hook] The headers of a part after all edits so far; NULL when the part is not
   * there (yet), and when this call had more views of edited headers than the host has room for, 16 MiB: then the call counts as
   * failed, whatever it returns. */
  const hyalite_headers* (*headers)(hyalite_exchange* exchange, hyalite_part part);

  /* [hook: request_head, request_body, request_trailers, response_info, response_head,
   * response_body, response_trailers] [copies] Sets a header of the part that this hook is about (a
   * head in a body hook: only with FULL). `id` 0: by `name`; else `name` may be empty, and says the
   * case to write it in when it is not. `how`: enum hyalite_set_how. */
  hyalite_status (*header_set)(hyalite_exchange* exchange, hyalite_part part, uint16_t id,
                               hyalite_bytes name, hyalite_bytes value, uint32_t how);
  /* [hook: request_head, request_body, request_trailers, response_info, response_head,
   * response_body, response_trailers] [copies] Gives the header at `index` of a view with this
   * `generation` another value; its name stays. HYALITE_E_LATE: the view is old. */
  hyalite_status (*header_set_at)(hyalite_exchange* exchange, hyalite_part part, uint32_t index,
                                  uint32_t generation, hyalite_bytes value);
  /* [hook: request_head, request_body, request_trailers, response_info, response_head,
   * response_body, response_trailers] Removes all headers of that name. HYALITE_E_MISSING: there
   * was none. */
  hyalite_status (*header_remove)(hyalite_exchange* exchange, hyalite_part part, uint16_t id,
                                  hyalite_bytes name);
  /* [hook: request_head, request_body] [copies] Another method. HYALITE_E_FORBIDDEN: to or from
   * CONNECT or HEAD. */
  hyalite_status (*set_method)(hyalite_exchange* exchange, hyalite_bytes method);
  /* [hook: request_head, request_body] [copies] Another target of the same form. It does not change
   * where the request goes. */
  hyalite_status (*set_target)(hyalite_exchange* exchange, hyalite_bytes target);
  /* [hook: response_head, response_body] [copies] Another status, 200 to 599. HYALITE_E_FORBIDDEN:
   * to or from one without a body. */
  hyalite_status (*set_status)(hyalite_exchange* exchange, uint32_t status, hyalite_bytes reason);

  /* [hook: request_head, request_body, response_head, response_body] [copies] Declares what this
   * instance needs of a body. The request's in request_head; the response's in request_head or
   * response_head; in the body's own hook only to lower it. */
  hyalite_status (*body_interest)(hyalite_exchange* exchange, hyalite_direction direction,
                                  const hyalite_body_options* options);

  /* [hook: request_head, request_body, request_trailers, response_head, response_body] [copies]
   * [deferred] Answers the client in upstream's place; return HYALITE_FINAL. A request that was not
   * sent yet never will be. HYALITE_E_LATE: the client has bytes of the response already; HYALITE_E_FORBIDDEN: a framing header;
   * HYALITE_E_LIMIT: more than 128 headers, or a body larger than limits.held_body_bytes. */
  hyalite_status (*respond)(hyalite_exchange* exchange, const hyalite_response* response);
  /* [hook: request_head, request_body, request_trailers, response_info, response_head,
   * response_body, response_trailers, tunnel_open] [copies] [deferred] Ends the exchange at once, without an answer; return
   * HYALITE_FINAL. Over HTTP/1 this ends its flow, too, with a TCP reset to the client. */
  hyalite_status (*reset)(hyalite_exchange* exchange, hyalite_bytes reason);
  /* [hook: request_head, request_body] [copies] [deferred] Sends the request there instead of to
   * the original destination; return HYALITE_CONTINUE. HYALITE_E_LATE: it is on its way; HYALITE_E_INVALID: no address to connect
   * to; HYALITE_E_FORBIDDEN: needs the grant `redirect_upstream`. */
  hyalite_status (*redirect_upstream)(hyalite_exchange* exchange, const hyalite_address* to,
                                      hyalite_bytes reason);
  /* [hook: response_info] [deferred] The client does not get this interim response; return
   * HYALITE_CONTINUE. */
  hyalite_status (*drop_info)(hyalite_exchange* exchange);

  /* [hook] [lives: hook] Finding number `index` about this exchange; HYALITE_E_MISSING past the
   * last one. */
  hyalite_status (*finding)(hyalite_exchange* exchange, size_t index, hyalite_finding* out);
  /* [hook] [copies] Adds a finding, for the plugins that come after and for the records. A name has 1 to 64 bytes, a detail at most
   * 1024. HYALITE_E_LIMIT: too many. */
  hyalite_status (*add_finding)(hyalite_exchange* exchange, hyalite_bytes name,
                                hyalite_bytes detail);
} hyalite_host_http;

/* ---- hooks ----
 * In the order of an exchange's life. `state` is this instance's own state of the exchange
 * (hyalite_state_hooks in plugin.h). Requests go through the chain in the order of the settings,
 * responses in reverse: each sees the edits of those before. */
#define HYALITE_HTTP_ID "hyalite.http/1"

/* What a flow has become. Unknown values: treat as HYALITE_TUNNEL_UPGRADE. */
enum hyalite_tunnel_kind {
  HYALITE_TUNNEL_CONNECT = 0,
  HYALITE_TUNNEL_WEBSOCKET = 1,
  HYALITE_TUNNEL_UPGRADE = 2 /* another one */
};

typedef struct hyalite_http_hooks {
  uint32_t size, reserved;
  /* [worker] The head is whole and was found sound; not one byte went upstream.
   * May edit. Decisions: respond, reset, redirect_upstream. */
  hyalite_verdict (*request_head)(void* instance, hyalite_exchange* exchange, void* state,
                                  const hyalite_headers* headers);
  /* [worker] The body, as declared with body_interest. With FULL the head is still here: may edit
   * it. Decisions: respond, reset; with FULL also redirect_upstream. */
  hyalite_verdict (*request_body)(void* instance, hyalite_exchange* exchange, void* state,
                                  hyalite_window* window, const hyalite_window_view* view);
  /* [worker] There are trailers, or HYALITE_BODY_WANT_TRAILERS asked for a place for them. May edit
   * them. Decisions: respond, reset. */
  hyalite_verdict (*request_trailers)(void* instance, hyalite_exchange* exchange, void* state,
                                      const hyalite_headers* headers);
  /* [worker] The whole request went on its way. Nothing can be decided. */
  hyalite_verdict (*request_end)(void* instance, hyalite_exchange* exchange, void* state);
  /* [worker] An interim (1xx) response other than 101. May edit or drop_info. Decisions: reset. */
  hyalite_verdict (*response_info)(void* instance, hyalite_exchange* exchange, void* state,
                                   uint32_t status, const hyalite_headers* headers);
  /* [worker] The response's head; the client has nothing of it. May edit. Decisions: respond,
   * reset. */
  hyalite_verdict (*response_head)(void* instance, hyalite_exchange* exchange, void* state,
                                   const hyalite_headers* headers);
  /* [worker] As request_body. Decisions: reset; with FULL also respond. */
  hyalite_verdict (*response_body)(void* instance, hyalite_exchange* exchange, void* state,
                                   hyalite_window* window, const hyalite_window_view* view);
  /* [worker] As request_trailers. Decisions: reset. */
  hyalite_verdict (*response_trailers)(void* instance, hyalite_exchange* exchange, void* state,
                                       const hyalite_headers* headers);
  /* [worker] The whole response went to the client. Nothing can be decided. */
  hyalite_verdict (*response_end)(void* instance, hyalite_exchange* exchange, void* state);
  /* [worker] CONNECT was answered with 2xx, or the protocol was switched (101): raw bytes from here
   * on. Declare a stream_interest here. Decisions: reset. */
  hyalite_verdict (*tunnel_open)(void* instance, hyalite_exchange* exchange, void* state,
                                 uint32_t kind);
  /* [worker] The end, exactly once for each exchange, however it ended, unless this instance was
   * left out of it. Heads are still readable; nothing can be decided. */
  hyalite_verdict (*exchange_end)(void* instance, hyalite_exchange* exchange, void* state,
                                  const hyalite_exchange_summary* summary);
} hyalite_http_hooks;

#ifdef __cplusplus
}
#endif
#endif
