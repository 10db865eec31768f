// What programs and files of the kernel say, as facts.
// SPDX-License-Identifier: MIT
#include "doctor/reading.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

using Type = JsonView::Type;

std::string text_of(JsonView view) {
  if (const auto text = view.string()) return std::string(*text);
  return view.is(Type::absent) ? "" : view.text();
}

std::uint32_t number_of(JsonView view) {
  if (const auto number = view.integer()) return static_cast<std::uint32_t>(*number);
  std::string_view text = view.string().value_or("");
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

// rtnetlink(7): the tables and types that have names of their own.
std::string table_of(const std::string& number) {
  if (number.empty() || number == "254") return "main";
  return number == "255" ? "local" : number == "253" ? "default" : number;
}

std::string type_of(const std::string& number) {
  constexpr std::string_view kNames[] = {"",         "unicast",   "local",     "broadcast",
                                         "anycast",  "multicast", "blackhole", "unreachable",
                                         "prohibit", "throw"};
  if (number.empty()) return "unicast";
  const auto index = parse_decimal(number);
  return index && *index < std::size(kNames) ? std::string(kNames[*index]) : number;
}

std::string protocol_of(std::string number) {
  if (number.starts_with("ipproto-")) number.erase(0, 8);
  if (number == "6") return "tcp";
  if (number == "17") return "udp";
  return number == "1" ? "icmp" : number == "58" ? "ipv6-icmp" : number;
}

bool has_flag(JsonView flags, std::string_view flag) {
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags.element(i).string() == flag) return true;
  }
  return false;
}

template <class T>
Result<std::vector<T>> read_list(std::string_view json,
                                 const std::function<void(JsonView, std::vector<T>&)>& read) {
  std::vector<T> all;
  // Nothing to list is nothing said.
  if (trim(json).empty()) return all;
  const auto document = JsonDocument::parse(json);
  if (!document) return document.error();
  const JsonView items = document->root();
  for (std::size_t i = 0; i < items.size(); ++i) read(items.element(i), all);
  return all;
}

// "10.0.0.0" and 8 as one; a whole address without its bits.
std::string network_text(JsonView address, JsonView bits) {
  std::string text = text_of(address);
  if (text == "all") text.clear();
  if (!text.empty() && !bits.is(Type::absent)) text += "/" + text_of(bits);
  return text;
}

// "*", "0.0.0.0", "[::]", "127.0.0.1", "[fe80::1]%lan": as ss writes them.
bool read_local(std::string_view text, ListenerFact& listener) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  const auto port = parse_decimal(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (const std::size_t zone = host.find('%'); zone != std::string_view::npos)
    host = host.substr(0, zone);
  listener.v6 = host == "*" || host.find(':') != std::string_view::npos;
  if (host.starts_with('[')) host = host.substr(1, host.size() - (host.ends_with(']') ? 2 : 1));
  const auto ip = IpAddress::parse(host == "*" ? "::" : host);
  if (!port || !ip) return false;
  listener.port = static_cast<std::uint16_t>(*port);
  listener.ip = *ip;
  return true;
}

std::string program_of(std::string_view line) {
  const std::size_t begin = line.find("users:((\"");
  if (begin == std::string_view::npos) return {};
  const std::string_view rest = line.substr(begin + 9);
  return std::string(rest.substr(0, rest.find('"')));
}

bool read_listener(std::string_view line, ListenerFact& listener) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.size() < 5 || words[0] != "LISTEN" || !read_local(words[3], listener)) return false;
  listener.only_v6 = line.find("v6only:1") != std::string_view::npos;
  listener.program = program_of(line);
  return true;
}

}  // namespace

Result<std::vector<LinkFact>> read_links(std::string_view json) {
  return read_list<LinkFact>(json, [](JsonView it, std::vector<LinkFact>& all) {
    const JsonView info = it.member("linkinfo");
    all.push_back({text_of(it.member("ifname")), text_of(info.member("info_kind")),
                   text_of(it.member("master")), has_flag(it.member("flags"), "UP")});
  });
}

Result<std::vector<AddressFact>> read_addresses(std::string_view json) {
  return read_list<AddressFact>(json, [](JsonView it, std::vector<AddressFact>& all) {
    const JsonView addresses = it.member("addr_info");
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const JsonView address = addresses.element(i);
      const auto ip = IpAddress::parse(text_of(address.member("local")));
      // rtnetlink(7): scope 0 is global ("universe").
      const std::string scope = text_of(address.member("scope"));
      if (ip)
        all.push_back({text_of(it.member("ifname")), *ip, number_of(address.member("prefixlen")),
                       scope == "0" || scope == "global"});
    }
  });
}

