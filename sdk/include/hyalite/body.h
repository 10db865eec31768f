/* Bytes that pass by: what a plugin declares it needs of them, and the window through which it sees
 * and edits them. SPDX-License-Identifier: MIT */
#ifndef HYALITE_BODY_H_
#define HYALITE_BODY_H_

#include <hyalite/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an instance needs of a message's body (or of one direction of a tunnel). It pays only for
 * what it declares. What a host does not know: HYALITE_E_UNSUPPORTED; what it knows, but not there: HYALITE_E_INVALID. */
enum hyalite_body_mode {
  HYALITE_BODY_NONE = 0, /* nothing: the default. Forwarded without a look */
  HYALITE_BODY_TAP = 1,  /* to read: the bytes are forwarded whatever happens; pass, drop, write and
                            keep are refused */
  HYALITE_BODY_STREAM = 2, /* to read and edit as it arrives */
  HYALITE_BODY_FULL =
      3, /* all of it at once, up to `cap`, the head held back until the verdict; http only */
  HYALITE_BODY_PEEK = 4 /* the first `cap` bytes of it (or all, if there are fewer), the head held back until the verdict:
                           one call. In it body_interest may say what is needed of the rest (not FULL); else nothing */
};

enum hyalite_body_flags {
  HYALITE_BODY_MAY_RESIZE = 1, /* STREAM: the number of bytes may change; the host announces no
                                  length then. FULL implies it */
  HYALITE_BODY_WANT_TRAILERS =
      2, /* call the trailers hook also for a message that has none, so that some can be added */
  HYALITE_BODY_DECODED = 4 /* show it without its content coding (gzip, deflate, br, zstd). TAP: what is forwarded stays as it
                              is. Else, unless FULL and PEEK changed nothing, it leaves without the coding, Content-Encoding goes, a
                              strong ETag becomes a weak one, and whoever comes behind sees it so, too. Parts
                              (Content-Range), several codings and unknown ones are not undone: see HYALITE_WINDOW_DECODED. What is
                              no such coding, or larger than limits.decoded_body_bytes and limits.decode_ratio allow, is refused
                              where it cannot be forwarded as it came */
};

/* FULL: what happens to a body that is larger than `cap`. */
enum hyalite_overflow {
  HYALITE_OVERFLOW_DEGRADE =
      0, /* what is held is shown with HYALITE_WINDOW_TRUNCATED, the rest as in STREAM */
  HYALITE_OVERFLOW_SKIP = 1,  /* all of it is forwarded unseen, and counted */
  HYALITE_OVERFLOW_REJECT = 2 /* 413 to the client for a request, 502 for a response */
};

typedef struct hyalite_body_options {
  uint32_t size;
  uint32_t mode;     /* enum hyalite_body_mode */
  uint32_t flags;    /* enum hyalite_body_flags */
  uint32_t overflow; /* enum hyalite_overflow */
  uint64_t cap;      /* FULL, PEEK: bytes (as shown); 0: as much as the host is ready to hold; more than that:
                        HYALITE_E_LIMIT */
  uint32_t keep_max; /* STREAM: the most that keep() will be asked for; 0: keep is not used */
  uint32_t reserved;
} hyalite_body_options;

/* Not every message has a call with HYALITE_WINDOW_END. When its head says that no content follows (Content-Length: 0, or neither
 * length nor Transfer-Encoding in a request; the answer to HEAD, 204, 304), no call comes, in whichever mode. When that is found out
 * behind the head only (an empty chunked body, or an answer that ends with its connection), one call comes, of length 0 with
 * HYALITE_WINDOW_END. So what is to be decided or edited for every message belongs into request_head or response_head, not into the
 * last call about its body. And a body that breaks off has no last call either.
 * Unknown flags: ignore them. */
enum hyalite_window_flags {
  HYALITE_WINDOW_END = 1, /* nothing follows: the last call for this body or direction */
  HYALITE_WINDOW_TRUNCATED =
      2, /* FULL overflowed: this is the part that was held, more follows as STREAM. PEEK: more follows */
  HYALITE_WINDOW_DECODED = 4, /* what is shown is without its content coding */
  HYALITE_WINDOW_CORRUPT = 8  /* TAP with DECODED: the coded bytes were no such thing, or too much came out of them; nothing
                                 more is shown, and all of it is forwarded as it came */
};

/* The bytes of one call, in pieces. */
typedef struct hyalite_window_view {
  uint32_t size;
  uint32_t flags;                /* enum hyalite_window_flags */
  const hyalite_bytes* segments; /* in order; none is empty */
  size_t segment_count;
  uint64_t length;   /* of all segments together; may be 0 when HYALITE_WINDOW_END is set */
  uint64_t offset;   /* of the first byte, in the body as this instance sees it */
  uint64_t retained; /* the first so many bytes were kept by the call before, and are shown again */
} hyalite_window_view;

#define HYALITE_HOST_BODY_ID "hyalite.host.body/1"

/* A cursor goes through the window once, from its first byte on. After the hook, what it has not
 * reached is passed on, except for what is kept. All functions: HYALITE_E_FORBIDDEN in TAP,
 * HYALITE_E_INVALID past the window's end. */
typedef struct hyalite_host_body {
  uint32_t size, reserved;
  /* [hook: request_body, response_body, data] Forwards the next `n` bytes, without copying them. */
  hyalite_status (*pass)(hyalite_window* window, uint64_t n);
  /* [hook: request_body, response_body, data] Leaves the next `n` bytes out. */
  hyalite_status (*drop)(hyalite_window* window, uint64_t n);
  /* [hook: request_body, response_body, data] [copies] Puts `bytes` in at the cursor.
   * HYALITE_E_LIMIT: too much at once. */
  hyalite_status (*write)(hyalite_window* window, hyalite_bytes bytes);
  /* [hook: request_body, response_body, data] [deferred] The last `n` bytes wait, and come first in
   * the next window: for something that may have been cut in two. HYALITE_E_LIMIT: more than keep_max;
   * HYALITE_E_INVALID at the end of a body, or when the cursor is in them already. */
  hyalite_status (*keep)(hyalite_window* window, uint64_t n);
  /* [hook: request_body, response_body, data] [lives: hook] `n` bytes from `offset` (in this
   * window) in one piece; copied only when they lie in several. */
  hyalite_status (*flat)(hyalite_window* window, uint64_t offset, uint64_t n, hyalite_bytes* out);
} hyalite_host_body;

#ifdef __cplusplus
}
#endif
#endif
