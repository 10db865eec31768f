// One edit of a message's headers, with its conditions.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "condition.h"

class Edit {
 public:
  enum class Kind { set, add, remove, rename, replace };

  // Nothing when it is no edit; every mistake is told.
  static std::optional<Edit> read(const hyalite::Value& item, Condition::Of of,
                                  const hyalite::Host& host);

  enum class Done { changed, nothing, failed };
  // Once its conditions hold. Failed: the host, or a bound of our own, did not allow it.
  Done apply(const hyalite::Request& request, hyalite::Message& message, std::uint32_t status,
             const hyalite::Host& host) const;

 private:
  // What header number `index` becomes.
  struct Fresh {
    std::size_t index;
    std::string value;
  };
  // False: a bound of our own, or of the host, does not allow one.
  bool make_fresh(const hyalite_headers& headers, const hyalite::Host& host,
                  std::vector<Fresh>& fresh) const;
  bool reads_headers() const {
    return when_.reads_headers() || (unless_ && unless_->reads_headers());
  }
  Done replace(hyalite::Message& message, const hyalite::Host& host) const;
  Done rename(hyalite::Message& message) const;

  Kind kind_ = Kind::set;
  std::string name_;
  std::string value_;             // for rename: the new name; for replace: what a match becomes
  std::unique_ptr<RE2> pattern_;  // for replace
  Condition when_;
  std::unique_ptr<Condition> unless_;
};
