// When an edit applies.
// SPDX-License-Identifier: MIT
#include "condition.h"

#include <algorithm>

#include "shared/names.h"

namespace {

// "404", "4xx", "200-299".
bool parse_statuses(std::string_view text, std::pair<std::uint32_t, std::uint32_t>& out) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const auto number = [&](std::size_t at) {
    return static_cast<std::uint32_t>((text[at] - '0') * 100 + (text[at + 1] - '0') * 10 +
                                      text[at + 2] - '0');
  };
  const auto is_number = [&](std::size_t at) {
    return digit(at) && digit(at + 1) && digit(at + 2) && text[at] >= '1' && text[at] <= '5';
  };
  if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '5') {
    const auto hundreds = static_cast<std::uint32_t>(text[0] - '0') * 100;
    out = {hundreds, hundreds + 99};
    return true;
  }
  if (text.size() == 3 && is_number(0)) {
    out = {number(0), number(0)};
    return true;
  }
  if (text.size() != 7 || text[3] != '-' || !is_number(0) || !is_number(4)) return false;
  out = {number(0), number(4)};
  return out.first <= out.second;
}

}  // namespace

Condition::Condition(const hyalite::Value& when, Of of, const hyalite::Host& host) {
  read_hosts(when);
  for (const hyalite::Value path : when["path"]) {
    if (path.text().substr(0, 1) != "/")
      path.mistake("is not the beginning of a path: expected a \"/\" first");
    paths_.emplace_back(path.text());
  }
  if (const hyalite::Value regex = when["path_matches"]) path_matches_ = read_regex(regex);
  for (const hyalite::Value method : when["method"]) methods_.emplace_back(method.text());
  read_statuses(when["status"], of);
  for (const hyalite::Value client : when["client"]) {
    hyalite_network network{};
    if (hyalite_network_parse(hyalite::bytes(client.text()), &network) == 0)
      client.mistake("is not a network or an address, such as 10.0.0.0/8");
    clients_.push_back(network);
  }
  read_headers(when["header"], host);
}

void Condition::read_hosts(const hyalite::Value& when) {
  hyalite::NameSet::Builder names;
  const auto read = [&](const hyalite::Value& list, hyalite::NameSet::Covers covers) {
    for (const hyalite::Value item : list) {
      const hyalite::HostName name = read_name(item.text());
      if (name)
        names.add(name.text(), covers, 0);
      else
        item.mistake("is not a host name");
    }
  };
  read(when["host"], hyalite::NameSet::with_subdomains);
  read(when["exact_host"], hyalite::NameSet::itself);
  hosts_ = std::move(names).build();
}

void Condition::read_statuses(const hyalite::Value& list, Of of) {
  if (list && of == Of::requests) list.mistake("is known of responses only");
  for (const hyalite::Value item : list) {
    const std::string text =
        item.is(HYALITE_VALUE_INTEGER) ? std::to_string(item.integer()) : std::string(item.text());
    std::pair<std::uint32_t, std::uint32_t> range;
    if (!parse_statuses(text, range))
      item.mistake("is not a status, such as 404, \"5xx\" or \"200-299\"");
    statuses_.push_back(range);
  }
}

void Condition::read_headers(const hyalite::Value& list, const hyalite::Host& host) {
  for (const hyalite::Value item : list) {
    const hyalite::Value name = item["name"];
    if (host.http->check_name(host.root, hyalite::bytes(name.text())) == HYALITE_E_INVALID)
      name.mistake("is not a header's name");
    HeaderTest test{std::string(name.text()), nullptr};
    if (const hyalite::Value regex = item["matches"]) test.value = read_regex(regex);
    headers_.push_back(std::move(test));
  }
}

bool Condition::HeaderTest::holds(const hyalite::Message& message) const {
  bool found = false;
  message.for_each([&](std::string_view its_name, std::string_view its_value) {
    found = found || (hyalite::Message::same_name(its_name, name) &&
                      (!value || found_in(*value, its_value)));
  });
  return found;
}

bool Condition::path_holds(const hyalite::Request& request) const {
  if (paths_.empty() && !path_matches_) return true;
  const std::string_view path = request.path();
  const auto begins_it = [&](const std::string& start) {
    return path.substr(0, start.size()) == start;
  };
  if (!paths_.empty() && std::none_of(paths_.begin(), paths_.end(), begins_it)) return false;
  return !path_matches_ || found_in(*path_matches_, path);
}

bool Condition::holds(const hyalite::Request& request, const hyalite::Message& message,
                      std::uint32_t status) const {
  if (!hosts_.empty() && !hosts_.find(ComparableName(request.host_name()).text())) return false;
  if (!path_holds(request)) return false;
  if (!methods_.empty() &&
      std::find(methods_.begin(), methods_.end(), request.method()) == methods_.end())
    return false;
  const auto in = [&](const auto& range) {
    return status >= range.first && status <= range.second;
  };
  if (!statuses_.empty() && std::none_of(statuses_.begin(), statuses_.end(), in)) return false;
  if (!clients_.empty()) {
    const hyalite_address client = request.flow().info().client;
    if (std::none_of(clients_.begin(), clients_.end(), [&](const hyalite_network& n) {
          return hyalite_network_contains(&n, &client) != 0;
        }))
      return false;
  }
  return std::all_of(headers_.begin(), headers_.end(),
                     [&](const HeaderTest& test) { return test.holds(message); });
}
