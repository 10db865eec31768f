// Where C++ meets the tables: bytes and views, the host's tables, exceptions stopped. Included by
// <hyalite/plugin.hpp>. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyalite __attribute__((visibility("hidden"))) {
  inline namespace v1 {

  inline hyalite_bytes bytes(std::string_view text) { return {text.data(), text.size()}; }
  inline std::string_view view(hyalite_bytes bytes) { return {bytes.data, bytes.size}; }

  using Pair = std::pair<std::string_view, std::string_view>;

  enum class Verdict : std::uint32_t {
    go_on = HYALITE_CONTINUE,
    pause = HYALITE_PAUSE,  // as pause() gives it
    final = HYALITE_FINAL,  // as respond, reset and pass_through return it
    ignore = HYALITE_IGNORE,
    error = HYALITE_ERROR,
  };

  // A table of the host as these headers have it: what an older host lacks at its end is null in it. Null as a whole: this
  // host does not have it.
  template <class T>
  class Table {
   public:
    Table() = default;
    Table(const void* found, std::size_t least) {
      if (found == nullptr) return;
      std::uint32_t size = 0;
      std::memcpy(&size, found, sizeof size);
      // Shorter than it ever was: that is another thing.
      if (size < least) return;
      std::memcpy(&own_, found, size < sizeof own_ ? size : sizeof own_);
      is_there_ = true;
    }
    operator const T*() const { return is_there_ ? &own_ : nullptr; }
    const T* operator->() const { return &own_; }
    // Does it have that function? host().has(&hyalite_host_http::reset)
    template <class Function>
    bool has(Function T::*function) const {
      return is_there_ && own_.*function != nullptr;
    }

   private:
    T own_{};
    bool is_there_ = false;
  };

  // All tables of the host; complete, or the plugin is not created.
  struct Host {
    const hyalite_host* root = nullptr;
    Table<hyalite_host_settings> settings;
    Table<hyalite_host_metrics> metrics;
    Table<hyalite_host_flow> flow;
    Table<hyalite_host_http> http;
    Table<hyalite_host_body> body;
    Table<hyalite_host_async> async;
    Table<hyalite_host_notes> notes;
    // Drafts.
    Table<hyalite_host_tls> tls;
    Table<hyalite_host_ws> ws;
    Table<hyalite_host_fetch> fetch;
    Table<hyalite_host_channel> channel;

    static Host of(const hyalite_host* root) {
      Host host;
      host.root = root;
      host.get(HYALITE_HOST_SETTINGS_ID, host.settings, HYALITE_LEAST_hyalite_host_settings);
      host.get(HYALITE_HOST_METRICS_ID, host.metrics, HYALITE_LEAST_hyalite_host_metrics);
      host.get(HYALITE_HOST_FLOW_ID, host.flow, HYALITE_LEAST_hyalite_host_flow);
      host.get(HYALITE_HOST_HTTP_ID, host.http, HYALITE_LEAST_hyalite_host_http);
      host.get(HYALITE_HOST_BODY_ID, host.body, HYALITE_LEAST_hyalite_host_body);
      host.get(HYALITE_HOST_ASYNC_ID, host.async, HYALITE_LEAST_hyalite_host_async);
      host.get(HYALITE_HOST_NOTES_ID, host.notes, HYALITE_LEAST_hyalite_host_notes);
      host.get(HYALITE_HOST_TLS_ID, host.tls, sizeof(hyalite_host_tls));
      host.get(HYALITE_HOST_WS_ID, host.ws, sizeof(hyalite_host_ws));
      host.get(HYALITE_HOST_FETCH_ID, host.fetch, sizeof(hyalite_host_fetch));
      host.get(HYALITE_HOST_CHANNEL_ID, host.channel, sizeof(hyalite_host_channel));
      return host;
    }
    // Has it what every plugin may rely on? Drafts may be missing: what needs them says HYALITE_E_UNSUPPORTED then, and a class
    // with hooks of a draft is not created.
    bool complete() const {
      return settings != nullptr && metrics != nullptr && flow != nullptr && http != nullptr &&
             body != nullptr && async != nullptr && notes != nullptr;
    }

   private:
    template <class T>
    void get(const char* id, Table<T>& table, std::size_t least) {
      table = Table<T>(root->get_interface(root, id), least);
    }
  };

  // An address for a person or a record: "192.0.2.1", "2001:db8::1" (RFC 5952).
  inline std::string ip_text(const hyalite_address& address) {
    std::string out;
    if (address.family == 4) {
      for (int i = 0; i < 4; ++i) out += (i > 0 ? "." : "") + std::to_string(address.bytes[i]);
      return out;
    }
    int best = -1, best_length = 1;  // the longest run of zero groups, at least two, becomes "::"
    const auto group = [&](int i) {
      return static_cast<unsigned>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
    };
    for (int i = 0; i < 8; ++i) {
      int length = 0;
      while (i + length < 8 && group(i + length) == 0) ++length;
      if (length > best_length) best = i, best_length = length;
      i += length;
    }
    for (int i = 0; i < 8; ++i) {
      if (i == best) {
        out += "::";
        i += best_length - 1;
        continue;
      }
      if (!out.empty() && out.back() != ':') out += ':';
      constexpr char kHex[] = "0123456789abcdef";
      bool started = false;
      for (int shift = 12; shift >= 0; shift -= 4) {
        const unsigned digit = group(i) >> shift & 15;
        started = started || digit != 0 || shift == 0;
        if (started) out += kHex[digit];
      }
    }
    return out;
  }

  // "host:80" -> "host"; "[::1]:80" -> "::1"; in its own case.
  inline std::string_view host_of(std::string_view authority) {
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (!authority.empty() && authority.front() == '[') {
      const auto close = authority.find(']');
      return close == std::string_view::npos ? std::string_view() : authority.substr(1, close - 1);
    }
    return authority.substr(0, authority.find(':'));
  }

  namespace detail {

  template <std::size_t N>
  constexpr void copy(char (&to)[N], const char* from) {
    std::size_t i = 0;
    for (; from[i] != '\0'; ++i)
      to[i] = from[i];  // a literal that is too long does not compile: the index leaves the array
    to[i] = '\0';
  }

  inline std::vector<hyalite_field> fields(const Pair* pairs, std::size_t count) {
    std::vector<hyalite_field> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      out.push_back({bytes(pairs[i].first), bytes(pairs[i].second)});
    return out;
  }

  inline void log(const hyalite_host* host, std::uint32_t level, std::string_view message,
                  std::initializer_list<Pair> pairs) {
    const auto list = fields(pairs.begin(), pairs.size());
    host->log(host, level, bytes(message), list.data(), list.size());
  }

  inline void report(const hyalite_host* host, const char* where, const char* what) noexcept {
    const hyalite_field list[] = {{bytes("in"), bytes(where)}, {bytes("what"), bytes(what)}};
    if (host != nullptr)
      host->log(host, HYALITE_LOG_ERROR, bytes("an exception left the plugin"), list, 2);
  }

  }  // namespace detail
  }  // namespace v1
}  // namespace )
