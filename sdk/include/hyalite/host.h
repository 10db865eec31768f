/* What a plugin may ask of the proxy: log, time, further tables by name, its settings, its metrics.
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_HOST_H_
#define HYALITE_HOST_H_

#include <hyalite/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Unknown values are taken as HYALITE_LOG_DEBUG. */
enum hyalite_log_level {
  HYALITE_LOG_ERROR = 0,
  HYALITE_LOG_WARNING = 1,
  HYALITE_LOG_INFO = 2,
  HYALITE_LOG_DEBUG = 3
};

/* Unknown values are taken as HYALITE_CLOCK_WALL. */
enum hyalite_clock {
  HYALITE_CLOCK_WALL = 0,     /* since 1970-01-01 UTC; may jump */
  HYALITE_CLOCK_MONOTONIC = 1 /* for durations */
};

#define HYALITE_NO_WORKER UINT32_MAX

/* One per instance; lives as long as the process. Pass it back as the first argument of its
 * functions. */
struct hyalite_host {
  uint32_t size;
  uint16_t abi_major, abi_minor;
  void* self; /* the host's own */
  hyalite_bytes product, version,
      instance;          /* "hyalite", "0.1.0", the name of this instance in the settings */
  uint32_t worker_index; /* HYALITE_NO_WORKER until start. Hosts whose size ends before a member below do not have it */
  uint32_t log_level;    /* the most talkative level that is written: read it before you format */

  /* [any] [lives: process] A table of the host by its exact id, or NULL. Ids: HYALITE_HOST_..._ID
   * below and in the other headers. */
  const void* (*get_interface)(const hyalite_host* host, const char* id);
  /* [any] [copies] Writes one line; the host adds who speaks. The host may drop lines of an
   * instance that talks too much, and says how many. */
  void (*log)(const hyalite_host* host, uint32_t level, hyalite_bytes message,
              const hyalite_field* fields, size_t count);
  /* [any] Nanoseconds by `clock` (enum hyalite_clock). */
  int64_t (*now)(const hyalite_host* host, uint32_t clock);
};

/* ---- settings ----
 * What the operator wrote under `settings:` of this instance, already checked against the plugin's
 * JSON Schema. */
#define HYALITE_HOST_SETTINGS_ID "hyalite.host.settings/1"

typedef struct hyalite_value
    hyalite_value; /* one value with its place in the file; [lives: create] */

/* Unknown values: something that no function here can read. */
enum hyalite_value_kind {
  HYALITE_VALUE_NULL = 0,
  HYALITE_VALUE_BOOLEAN = 1,
  HYALITE_VALUE_INTEGER = 2,
  HYALITE_VALUE_NUMBER = 3, /* with a fraction, or too big for int64_t */
  HYALITE_VALUE_TEXT = 4,
  HYALITE_VALUE_LIST = 5,
  HYALITE_VALUE_MAP = 6
};

typedef struct hyalite_host_settings {
  uint32_t size, reserved;
  /* [create] [lives: create] All settings of this instance: a map, empty when nothing was written.
   */
  const hyalite_value* (*root)(const hyalite_host* host);
  /* [create] [lives: create] The value at `path` below `from`: "page/title" goes down two maps.
   * NULL when there is none. */
  const hyalite_value* (*find)(const hyalite_host* host, const hyalite_value* from,
                               hyalite_bytes path);
  /* [create] [lives: create] Item `index` of a list or a map, in the order of the file; NULL past
   * the end. `key` (may be NULL) receives a map's key. */
  const hyalite_value* (*item)(const hyalite_host* host, const hyalite_value* of, size_t index,
                               hyalite_bytes* key);
  /* [create] How many items a list or map has; 0 for everything else. */
  size_t (*count)(const hyalite_host* host, const hyalite_value* of);
  /* [create] One of enum hyalite_value_kind. */
  uint32_t (*kind)(const hyalite_host* host, const hyalite_value* value);
  /* [create] [lives: create] The text of a text; HYALITE_E_TYPE for everything else. */
  hyalite_status (*text)(const hyalite_host* host, const hyalite_value* value, hyalite_bytes* out);
  /* [create] The number of an integer; HYALITE_E_TYPE for everything else. */
  hyalite_status (*integer)(const hyalite_host* host, const hyalite_value* value, int64_t* out);
  /* [create] The number of a number or an integer; HYALITE_E_TYPE for everything else. */
  hyalite_status (*number)(const hyalite_host* host, const hyalite_value* value, double* out);
  /* [create] 0 or 1; HYALITE_E_TYPE for everything else. */
  hyalite_status (*boolean)(const hyalite_host* host, const hyalite_value* value, uint32_t* out);
  /* [create] [copies] Tells the operator about a mistake, with file and line of `at` (NULL: of the
   * instance). Tell all of them; then return HYALITE_E_INVALID from validate or create. */
  void (*mistake)(const hyalite_host* host, const hyalite_value* at, hyalite_bytes text);
} hyalite_host_settings;

/* ---- metrics ----
 * Names are fixed before the workers exist; each worker then writes into its own row, and the host
 * adds the rows up. */
#define HYALITE_HOST_METRICS_ID "hyalite.host.metrics/1"

enum hyalite_metric_kind {
  HYALITE_COUNTER = 0, /* only grows */
  HYALITE_GAUGE = 1    /* what there is now, 0 or more; shown is the sum of all workers. Set it in start */
};

typedef struct hyalite_metric {
  uint32_t size, kind;
  hyalite_bytes name; /* [a-z][a-z0-9_]*; shown as hyalite_plugin_<name>{instance="..."}; counters
                         end in _total */
  hyalite_bytes help; /* one sentence */
  const hyalite_field* labels; /* fixed; may be NULL */
  size_t label_count;
} hyalite_metric;

typedef struct hyalite_host_metrics {
  uint32_t size, reserved;
  /* [create] [copies] Defines a metric and gives its id. HYALITE_E_INVALID: the name, a label, or one that is there already, or
   * more than there is room for (the log says which); HYALITE_E_LIMIT: too many labels. */
  hyalite_status (*define)(const hyalite_host* host, const hyalite_metric* metric, uint32_t* id);
  /* [worker] [lives: process] Where this worker counts: add to it, plainly, from one thread. It
   * holds what was counted before when this worker takes the place of one that crashed. Never NULL
   * for an id that define gave. */
  uint64_t* (*cell)(const hyalite_host* host, uint32_t id);
} hyalite_host_metrics;

#ifdef __cplusplus
}
#endif
#endif
