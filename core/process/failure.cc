// Why a generation, a checker or an admin process did not come to serve: for the person who asked.
// SPDX-License-Identifier: MIT
#include "process/failure.h"

namespace hyalite {

Failure Failure::of(const Mistakes& mistakes) { return {text_of(mistakes), json_of(mistakes)}; }

Failure Failure::of(const Error& error, std::string_view file) {
  Mistake mistake;
  mistake.file = std::string(file);
  mistake.what = error.text;
  return of(Mistakes{mistake});
}

std::optional<Failure> told(const Received& received, std::uint16_t type) {
  if (received.type != type || received.fds.size() != 2) return std::nullopt;
  auto text = text_of(received.fds[0].get(), kMostFailureBytes);
  auto json = text_of(received.fds[1].get(), kMostFailureBytes);
  return Failure{text ? *text : text.error().text + '\n', json ? *json : "[]"};
}

}  // namespace hyalite