Result<std::vector<RuleFact>> read_rules(std::string_view json, bool v6) {
  return read_list<RuleFact>(json, [v6](JsonView it, std::vector<RuleFact>& all) {
    RuleFact rule;
    rule.v6 = v6;
    rule.preference = number_of(it.member("priority"));
    rule.inverted = !it.member("not").is(Type::absent);
    rule.iif = text_of(it.member("iif"));
    rule.from = network_text(it.member("src"), it.member("srclen"));
    rule.to = network_text(it.member("dst"), it.member("dstlen"));
    if (!it.member("fwmark").is(Type::absent)) rule.mark = number_of(it.member("fwmark"));
    if (!it.member("fwmask").is(Type::absent)) rule.mask = number_of(it.member("fwmask"));
    rule.protocol = protocol_of(text_of(it.member("ipproto")));
    rule.sport = static_cast<std::uint16_t>(number_of(it.member("sport")));
    const bool range = !it.member("dport_start").is(Type::absent);
    rule.dport = static_cast<std::uint16_t>(number_of(it.member(range ? "dport_start" : "dport")));
    rule.dport_end = static_cast<std::uint16_t>(number_of(it.member("dport_end")));
    const std::string table = text_of(it.member("table"));
    rule.table = table.empty() ? "" : table_of(table);
    rule.suppresses = !it.member("suppress_prefixlen").is(Type::absent);
    all.push_back(std::move(rule));
  });
}

Result<std::vector<RouteFact>> read_routes(std::string_view json, bool v6) {
  return read_list<RouteFact>(json, [v6](JsonView it, std::vector<RouteFact>& all) {
    all.push_back({v6, type_of(text_of(it.member("type"))), text_of(it.member("dst")),
                   table_of(text_of(it.member("table"))), text_of(it.member("dev")),
                   text_of(it.member("gateway")), text_of(it.member("prefsrc")),
                   has_flag(it.member("flags"), "onlink")});
  });
}

Result<std::vector<NeighborFact>> read_neighbors(std::string_view json) {
  return read_list<NeighborFact>(json, [](JsonView it, std::vector<NeighborFact>& all) {
    const auto ip = IpAddress::parse(text_of(it.member("dst")));
    const bool there = !it.member("lladdr").is(Type::absent);
    if (ip && there) all.push_back({text_of(it.member("dev")), *ip});
  });
}

void read_answer(std::string_view json, std::string_view complaint, ProbeFact& probe) {
  const auto document = JsonDocument::parse(json);
  const JsonView answer = document ? document->root().element(0) : JsonView();
  if (answer.is(Type::object)) {
    probe.type = type_of(text_of(answer.member("type")));
    probe.device = text_of(answer.member("dev"));
    probe.table = table_of(text_of(answer.member("table")));
    return;
  }
  // "RTNETLINK answers: Permission denied"
  std::string_view why = trim(complaint.substr(0, complaint.find('\n')));
  if (why.starts_with("RTNETLINK answers: ")) why.remove_prefix(19);
  if (why.starts_with("Error: ")) why.remove_prefix(7);
  probe.error = why.empty() ? "no answer" : std::string(why);
}

std::vector<ListenerFact> read_listeners(std::string_view text) {
  std::vector<ListenerFact> all;
  for (const std::string_view line : split(text, '\n')) {
    ListenerFact listener;
    if (read_listener(line, listener)) all.push_back(listener);
    // The options of the socket before stand in lines of their own, or at the end of its.
    if (!all.empty() && line.find(" transparent") != std::string_view::npos)
      all.back().transparent = true;
  }
  return all;
}

void read_counters(std::string_view text, Counters& counters) {
  const auto lines = split(text, '\n');
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const auto names = split(lines[i], ' '), numbers = split(lines[i + 1], ' ');
    for (std::size_t k = 1; k < names.size() && k < numbers.size(); ++k) {
      if (const auto number = parse_decimal(numbers[k])) counters[std::string(names[k])] = *number;
    }
  }
}

void read_route_cache(std::string_view text, Counters& counters) {
  const auto lines = split(text, '\n');
  if (lines.empty()) return;
  const auto names = [&] {
    std::vector<std::string_view> all;
    for (const std::string_view it : split(lines[0], ' ')) {
      if (!it.empty()) all.push_back(it);
    }
    return all;
  }();
  const auto place = std::find(names.begin(), names.end(), "in_martian_src") - names.begin();
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto numbers = split(lines[i], ' ');
    if (static_cast<std::size_t>(place) >= numbers.size()) continue;
    const std::string_view it = numbers[static_cast<std::size_t>(place)];
    std::uint64_t number = 0;
    std::from_chars(it.data(), it.data() + it.size(), number, 16);
    sum += number;
  }
  counters["in_martian_src"] = sum;
}

Counters read_metrics(std::string_view text) {
  Counters found;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) continue;
    const auto number = parse_decimal(line.substr(space + 1));
    if (!number) continue;
    if (line.starts_with("hyalite_connects_total{") &&
        line.find("result=\"ports_exhausted\"") != std::string_view::npos)
      found["ports_exhausted"] += *number;
    if (line.starts_with("hyalite_not_served_total{") &&
        line.find("reason=\"loop_of_ours\"") != std::string_view::npos)
      found["loop_of_ours"] += *number;
  }
  return found;
}

}  // namespace hyalite
