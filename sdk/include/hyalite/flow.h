/* A flow: one client connection on its way and back. What is known of it, what can be decided, its
 * hooks. SPDX-License-Identifier: MIT */
#ifndef HYALITE_FLOW_H_
#define HYALITE_FLOW_H_

#include <hyalite/abi.h>
#include <hyalite/body.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the flow came to the proxy. Unknown values: treat as HYALITE_ARRIVAL_UNKNOWN. */
enum hyalite_arrival {
  HYALITE_ARRIVAL_UNKNOWN = 0,
  HYALITE_ARRIVAL_TRANSPARENT =
      1, /* TPROXY, or policy routing alone: the local address is the destination */
  HYALITE_ARRIVAL_REDIRECT = 2, /* NAT: the destination was asked of conntrack */
  HYALITE_ARRIVAL_FIXED = 3     /* the listener's settings name the destination */
};

/* What the client speaks. Unknown values: treat as HYALITE_PROTOCOL_UNKNOWN. */
enum hyalite_protocol {
  HYALITE_PROTOCOL_PENDING = 0, /* not found out yet */
  HYALITE_PROTOCOL_UNKNOWN = 1, /* none of those below; also when the server spoke first */
  HYALITE_PROTOCOL_HTTP1 = 2,
  HYALITE_PROTOCOL_TLS = 3,
  HYALITE_PROTOCOL_HTTP2 = 4 /* the preface, without TLS */
};

typedef struct hyalite_flow_info {
  uint32_t size;
  uint32_t arrival;  /* enum hyalite_arrival */
  uint32_t protocol; /* enum hyalite_protocol */
  uint32_t worker;   /* its index */
  uint64_t id; /* unique on this machine while it runs; the same in records, log and admin pages */
  int64_t opened_at;           /* wall clock, ns */
  hyalite_address client;      /* who speaks */
  hyalite_address destination; /* where the client was going */
  hyalite_address
      upstream;           /* where we connect(ed) to; the destination unless a plugin redirected */
  hyalite_bytes listener; /* its address, as in the settings */
  hyalite_bytes server_name; /* of the ClientHello; empty when there is none */
} hyalite_flow_info;

/* What the server_name extension held. Unknown values: treat as HYALITE_SERVER_NAME_INVALID. */
enum hyalite_server_name {
  HYALITE_SERVER_NAME_ABSENT = 0,
  HYALITE_SERVER_NAME_HOST = 1,
  HYALITE_SERVER_NAME_ADDRESS = 2, /* an IP address, which is not allowed there */
  HYALITE_SERVER_NAME_INVALID = 3
};

/* Numbers of a ClientHello, as they stood on the wire and in their order, GREASE included. */
typedef struct hyalite_u16_list {
  const uint16_t* items;
  size_t count;
} hyalite_u16_list;

/* A TLS ClientHello; nothing has been answered. What a client claims is never to be trusted. */
typedef struct hyalite_client_hello {
  uint32_t size;
  uint16_t record_version, legacy_version;
  uint32_t server_name_kind;           /* enum hyalite_server_name */
  uint32_t has_encrypted_client_hello; /* 0 or 1; with 1 server_name is only the outer one */
  hyalite_bytes server_name;           /* a HOST: lower case, no final dot; the others: as sent */
  const hyalite_bytes* alpn;           /* the protocols offered */
  size_t alpn_count;
  hyalite_u16_list versions; /* of supported_versions; empty when the extension is absent */
  hyalite_u16_list cipher_suites, extensions, groups, signature_algorithms;
  const uint8_t* ec_point_formats;
  size_t ec_point_format_count;
} hyalite_client_hello;

/* How a flow or an exchange ended. Unknown values: treat as HYALITE_END_ERROR. */
enum hyalite_end {
  HYALITE_END_COMPLETE = 0,             /* as it should */
  HYALITE_END_CLIENT_GONE = 1,          /* the client closed or reset before the end */
  HYALITE_END_UPSTREAM_GONE = 2,        /* upstream closed or reset before the end */
  HYALITE_END_UPSTREAM_UNREACHABLE = 3, /* refused, timed out, no route */
  HYALITE_END_CLIENT_REFUSED = 4,       /* what the client sent was refused: see `reason` */
  HYALITE_END_UPSTREAM_REFUSED = 5,     /* what upstream sent was refused: see `reason` */
  HYALITE_END_BLOCKED = 6,              /* a plugin decided: see `decided_by` */
  HYALITE_END_TIMED_OUT = 7,
  HYALITE_END_STOPPED = 8, /* the proxy is stopping, or draining reached its deadline */
  HYALITE_END_LIMIT = 9,   /* a limit of the settings was reached */
  HYALITE_END_ERROR = 10
};

typedef struct hyalite_flow_summary {
  uint32_t size;
  uint32_t end;                                                /* enum hyalite_end */
  uint64_t from_client, to_client, to_upstream, from_upstream; /* bytes on the wire */
  uint64_t exchanges;                                          /* how many there were */
  int64_t duration;                                            /* ns since it was opened */
  uint32_t inspected; /* 1 when all of it was; 0 when some of it passed uninspected */
  uint32_t reserved;
  hyalite_bytes
      reason; /* a short fixed word for the end, e.g. "client.bad_chunk_size"; may be empty */
  hyalite_bytes bypass;     /* why (some of) it passed uninspected, e.g. "tls", "bypass_list"; empty
                               when it did not */
  hyalite_bytes decided_by; /* the instance that reset or passed it; empty when none did */
  hyalite_bytes decision_reason; /* in that instance's words */
} hyalite_flow_summary;

