// When an edit applies: what is asked of the request, of the client and of the response.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/network.h>
#include <hyalite/cpp/name_set.hpp>
#include <hyalite/plugin.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/regex.h"

// Everything that is given must hold; of a list, one item. Nothing given: it holds.
class Condition {
 public:
  // Which messages are edited: only responses have a status.
  enum class Of { requests, responses };

  Condition() = default;
  // Tells every mistake.
  Condition(const hyalite::Value& when, Of of, const hyalite::Host& host);

  // `request`: as it is after the edits so far. `message` is what is edited: the request or its
  // response, of this status.
  bool holds(const hyalite::Request& request, const hyalite::Message& message,
             std::uint32_t status) const;
  bool reads_headers() const { return !headers_.empty(); }

 private:
  struct HeaderTest {
    std::string name;
    std::unique_ptr<RE2> value;  // null: any
    bool holds(const hyalite::Message& message) const;
  };
  void read_hosts(const hyalite::Value& when);
  void read_statuses(const hyalite::Value& list, Of of);
  void read_headers(const hyalite::Value& list, const hyalite::Host& host);
  bool path_holds(const hyalite::Request& request) const;

  hyalite::NameSet hosts_;
  std::vector<std::string> paths_;
  std::unique_ptr<RE2> path_matches_;
  std::vector<std::string> methods_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> statuses_;
  std::vector<hyalite_network> clients_;
  std::vector<HeaderTest> headers_;
};
