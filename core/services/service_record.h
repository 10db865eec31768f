// What is counted and said of one service.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/board.h"
#include "metrics/layout.h"
#include "settings/settings.h"

namespace hyalite {

// How an attempt to connect ended, TLS included.
enum class Reached : std::size_t { connected, failed, late, untrusted, count_ };
// How a question over HTTP ended.
enum class Answered : std::size_t { answered, failed, late, too_large, given_up, count_ };
// How a connection of a plugin's own ended; none_free: it was refused, for all were open.
enum class Talked : std::size_t { in_order, failed, idle, given_up, none_free, count_ };

// Where its numbers are in every row: in the generation, before the board is made.
struct ServicePlaces {
  static std::vector<ServicePlaces> declare(Layout& layout, const std::vector<ServiceSettings>& services);

  std::array<Cell, static_cast<std::size_t>(Reached::count_)> reached;
  std::array<Cell, static_cast<std::size_t>(Answered::count_)> answered;
  std::array<Cell, static_cast<std::size_t>(Talked::count_)> talked;
  Cell sent, received;
};

class ServiceRecord {
 public:
  // `log` and `clock` outlive this.
  ServiceRecord(std::string service, const ServicePlaces& places, const MetricRow& row, Log& log, const Clock& clock)
      : service_(std::move(service)), places_(places), row_(row), log_(log), clock_(clock) {}

  // One line when it begins to fail, and one when it serves again; not more often than each ten seconds.
  void reached(Reached how, std::string_view why = {});
  void answered(Answered how) { ++*row_.cell(places_.answered[static_cast<std::size_t>(how)]); }
  void talked(Talked how) { ++*row_.cell(places_.talked[static_cast<std::size_t>(how)]); }
  void sent(std::size_t bytes) { *row_.cell(places_.sent) += bytes; }
  void received(std::size_t bytes) { *row_.cell(places_.received) += bytes; }

 private:
  const std::string service_;
  const ServicePlaces places_;
  const MetricRow row_;
  Log& log_;
  const Clock& clock_;
  bool down_ = false, said_down_ = false;
  std::optional<Monotonic> said_at_;
};

}  // namespace hyalite
