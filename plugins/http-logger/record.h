// A record of an exchange or a flow: one line, in JSON (record.schema.json) or in the Combined
// format of web servers. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "json_line.h"
#include "redact.h"

enum class Format { ndjson, combined, vhost_combined };

// What is written, and how.
struct RecordRules {
  static constexpr std::size_t kLeastBytes = 4'096;  // any record can be made to fit into

  Format format = Format::ndjson;
  std::size_t most_bytes = 16'384;  // of a record, with its end; longer ones are cut, and say so
  Redaction redaction;
  std::vector<hyalite::HeaderName> request_headers,
      response_headers;  // that are written as they came
};

// Memory that records are written in, kept from one to the next: then writing one allocates
// nothing.
struct RecordRoom {
  std::string line;  // what was written last
  std::string text;
  SecondText seconds;
};

// Each writes `room.line`.

// What the client asked for, taken down before any other plugin edits it, or when it was refused at
// once: a part of the line to come. At most half of it.
void write_asked(const hyalite_request_line& asked, const hyalite::Message& request,
                 const RecordRules& rules, RecordRoom& room);

// The whole line with its end. `asked` may be empty: no whole request came.
void write_exchange(const hyalite::Exchange& exchange, const hyalite_exchange_summary& summary,
                    const std::string& asked, const RecordRules& rules, RecordRoom& room);
// Of a flow as a whole: empty in formats that have no place for it.
void write_flow(const hyalite::Flow& flow, const hyalite_flow_summary& summary,
                const RecordRules& rules, RecordRoom& room);
