/* TLS: what is known of a flow's two handshakes, what can be decided about them, the hooks. A draft (abi.h).
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_TLS_H_
#define HYALITE_TLS_H_

#include <hyalite/abi.h>
#include <hyalite/flow.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A side of a flow. There are two, for ever. */
typedef uint32_t hyalite_side;
enum hyalite_side_values { HYALITE_SIDE_CLIENT = 0, HYALITE_SIDE_UPSTREAM = 1 };

/* What is wrong with an upstream's certificate: bits of hyalite_tls_info.defects. Unknown bits: treat as
 * HYALITE_DEFECT_OTHER. */
enum hyalite_defect {
  HYALITE_DEFECT_WRONG_NAME = 1,
  HYALITE_DEFECT_EXPIRED = 2,
  HYALITE_DEFECT_NOT_YET_VALID = 4,
  HYALITE_DEFECT_SELF_SIGNED = 8,
  HYALITE_DEFECT_UNKNOWN_ISSUER = 16, /* the chain ends in a root that is not trusted */
  HYALITE_DEFECT_MISSING_ISSUER = 32, /* the chain has a gap */
  HYALITE_DEFECT_OTHER = 64
};

/* One side's TLS, as far as the proxy takes part in it. Empty and zero: not known (yet). */
typedef struct hyalite_tls_info {
  uint32_t size;
  hyalite_side side;
  uint32_t done;     /* 1: the handshake ended well */
  uint32_t resumed;  /* 1: an earlier session was resumed */
  uint32_t version;  /* as on the wire: 0x0304 is TLS 1.3 */
  uint32_t alert;    /* the fatal alert that the peer sent (RFC 8446, section 6), when it refused */
  uint32_t verified; /* upstream only, 1: its certificate was looked at; what is wrong is in defects */
  uint32_t defects;  /* upstream only: enum hyalite_defect */
  hyalite_bytes version_text;       /* "TLSv1.3" */
  hyalite_bytes cipher;             /* as IANA calls it */
  hyalite_bytes group;              /* of the key agreement */
  hyalite_bytes alpn;               /* the protocol that was agreed on */
  hyalite_bytes certificate_sha256; /* 64 lower-case digits: the upstream's certificate, or the one our client was shown */
  hyalite_bytes certificate;        /* DER, of the upstream, in upstream_tls; later empty */
  hyalite_bytes defect_text;        /* what is wrong, for a person */
  hyalite_bytes error;              /* why the handshake failed, for a person */
} hyalite_tls_info;

/* How a client is told that it is blocked. */
enum hyalite_block_with {
  HYALITE_BLOCK_RESET = 0, /* TCP reset */
  HYALITE_BLOCK_ALERT = 1, /* access_denied; not in tls_done */
  HYALITE_BLOCK_PAGE = 2   /* a page over a certificate of the proxy's; an alert where that cannot be shown */
};

#define HYALITE_HOST_TLS_ID "hyalite.host.tls/draft1"

typedef struct hyalite_host_tls {
  uint32_t size, reserved;
  /* [hook] [lives: hook] What is known of that side's TLS; NULL when the proxy takes no part in it. */
  const hyalite_tls_info* (*info)(hyalite_flow* flow, hyalite_side side);
  /* [hook] [lives: hook] The client's fingerprint JA3; empty when no ClientHello was read. */
  hyalite_bytes (*ja3)(hyalite_flow* flow);
  /* [hook] [lives: hook] Its fingerprint JA4, likewise. */
  hyalite_bytes (*ja4)(hyalite_flow* flow);
  /* [hook: client_hello] [copies] [deferred] Looks into this connection, whatever the rules say; return HYALITE_FINAL.
   * Needs the grant `intercept`. */
  hyalite_status (*intercept)(hyalite_flow* flow, hyalite_bytes reason);
  /* [hook: client_hello, upstream_tls, tls_done] [copies] [deferred] Ends the flow; return HYALITE_FINAL. `with`: enum
   * hyalite_block_with. */
  hyalite_status (*block)(hyalite_flow* flow, uint32_t with, hyalite_bytes reason);
  /* [hook: upstream_tls] [copies] [deferred] Takes the upstream's certificate with all its defects; return HYALITE_FINAL.
   * Needs the grant `accept_certificates`. */
  hyalite_status (*accept_certificate)(hyalite_flow* flow, hyalite_bytes reason);
} hyalite_host_tls;

/* ---- hooks ---- */
#define HYALITE_TLS_ID "hyalite.tls/draft1"

typedef struct hyalite_tls_hooks {
  uint32_t size, reserved;
  /* [worker] A whole ClientHello was read; nothing was answered and nothing sent on.
   * Decisions: pass_through, reset, redirect_upstream, intercept, block. */
  hyalite_verdict (*client_hello)(void* instance, hyalite_flow* flow, void* state,
                                  const hyalite_client_hello* hello);
  /* [worker] The handshake with the upstream is over, its certificate was looked at; the client has got nothing yet.
   * Decisions: pass_through (over a second connection), reset, block, accept_certificate. */
  hyalite_verdict (*upstream_tls)(void* instance, hyalite_flow* flow, void* state, const hyalite_tls_info* info);
  /* [worker] The client's handshake is over, well or not, or that with the upstream failed: see `info`.
   * Decisions, when it ended well: reset, block. */
  hyalite_verdict (*tls_done)(void* instance, hyalite_flow* flow, void* state, const hyalite_tls_info* info);
} hyalite_tls_hooks;

#ifdef __cplusplus
}
#endif
#endif
