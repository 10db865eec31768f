// Sees how each exchange ended, as a plugin of the chain: what was decided, noted and found.
// SPDX-License-Identifier: MIT
#include "harness/observer.h"

#include <algorithm>
#include <string_view>

namespace hyalite {

namespace {

thread_local Observer* being_made = nullptr;

std::string text(hyalite_bytes bytes) { return {bytes.data == nullptr ? "" : bytes.data, bytes.size}; }

}  // namespace

Observer::Made::Made(Observer& observer) { being_made = &observer; }
Observer::Made::~Made() { being_made = nullptr; }

struct ObserverHooks {
  static hyalite_status create(const hyalite_host* host, void** instance) {
    if (being_made == nullptr) return HYALITE_E_FAILED;
    const auto table = [&](const char* id) { return host->get_interface(host, id); };
    being_made->http_ = static_cast<const hyalite_host_http*>(table(HYALITE_HOST_HTTP_ID));
    being_made->flows_ = static_cast<const hyalite_host_flow*>(table(HYALITE_HOST_FLOW_ID));
    being_made->notes_ = static_cast<const hyalite_host_notes*>(table(HYALITE_HOST_NOTES_ID));
    *instance = being_made;
    return HYALITE_OK;
  }
  static void destroy(void*) {}

  static hyalite_verdict exchange_end(void* instance, hyalite_exchange* exchange, void*, const hyalite_exchange_summary* summary) {
    Observer& self = *static_cast<Observer*>(instance);
    EndedExchange seen;
    seen.flow = self.flows_->info(self.http_->flow(exchange))->id;
    if (const hyalite_request_line* line = self.http_->request_line(exchange)) {
      seen.method = text(line->method);
      seen.target = text(line->target);
    }
    seen.status = summary->status;
    seen.end = summary->end;
    seen.reason = text(summary->reason);
    seen.decided_by = text(summary->decided_by);
    seen.decision_reason = text(summary->decision_reason);
    hyalite_field note{};
    for (std::size_t i = 0; self.notes_->at(exchange, i, &note) == HYALITE_OK; ++i) {
      seen.notes.emplace_back(text(note.name), text(note.value));
    }
    std::sort(seen.notes.begin(), seen.notes.end());
    hyalite_finding finding{};
    finding.size = sizeof finding;
    for (std::size_t i = 0; self.http_->finding(exchange, i, &finding) == HYALITE_OK; ++i) {
      seen.findings.emplace_back(text(finding.name), text(finding.detail));
    }
    self.ended.push_back(std::move(seen));
    return HYALITE_CONTINUE;
  }

  static const void* get_interface(const char* id) {
    static const hyalite_http_hooks hooks = [] {
      hyalite_http_hooks made{};
      made.size = sizeof made;
      made.exchange_end = &exchange_end;
      return made;
    }();
    return std::string_view(id) == HYALITE_HTTP_ID ? &hooks : nullptr;
  }
};

const hyalite_descriptor* Observer::descriptor() {
  static const hyalite_descriptor made = [] {
    hyalite_descriptor d{};
    d.magic = HYALITE_DESCRIPTOR_MAGIC;
    d.abi_major = HYALITE_ABI_MAJOR;
    d.abi_minor = HYALITE_ABI_MINOR;
    d.size = sizeof d;
    d.id = kName;
    d.version = "1";
    d.summary = "Sees how each exchange ended";
    d.license = "MIT";
    d.get_interface = &ObserverHooks::get_interface;
    d.create = &ObserverHooks::create;
    d.destroy = &ObserverHooks::destroy;
    return d;
  }();
  return &made;
}

}  // namespace hyalite
