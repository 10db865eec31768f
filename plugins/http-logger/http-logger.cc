// One record of every exchange and of every flow that was not inspected, written by a thread of its
// own. SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "record.h"
#include "settings.h"
#include "writer.h"

struct HttpLogger : hyalite::Plugin<HttpLogger> {
  static constexpr hyalite::Info info{"http-logger", "1.0.0", "Writes a record of every exchange",
                                      "MIT"};
  static constexpr const char* settings_schema = LoggerSettings::kSchema;

  // What the client asked for, before any other plugin edited it.
  struct ExchangeState {
    std::string asked;
  };

  void configure(const hyalite::Settings& settings) {
    settings_ = read_settings(settings, host());
    define(accepted_, "http_logger_records_accepted_total",
           "Records that were made and await being written.");
    define(written_, "http_logger_records_written_total", "Records that were written.");
    define(dropped_, "http_logger_records_dropped_total",
           "Records for which there was no room, as they could not be written fast enough.");
    define(lost_, "http_logger_records_lost_total",
           "Accepted records that were never written, as their worker crashed or had to end.");
    define(refused_, "http_logger_refused_total",
           "Exchanges and flows that were refused because their records could not be written.");
  }

  hyalite_status start(const hyalite_worker&) {
    ::tzset();  // else the first record reads /etc/localtime, in a hook
    // A worker that takes the place of one that crashed goes on with its counters.
    count_lost();
    writer_ =
        std::make_unique<Writer>(std::move(settings_.sink), settings_.writer,
                                 Writer::Ears{[this](std::size_t lines) { written_.add(lines); },
                                              [this](const std::string& why) { tell(why); }});
    if (writer_->start()) return HYALITE_OK;
    log(HYALITE_LOG_ERROR, "the thread that writes cannot be started");
    return HYALITE_E_FAILED;
  }
  void reopen() { writer_->reopen(); }
  void stop() {
    writer_->stop(settings_.stop_wait);
    count_lost();
  }

  hyalite::Verdict on_flow_open(hyalite::Flow& flow) {
    if (!stops_traffic()) return hyalite::Verdict::go_on;
    refused_.add();
    return flow.reset("the log cannot be written");
  }

  hyalite::Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    if (!spare_.empty()) {
      state.asked = std::move(spare_.back());
      spare_.pop_back();
    }
    if (const hyalite_request_line* asked = request.request_line())
      note_asked(*asked, request, state);
    if (!stops_traffic()) return hyalite::Verdict::go_on;
    refused_.add();
    return request.respond(503,
                           "The proxy cannot write its log, and lets nothing pass meanwhile.\n",
                           {{"Content-Type", "text/plain; charset=utf-8"},
                            {"Cache-Control", "no-store"},
                            {"Retry-After", "5"}},
                           "the log cannot be written");
  }

  void on_exchange_end(hyalite::Exchange& exchange, const hyalite_exchange_summary& summary,
                       ExchangeState& state) {
    // What was refused at once was asked, too.
    const hyalite_request_line* asked = state.asked.empty() ? exchange.request_line() : nullptr;
    if (asked != nullptr) note_asked(*asked, exchange.part(HYALITE_PART_REQUEST), state);
    write_exchange(exchange, summary, state.asked, settings_.rules, room_);
    add(room_.line);
    if (spare_.size() < kMostSpare) spare_.push_back(std::move(state.asked));
  }

  void on_flow_close(hyalite::Flow& flow, const hyalite_flow_summary& summary) {
    const bool was_inspected = summary.inspected != 0 && summary.exchanges > 0;
    if (settings_.flows == LoggerSettings::Flows::none ||
        (settings_.flows == LoggerSettings::Flows::uninspected && was_inspected))
      return;
    write_flow(flow, summary, settings_.rules, room_);
    if (!room_.line.empty()) add(room_.line);
  }

 private:
  void note_asked(const hyalite_request_line& asked, const hyalite::Message& request,
                  ExchangeState& state) {
    room_.line.swap(state.asked);  // each keeps memory of its own
    write_asked(asked, request, settings_.rules, room_);
    room_.line.swap(state.asked);
  }

  bool stops_traffic() const {
    return settings_.when_stuck == LoggerSettings::WhenStuck::stop && writer_->stuck();
  }

  // Accepted is counted first: whatever happens then, the difference to what was written is what
  // was lost.
  void add(const std::string& line) {
    if (!writer_->has_room(line.size())) return dropped_.add();
    accepted_.add();
    writer_->add(line);
  }

  // What was accepted in this worker's row, and neither written nor counted as lost before.
  void count_lost() {
    const std::uint64_t done = written_.value() + lost_.value();
    if (accepted_.value() > done) lost_.add(accepted_.value() - done);
  }

  // By the thread that writes.
  void tell(const std::string& why) {
    if (why.empty()) return log(HYALITE_LOG_INFO, "records are written again");
    log(HYALITE_LOG_ERROR, "records cannot be written", {{"why", why}});
  }

  static constexpr std::size_t kMostSpare = 64;

  LoggerSettings settings_;
  RecordRoom room_;
  std::vector<std::string> spare_;  // memory of what was asked in exchanges that ended
  std::unique_ptr<Writer> writer_;
  hyalite::Counter accepted_, dropped_, lost_, refused_;  // by hooks
  hyalite::Counter written_;                              // by the thread that writes
};
HYALITE_PLUGIN(HttpLogger)
