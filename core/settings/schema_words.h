// A JSON Schema in words: what it asks for at one place. For mistakes, which the library names too
// generally. SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hyalite {

// A schema with the document it is part of, for its references.
class SchemaWords {
 public:
  using Json = nlohmann::json;

  // Lent for the object's life.
  explicit SchemaWords(const Json& root) : root_(root) {}

  // The part of the schema that speaks about the value at `steps` (member names and indices), which
  // count from where `from` is the schema, or from the whole; null when there is none.
  const Json* part_for(const std::vector<std::string>& steps, const Json* from = nullptr) const;
  // "text", "a whole number from 1 to 5", "one of \"page\" or \"reset\"", ...; empty when it asks
  // for nothing nameable.
  std::string expected(const Json& schema) const;
  // The names that a mapping may or must have here, in all alternatives together.
  std::vector<std::string> known_names(const Json& schema) const;
  // Names that must be there and are not.
  std::vector<std::string> missing_names(const Json& schema, const Json& value) const;
  // May a regular expression be asked about the value at `steps`? Rather yes than no.
  bool may_ask_for_a_pattern(const std::vector<std::string>& steps) const;
  // Which of the alternatives (anyOf, oneOf) was meant, seen from afar: of the value's type,
  // without a name that it may not have; and of several such, the one that lacks no name. -1:
  // nobody knows.
  int meant_alternative(const Json& schema, const Json& value) const;

 private:
  struct Search;
  const Json& resolved(const Json& schema) const;
  const Json* inner(const Json& schema, const std::string& step, int depth) const;
  std::string expected(const Json& schema, int depth) const;
  std::string of_type(const Json& schema, const std::string& type, int depth) const;
  std::string mapping(const Json& schema) const;
  bool fits_from_afar(const Json& schema, const Json& value) const;
  void collect_names(const Json& schema, std::vector<std::string>& names, int depth) const;

  void search_patterns(const Json& schema, std::size_t step, Search& search) const;

  const Json& root_;
};

// The alternatives of a schema: its anyOf or oneOf; null when it has none.
const nlohmann::json* alternatives_of(const nlohmann::json& schema);

// "one, two or three".
std::string listed(const std::vector<std::string>& texts, std::string_view last_word);

}  // namespace hyalite
