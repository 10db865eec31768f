// Our fields as the ABI's tables: built once per round of a hook, only when somebody looks.
// SPDX-License-Identifier: MIT
#include "plugin/header_views.h"

#include <cstring>
#include <utility>

#include "plugin/abi.h"

namespace hyalite {

namespace {

// In the order of enum hyalite_header_id.
constexpr std::string_view kWellKnown[] = {
    "",
    "Connection",
    "Content-Length",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Age",
    "Authorization",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "ETag",
    "Expect",
    "Expires",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Last-Modified",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "Retry-After",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Server",
    "Set-Cookie",
    "Strict-Transport-Security",
    "User-Agent",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
};
static_assert(std::size(kWellKnown) == kWellKnownHeaders);

}  // namespace

HeaderNames::HeaderNames() {
  for (std::uint16_t id = 1; id < kWellKnownHeaders; ++id) {
    well_known_texts_[id] = kWellKnown[id];
    const Name name = name_of(kWellKnown[id]);
    if (name != Name::other) {
      well_known_[static_cast<std::size_t>(name)] = id;
    } else {
      by_hash_.emplace(hash_of_name(kWellKnown[id]),
                       id);  // known to plugins, but not to the parser
    }
  }
}

std::uint16_t HeaderNames::intern(Bytes name) {
  if (!is_token(name)) return 0;
  if (const std::uint16_t known = id_of(name); known != 0) return known;
  if (interned_.size() == kMostInterned) return 0;
  const auto id = static_cast<std::uint16_t>(count());
  interned_.emplace_back(name);
  if (const Name parsers = name_of(name); parsers != Name::other)
    well_known_[static_cast<std::size_t>(parsers)] = id;
  by_hash_.emplace(hash_of_name(name), id);
  return id;
}

std::uint16_t HeaderNames::id_of(Bytes name) const {
  const std::uint32_t hash = hash_of_name(name);
  const Name parsers = name_of(name, hash);
  if (parsers != Name::other) return well_known_[static_cast<std::size_t>(parsers)];
  return find_interned(name, hash);
}

std::uint16_t HeaderNames::find_interned(Bytes name, std::uint32_t hash) const {
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    if (equals_ignoring_case(text(at->second), name)) return at->second;
  }
  return 0;
}

Bytes HeaderNames::text(std::uint16_t id) const {
  if (id < kWellKnownHeaders) return well_known_texts_[id];
  return id < count() ? Bytes(interned_[id - kWellKnownHeaders]) : Bytes();
}

const hyalite_headers& HeaderView::fill(const Fields& fields, const HeaderNames& names) {
  const auto& all = fields.fields();
  items_.resize(all.size());
  first_.assign(names.count(), -1);
  // From the last to the first, so that each finds the next of its name.
  for (std::size_t i = all.size(); i-- > 0;) {
    const std::uint16_t id = names.id_of(all[i]);
    items_[i] = {abi(all[i].name), abi(all[i].value), id, 0, -1};
    if (id != 0) items_[i].next_same = std::exchange(first_[id], static_cast<std::int32_t>(i));
  }
  fields_ = &fields;
  headers_ = {sizeof headers_,
              sizeof(hyalite_header),
              static_cast<std::uint32_t>(items_.size()),
              fields.generation(),
              items_.data(),
              first_.data(),
              static_cast<std::uint32_t>(first_.size()),
              0};
  return headers_;
}

void HeaderView::paint() {
  fields_ = nullptr;
  if (!items_.empty())
    std::memset(static_cast<void*>(items_.data()), kDead, items_.size() * sizeof(hyalite_header));
  if (!first_.empty()) std::memset(first_.data(), kDead, first_.size() * sizeof(std::int32_t));
  std::memset(static_cast<void*>(&headers_), kDead, sizeof headers_);
}

void Views::bury() {
  for (; used_ > 0; --used_) {
    views_[used_ - 1]->paint();
    buried_.push_back(std::exchange(views_[used_ - 1], std::make_unique<HeaderView>()));
  }
  bytes_ = 0;
  while (buried_.size() > kMostBuried) buried_.pop_front();
  line_of_ = nullptr;
  std::memset(static_cast<void*>(&request_line_), HeaderView::kDead, sizeof request_line_);
  std::memset(static_cast<void*>(&response_line_), HeaderView::kDead, sizeof response_line_);
}

void Views::begin_call() {
  refused_ = false;
  if (used_ <= 1) return;
  std::swap(views_[0], views_[used_ - 1]);
  used_ = 1;
  bytes_ = views_[0]->bytes();
}

const hyalite_headers* Views::of(const Fields& fields, const HeaderNames& names) {
  for (std::size_t i = used_; i-- > 0;) {
    if (views_[i]->shows(fields)) return &views_[i]->headers();
  }
  if (used_ >= kAlwaysInOneCall && bytes_ >= kMostBytesInOneCall) {
    refused_ = true;
    return nullptr;
  }
  if (used_ == views_.size()) views_.push_back(std::make_unique<HeaderView>());
  HeaderView& view = *views_[used_++];
  const hyalite_headers& shown = view.fill(fields, names);
  bytes_ += view.bytes();
  return &shown;
}

namespace {

// The parts of a target (RFC 9112, section 3.2), which was found sound.
void take_apart(std::string_view target, hyalite_request_line& line) {
  std::string_view rest = target;
  if (const auto scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos) {
    rest = target.substr(scheme + 3);
    const auto end = rest.find_first_of("/?");
    line.authority = abi(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  } else if (!target.starts_with('/')) {
    if (target != "*") line.authority = abi(target);
    return;
  }
  const auto mark = rest.find('?');
  line.path = abi(rest.substr(0, mark));
  if (mark != std::string_view::npos) line.query = abi(rest.substr(mark + 1));
}

}  // namespace

const hyalite_request_line* Views::request_line(const RequestHead& head, bool secure) {
  if (line_of_ == &head && line_generation_ == head.generation()) return &request_line_;
  line_of_ = &head;
  line_generation_ = head.generation();
  hyalite_request_line line{};
  line.size = sizeof line;
  line.version_major = 1;
  line.version_minor = static_cast<std::uint16_t>(head.minor_version());
  line.method = abi(head.method());
  line.target = abi(head.target());
  line.scheme = secure ? abi("https") : abi("http");
  take_apart(head.target(), line);
  if (line.authority.size == 0) line.authority = abi(head.value(Name::host));
  request_line_ = line;
  return &request_line_;
}

const hyalite_response_line* Views::response_line(const ResponseHead& head) {
  response_line_ = {};
  response_line_.size = sizeof response_line_;
  response_line_.version_major = 1;
  response_line_.version_minor = static_cast<std::uint16_t>(head.minor_version());
  response_line_.status = static_cast<std::uint32_t>(head.status());
  response_line_.reason = abi(head.reason());
  return &response_line_;
}

}  // namespace hyalite
