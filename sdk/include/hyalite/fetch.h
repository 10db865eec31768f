/* Questions to HTTP services that the settings name. A draft (abi.h).
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_FETCH_H_
#define HYALITE_FETCH_H_

#include <hyalite/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A question to a service that the settings name (services:), with `protocol: http`. HTTP/1.1, over TLS if they say so;
 * redirects are not followed. */
typedef struct hyalite_fetch {
  uint32_t size, reserved;
  hyalite_bytes service;        /* its name in the settings */
  hyalite_bytes method;         /* empty: GET. Not CONNECT */
  hyalite_bytes target;         /* "/path?query" */
  const hyalite_field* headers; /* no framing headers; Host is the settings' unless it is here. May be NULL */
  size_t header_count;
  hyalite_bytes body;
  int64_t within; /* ns for all of it, from now; 0, or more than the settings of the service allow: as they say */
  /* Given in a hook of that exchange: when it ends first, the question is given up (HYALITE_E_ENDED). May be NULL. In
   * exchange_end it is HYALITE_E_LATE. */
  hyalite_exchange* exchange;
} hyalite_fetch;

typedef struct hyalite_fetch_result {
  uint32_t size;
  hyalite_status status; /* HYALITE_OK: the answer came whole. HYALITE_E_TIMED_OUT, HYALITE_E_FAILED (not reached, broken off,
                            malformed), HYALITE_E_LIMIT (larger than response_bytes), HYALITE_E_CANCELLED, HYALITE_E_ENDED,
                            HYALITE_E_STOPPED */
  uint32_t http_status;
  uint32_t reserved;
  const hyalite_field* headers; /* as they came */
  size_t header_count;
  hyalite_bytes body; /* without framing; a Content-Encoding is not undone */
  hyalite_bytes why;  /* for a person, when there is no answer */
} hyalite_fetch_result;

/* The end, exactly once, in the worker, later than the call that began it; see async.h. */
typedef void (*hyalite_fetch_done)(void* instance, hyalite_ref fetch, void* user, const hyalite_fetch_result* result);

#define HYALITE_HOST_FETCH_ID "hyalite.host.fetch/draft1"

typedef struct hyalite_host_fetch {
  uint32_t size, reserved;
  /* [worker] [copies] Asks a service. HYALITE_E_MISSING: the settings name none of that name; HYALITE_E_INVALID: no sound request;
   * HYALITE_E_FORBIDDEN: a framing header, or CONNECT; HYALITE_E_LIMIT: limits.plugin_fetches. To give it up:
   * cancel (async.h). */
  hyalite_status (*fetch)(const hyalite_host* host, const hyalite_fetch* fetch, hyalite_fetch_done done, void* user,
                          hyalite_ref* ref);
} hyalite_host_fetch;

#ifdef __cplusplus
}
#endif
#endif