#define HYALITE_HOST_FLOW_ID "hyalite.host.flow/1"

typedef struct hyalite_host_flow {
  uint32_t size, reserved;
  /* [hook] [lives: hook] What is known of the flow by now. Never NULL. */
  const hyalite_flow_info* (*info)(hyalite_flow* flow);
  /* [hook] [lives: hook] The ClientHello once it was read, else NULL. */
  const hyalite_client_hello* (*client_hello)(hyalite_flow* flow);
  /* [hook: flow_open, protocol, client_hello, upstream_tls, tls_done, upstream_connect, data, ws_message] [copies] [deferred] Ends the
   * flow at once, with a TCP reset to the client; return HYALITE_FINAL. `reason` goes into the
   * records. */
  hyalite_status (*reset)(hyalite_flow* flow, hyalite_bytes reason);
  /* [hook: flow_open, protocol, client_hello, upstream_tls, data, ws_message] [copies] [deferred] From here on the bytes pass
   * untouched and no plugin is asked again, but for flow_close; return HYALITE_FINAL. HYALITE_E_FORBIDDEN: needs the grant
   * `pass_through`. */
  hyalite_status (*pass_through)(hyalite_flow* flow, hyalite_bytes reason);
  /* [hook: flow_open, protocol, client_hello, upstream_connect] [copies] [deferred] Connects there
   * instead; the client does not learn of it. Return HYALITE_CONTINUE: those who come after may
   * still decide. HYALITE_E_LATE: connected already; HYALITE_E_INVALID: no address to connect to; HYALITE_E_FORBIDDEN: needs the
   * grant `redirect_upstream`. */
  hyalite_status (*redirect_upstream)(hyalite_flow* flow, const hyalite_address* to,
                                      hyalite_bytes reason);
  /* [hook: flow_open, protocol, client_hello, tunnel_open, data] Declares what this instance needs
   * of the raw bytes in `direction`, if they turn out not to be HTTP (or no longer are). NONE, TAP
   * or STREAM. In data: only to lower it (else HYALITE_E_LATE). HYALITE_E_INVALID: another mode, or this instance has no data
   * hook. */
  hyalite_status (*stream_interest)(hyalite_flow* flow, hyalite_direction direction,
                                    const hyalite_body_options* options);
  /* [hook] [lives: hook] Finding number `index` about this flow; HYALITE_E_MISSING past the last
   * one. */
  hyalite_status (*finding)(hyalite_flow* flow, size_t index, hyalite_finding* out);
  /* [hook] [copies] Adds a finding, for the plugins that come after and for the records. A name has 1 to 64 bytes, a detail at most
   * 1024. HYALITE_E_LIMIT: too many. */
  hyalite_status (*add_finding)(hyalite_flow* flow, hyalite_bytes name, hyalite_bytes detail);
} hyalite_host_flow;

/* ---- hooks ----
 * `state` is this instance's own state of the flow (hyalite_state_hooks in plugin.h), NULL when it
 * asked for none. */
#define HYALITE_FLOW_ID "hyalite.flow/1"

typedef struct hyalite_flow_hooks {
  uint32_t size, reserved;
  /* [worker] Accepted, the original destination is known, nothing was read yet.
   * Decisions: pass_through, reset, redirect_upstream. */
  hyalite_verdict (*flow_open)(void* instance, hyalite_flow* flow, void* state);
  /* [worker] It is known what the client speaks (enum hyalite_protocol), or that nobody can tell.
   * Decisions: pass_through, reset, redirect_upstream. */
  hyalite_verdict (*protocol)(void* instance, hyalite_flow* flow, void* state, uint32_t protocol);
  /* [worker] Before connecting to `to`. Decisions: reset, redirect_upstream. */
  hyalite_verdict (*upstream_connect)(void* instance, hyalite_flow* flow, void* state,
                                      const hyalite_address* to);
  /* [worker] The end, exactly once for each flow that was opened, unless this instance was left out
   * of it. Nothing can be decided. */
  hyalite_verdict (*flow_close)(void* instance, hyalite_flow* flow, void* state,
                                const hyalite_flow_summary* summary);
} hyalite_flow_hooks;

#define HYALITE_STREAM_ID "hyalite.stream/1"

typedef struct hyalite_stream_hooks {
  uint32_t size, reserved;
  /* [worker] Raw or tunnelled bytes, for instances that declared a stream_interest.
   * HYALITE_WINDOW_END: this side sends nothing more. Decisions: pass_through, reset. Requests (client to upstream) go through
   * the chain in the order of the settings, responses in reverse. */
  hyalite_verdict (*data)(void* instance, hyalite_flow* flow, void* state,
                          hyalite_direction direction, hyalite_window* window,
                          const hyalite_window_view* view);
} hyalite_stream_hooks;

#ifdef __cplusplus
}
#endif
#endif
