// Why a generation, a checker or an admin process did not come to serve: for the person who asked.
// SPDX-License-Identifier: MIT
#include "process/failure.h"

#include "process/memory_file.h"
#include "process/messages.h"

namespace hyalite {

Failure Failure::of(const Mistakes& mistakes) { return {text_of(mistakes), json_of(mistakes)}; }

Failure Failure::of(const Error& error, std::string_view file) {
  Mistake mistake;
  mistake.file = std::string(file);
  mistake.what = error.text;
  return of(Mistakes{mistake});
}

void tell_failure(const Channel& channel, const Failure& failure) {
  const auto cut = [](const std::string& text) { return std::string_view(text).substr(0, kMostFailureBytes); };
  const auto text = sealed_text(cut(failure.text), "hyalite-failure");
  const auto json = sealed_text(failure.json.size() > kMostFailureBytes ? "[]" : failure.json, "hyalite-failure");
  if (text && json) (void)channel.send(Failed{}, {text->get(), json->get()});
}

std::optional<Failure> told_failure(const Received& received) {
  if (!received.as<Failed>(2)) return std::nullopt;
  auto text = text_of(received.fds[0].get(), kMostFailureBytes);
  auto json = text_of(received.fds[1].get(), kMostFailureBytes);
  return Failure{text ? *text : text.error().text + '\n', json ? *json : "[]"};
}

}  // namespace hyalite
