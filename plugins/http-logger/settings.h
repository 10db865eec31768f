// The logger's settings: their schema, and what is made of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <memory>

#include "record.h"
#include "writer.h"

struct LoggerSettings {
  static constexpr const char* kSchema = R"({
      "type": "object", "additionalProperties": false,
      "properties": {
        "to": { "description": "where records go", "enum": ["file", "stdout", "journal"], "default": "file" },
        "file": { "description": "the file they are appended to; needed unless `to` says otherwise", "type": "string", "minLength": 1 },
        "journal_socket": { "description": "where the journal listens", "type": "string", "minLength": 1,
                            "default": "/run/systemd/journal/socket" },
        "format": { "description": "JSON, or a format of web servers, in which flows have no place", "enum": ["ndjson", "combined", "vhost_combined"],
                    "default": "ndjson" },
        "flows": { "description": "which flows get a record of their own", "enum": ["uninspected", "all", "none"], "default": "uninspected" },
        "request_headers": { "description": "headers of requests that are written, too", "type": "array", "maxItems": 32,
                             "items": { "type": "string", "minLength": 1 }, "default": [] },
        "response_headers": { "description": "headers of responses, likewise", "type": "array", "maxItems": 32,
                              "items": { "type": "string", "minLength": 1 }, "default": [] },
        "redact": { "description": "whether secrets are left out", "type": "boolean", "default": true },
        "redact_query": { "description": "parameters of URLs that are secrets (\"*\": all), instead of the usual ones", "type": "array",
                          "items": { "type": "string", "minLength": 1 } },
        "redact_headers": { "description": "headers whose whole value is a secret, instead of the usual ones", "type": "array",
                            "items": { "type": "string", "minLength": 1 } },
        "when_stuck": { "description": "what happens when records cannot be written, or too slowly: they are dropped, or traffic stops",
                        "enum": ["drop", "stop"], "default": "drop" },
        "buffer_bytes": { "description": "what may wait to be written, of each worker", "type": "integer", "minimum": 65536, "maximum": 1073741824,
                          "default": 4194304 },
        "record_bytes": { "description": "the longest record; longer ones are cut, and say so", "type": "integer", "minimum": 4096, "maximum": 32768,
                          "default": 16384 },
        "flush_ms": { "description": "how long a record may wait until it is written", "type": "integer", "minimum": 0, "maximum": 60000,
                      "default": 1000 },
        "stop_wait_ms": { "description": "how long a worker that ends may take to write what waits", "type": "integer", "minimum": 0,
                          "maximum": 60000, "default": 500 } } })";

  enum class Flows { uninspected, all, none };
  enum class WhenStuck { drop, stop };

  RecordRules rules;
  Flows flows = Flows::uninspected;
  WhenStuck when_stuck = WhenStuck::drop;
  Writer::Options writer;
  Writer::Milliseconds stop_wait{500};
  std::unique_ptr<Sink> sink;
};

// Tells every mistake. `instance` is the plugin's name in the settings.
LoggerSettings read_settings(const hyalite::Settings& settings, const hyalite::Host& host);
