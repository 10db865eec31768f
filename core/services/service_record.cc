// What is counted and said of one service.
// SPDX-License-Identifier: MIT
#include "services/service_record.h"

#include <utility>

namespace hyalite {

namespace {

constexpr Seconds kQuiet{10};

MetricFamily counter(const char* name, const char* help) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  return family;
}

template <std::size_t N>
void declare(Layout& layout, const char* name, const char* help, const std::string& service, const std::array<const char*, N>& values,
             std::array<Cell, N>& cells) {
  const MetricFamily family = counter(name, help);
  // What can be wrong with names from the settings was refused when they were read.
  for (std::size_t i = 0; i < N; ++i) cells[i] = *layout.declare(family, {{"service", service}, {"result", values[i]}});
}

}  // namespace

std::vector<ServicePlaces> ServicePlaces::declare(Layout& layout, const std::vector<ServiceSettings>& services) {
  const MetricFamily sent = counter("hyalite_service_sent_bytes_total", "Bytes sent to services, without TLS");
  const MetricFamily received = counter("hyalite_service_received_bytes_total", "Bytes received from services, without TLS");
  std::vector<ServicePlaces> all;
  for (const ServiceSettings& service : services) {
    ServicePlaces& places = all.emplace_back();
    hyalite::declare(layout, "hyalite_service_connects_total", "Attempts to connect to services, by result", service.name,
                     std::array{"connected", "failed", "late", "untrusted"}, places.reached);
    hyalite::declare(layout, "hyalite_service_questions_total", "Questions of plugins to services over HTTP, by result", service.name,
                     std::array{"answered", "failed", "late", "too_large", "given_up"}, places.answered);
    hyalite::declare(layout, "hyalite_service_connections_total", "Connections of plugins to services, by how they ended", service.name,
                     std::array{"in_order", "failed", "idle", "given_up", "none_free"}, places.talked);
    places.sent = *layout.declare(sent, {{"service", service.name}});
    places.received = *layout.declare(received, {{"service", service.name}});
  }
  return all;
}

void ServiceRecord::reached(Reached how, std::string_view why) {
  ++*row_.cell(places_.reached[static_cast<std::size_t>(how)]);
  const bool was_down = std::exchange(down_, how != Reached::connected);
  const bool is_news = was_down != down_ || said_down_ != down_;
  if (!is_news || (said_at_ && clock_.now() - *said_at_ < kQuiet)) return;
  said_down_ = down_;
  said_at_ = clock_.now();
  if (down_) {
    log_.warning("service.failed", {{"service", service_}, {"why", std::string(why)}});
  } else {
    log_.info("service.reached", {{"service", service_}});
  }
}

}  // namespace hyalite
