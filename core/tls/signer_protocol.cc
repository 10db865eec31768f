// What workers ask the signer, and what it answers: as bytes.
// SPDX-License-Identifier: MIT
#include "tls/signer_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace hyalite {

namespace {

enum class Kind : std::uint8_t { mint = 1, chain = 2, minted = 3, chain_told = 4, refused = 5 };

class Writer {
 public:
  template <class Number>
  Writer& number(Number value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Writer& kind(Kind kind) { return number(kind); }
  Writer& bytes(std::string_view value) {
    bytes_.append(value);
    return *this;
  }
  template <class Size>
  Writer& sized(std::string_view value) {
    return number(static_cast<Size>(value.size())).bytes(value);
  }
  Writer& time(const std::optional<WallTime>& time) {
    return number(static_cast<std::uint8_t>(time.has_value()))
        .number(time ? time->time_since_epoch().count() : WallTime::rep{0});
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Once something was missing, everything that follows is empty, and done() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  Number number() {
    Number value{};
    const std::string_view raw = bytes(sizeof(value));
    if (raw.size() == sizeof(value)) std::memcpy(&value, raw.data(), sizeof(value));
    return value;
  }
  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) {
      broken_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <class Size>
  std::string_view sized() {
    return bytes(number<Size>());
  }
  std::optional<WallTime> time() {
    const bool there = number<std::uint8_t>() != 0;
    const auto ns = number<WallTime::rep>();
    return there ? std::optional(WallTime(WallTime::duration(ns))) : std::nullopt;
  }
  bool done() const { return !broken_ && rest_.empty(); }
  bool broken() const { return broken_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool broken_ = false;
};

std::optional<IpAddress> address_of(std::string_view bytes) {
  if (bytes.size() == sizeof(in_addr)) {
    in_addr four;
    std::memcpy(&four, bytes.data(), sizeof(four));
    return IpAddress::v4(four);
  }
  if (bytes.size() != sizeof(in6_addr)) return std::nullopt;
  in6_addr six;
  std::memcpy(&six, bytes.data(), sizeof(six));
  return IpAddress::v6(six);
}

std::optional<MintRequest> read_mint(Reader& reader) {
  MintRequest request;
  request.number = reader.number<std::uint64_t>();
  const std::string_view key = reader.bytes(kPointBytes);
  if (key.size() != kPointBytes || key[0] != 4) return std::nullopt;
  std::memcpy(request.key.data(), key.data(), kPointBytes);
  LeafText& text = request.text;
  text.issuer = reader.number<std::uint8_t>() == 0 ? LeafIssuer::trusted : LeafIssuer::untrusted;
  text.not_before = reader.time();
  text.not_after = reader.time();
  text.common_name = reader.sized<std::uint8_t>();
  if (!text.common_name.empty() && !is_common_name(text.common_name)) return std::nullopt;
  const std::size_t names = reader.number<std::uint16_t>(),
                    addresses = reader.number<std::uint16_t>();
  if (reader.broken() || names + addresses == 0 || names + addresses > kMostLeafNames)
    return std::nullopt;
  for (std::size_t i = 0; i < names; ++i) {
    if (!is_certificate_name(text.dns.emplace_back(reader.sized<std::uint8_t>())))
      return std::nullopt;
  }
  for (std::size_t i = 0; i < addresses; ++i) {
    const auto ip = address_of(reader.sized<std::uint8_t>());
    if (!ip) return std::nullopt;
    text.addresses.push_back(*ip);
  }
  return reader.done() ? std::optional(std::move(request)) : std::nullopt;
}

std::optional<ChainAnswer> read_chain(Reader& reader) {
  ChainAnswer answer;
  answer.number = reader.number<std::uint64_t>();
  const std::size_t count = reader.number<std::uint8_t>();
  for (std::size_t i = 0; i < count; ++i) answer.ders.emplace_back(reader.sized<std::uint32_t>());
  return reader.done() ? std::optional(std::move(answer)) : std::nullopt;
}

std::string write_request(const MintRequest& request) {
  const LeafText& text = request.text;
  Writer writer;
  writer.kind(Kind::mint)
      .number(request.number)
      .bytes({reinterpret_cast<const char*>(request.key.data()), kPointBytes})
      .number(static_cast<std::uint8_t>(text.issuer == LeafIssuer::untrusted))
      .time(text.not_before)
      .time(text.not_after)
      .sized<std::uint8_t>(text.common_name)
      .number(static_cast<std::uint16_t>(text.dns.size()))
      .number(static_cast<std::uint16_t>(text.addresses.size()));
  for (const std::string& dns : text.dns) writer.sized<std::uint8_t>(dns);
  for (const IpAddress& ip : text.addresses) writer.sized<std::uint8_t>(ip.bytes());
  return writer.take();
}

struct WriteAnswer {
  std::string operator()(const MintAnswer& answer) const {
    return Writer().kind(Kind::minted).number(answer.number).bytes(answer.der).take();
  }
  std::string operator()(const ChainAnswer& answer) const {
    Writer writer;
    writer.kind(Kind::chain_told)
        .number(answer.number)
        .number(static_cast<std::uint8_t>(answer.ders.size()));
    for (const std::string& der : answer.ders) writer.sized<std::uint32_t>(der);
    return writer.take();
  }
  std::string operator()(const SignerRefusal& refusal) const {
    return Writer()
        .kind(Kind::refused)
        .number(refusal.number)
        .number(static_cast<std::uint8_t>(refusal.why.fault == Fault::operator_))
        .number(static_cast<std::int32_t>(refusal.why.code))
        .bytes(refusal.why.text.substr(0, kMostSignerBytes / 2))
        .take();
  }
};

}  // namespace

std::string write(const SignerRequest& request) {
  if (const auto* mint = std::get_if<MintRequest>(&request)) return write_request(*mint);
  return Writer().kind(Kind::chain).number(std::get<ChainRequest>(request).number).take();
}

std::string write(const SignerAnswer& answer) { return std::visit(WriteAnswer{}, answer); }

std::optional<SignerRequest> read_signer_request(std::string_view message) {
  Reader reader(message);
  switch (reader.number<Kind>()) {
    case Kind::mint:
      return read_mint(reader);
    case Kind::chain: {
      const ChainRequest request{reader.number<std::uint64_t>()};
      return reader.done() ? std::optional<SignerRequest>(request) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<SignerAnswer> read_signer_answer(std::string_view message) {
  Reader reader(message);
  const Kind kind = reader.number<Kind>();
  if (kind == Kind::chain_told) return read_chain(reader);
  const auto number = reader.number<std::uint64_t>();
  if (reader.broken()) return std::nullopt;
  if (kind == Kind::minted) return MintAnswer{number, std::string(reader.rest())};
  if (kind != Kind::refused) return std::nullopt;
  const bool operators = reader.number<std::uint8_t>() != 0;
  const auto code = reader.number<std::int32_t>();
  if (reader.broken()) return std::nullopt;
  return SignerRefusal{number, Error{operators ? Fault::operator_ : Fault::us, std::string(reader.rest()), code}};
}

}  // namespace hyalite
