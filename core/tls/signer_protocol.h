// What workers ask the signer, and what it answers: as bytes.
// SPDX-License-Identifier: MIT
//
// Between two processes of one program, over a socket that keeps messages apart. The signer
// believes nothing: whoever took over a worker may send anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tls/leaf_text.h"
#include "tls/mint.h"

namespace hyalite {

// One message, either way.
inline constexpr std::size_t kMostSignerBytes = std::size_t{64} << 10;
// Names in one leaf; 253 bytes each still fit.
inline constexpr std::size_t kMostLeafNames = 200;

struct MintRequest {
  std::uint64_t number = 0;  // the asker's own
  PublicPoint key{};
  LeafText text;
};
// The CA's certificates, to be shown to clients.
struct ChainRequest {
  std::uint64_t number = 0;
};
using SignerRequest = std::variant<MintRequest, ChainRequest>;

struct MintAnswer {
  std::uint64_t number = 0;
  std::string der;
};
struct ChainAnswer {
  std::uint64_t number = 0;
  std::vector<std::string> ders;
};
struct SignerRefusal {
  std::uint64_t number = 0;
  Error why;
};
using SignerAnswer = std::variant<MintAnswer, ChainAnswer, SignerRefusal>;

std::string write(const SignerRequest& request);
std::string write(const SignerAnswer& answer);
// Nothing when it is none: too long, too short, with names that are none, or with bytes behind it.
std::optional<SignerRequest> read_signer_request(std::string_view message);
std::optional<SignerAnswer> read_signer_answer(std::string_view message);

}  // namespace hyalite
