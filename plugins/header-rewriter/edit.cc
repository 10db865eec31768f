// One edit of a message's headers, with its conditions.
// SPDX-License-Identifier: MIT
#include "edit.h"

#include <vector>

namespace {

constexpr std::size_t kMostValueBytes = 65'536;  // that a replacement may make

struct Word {
  const char* key;
  Edit::Kind kind;
  const char* with;  // the setting that goes with it; null: none
};
constexpr Word kWords[] = {{"set", Edit::Kind::set, "to"},
                           {"add", Edit::Kind::add, "to"},
                           {"remove", Edit::Kind::remove, nullptr},
                           {"rename", Edit::Kind::rename, "to"},
                           {"replace", Edit::Kind::replace, "with"}};

bool is_host(std::string_view name) { return hyalite::Message::same_name(name, "host"); }

void check_name(const hyalite::Value& name, const hyalite::Host& host) {
  const hyalite_status status = host.http->check_name(host.root, hyalite::bytes(name.text()));
  if (status == HYALITE_E_FORBIDDEN) {
    name.mistake(
        "belongs to the proxy: this header says where a message ends or how a connection is used, "
        "and must agree with what is sent");
  } else if (status != HYALITE_OK) {
    name.mistake("is not a header's name");
  }
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What a match becomes may begin or end with a space.
void check_value(const hyalite::Value& value, Edit::Kind kind, const hyalite::Host& host) {
  const std::string_view text = kind == Edit::Kind::replace ? trim(value.text()) : value.text();
  if (host.http->check_value(host.root, hyalite::bytes(text)) != HYALITE_OK)
    value.mistake("is not a header's value: it has control characters, or white space at an end");
}

// A request has exactly one Host (RFC 9112, section 3.2).
void check_host(const hyalite::Value& name, Edit::Kind kind, Condition::Of of) {
  if (of == Condition::Of::requests && is_host(name.text()) && kind != Edit::Kind::set &&
      kind != Edit::Kind::replace)
    name.mistake("is what a request has exactly one of: it can be set or replaced, nothing else");
}

// Names of settings that belong to other kinds of edits.
void refuse_strangers(const hyalite::Value& item, const Word& word) {
  for (const char* key : {"to", "with", "pattern"}) {
    const std::string_view name = key;
    const bool wanted = (word.with != nullptr && name == word.with) ||
                        (word.kind == Edit::Kind::replace && name == "pattern");
    if (const hyalite::Value value = item[name]; value && !wanted)
      value.mistake(word.kind == Edit::Kind::remove
                        ? "is not needed: what is removed has no value"
                        : "does not belong to `" + std::string(word.key) + "`");
  }
}

// Every match replaced; nothing when the result would be too long. `changed`: there was a match.
std::optional<std::string> replaced(const RE2& regex, const std::string& with,
                                    std::string_view value, bool& changed) {
  const re2::StringPiece text = piece(value);
  re2::StringPiece groups[10];
  const int count = 1 + RE2::MaxSubmatch(with);
  std::string out;
  std::size_t at = 0;
  while (at <= value.size() &&
         regex.Match(text, at, value.size(), RE2::UNANCHORED, groups, count)) {
    changed = true;
    const auto begin = static_cast<std::size_t>(groups[0].data() - value.data()),
               size = groups[0].size();
    out.append(value.substr(at, begin - at));
    regex.Rewrite(&out, with, groups, count);
    at = begin + size;
    if (size == 0) {  // a match of nothing: go on behind the next byte
      if (at < value.size()) out += value[at];
      ++at;
    }
    if (out.size() > kMostValueBytes) return std::nullopt;
  }
  if (at < value.size()) out.append(value.substr(at));
  return out.size() > kMostValueBytes ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

std::optional<Edit> Edit::read(const hyalite::Value& item, Condition::Of of,
                               const hyalite::Host& host) {
  const Word* word = nullptr;
  int words = 0;
  for (const Word& one : kWords) {
    if (!item[one.key]) continue;
    word = &one;
    ++words;
  }
  if (words != 1) {
    item.mistake("says not one thing: expected one of set, add, remove, rename or replace");
    return std::nullopt;
  }
  refuse_strangers(item, *word);
  const hyalite::Value name = item[word->key];
  check_name(name, host);
  check_host(name, word->kind, of);
  Edit edit;
  edit.kind_ = word->kind;
  edit.name_ = name.text();
  if (word->with != nullptr) {
    const hyalite::Value value = item[word->with];
    if (!value)
      item.mistake(std::string("does not say the new ") +
                   (word->kind == Kind::rename ? "name" : "value") + ": expected `" + word->with +
                   "`");
    edit.value_ = value.text();
    if (value && word->kind == Kind::rename) {
      check_name(value, host);
      check_host(value, word->kind, of);
    } else if (value) {
      check_value(value, word->kind, host);
    }
  }
  if (word->kind == Kind::replace) {
    const hyalite::Value pattern = item["pattern"];
    if (!pattern) item.mistake("does not say what is replaced: expected `pattern`");
    if (pattern) edit.pattern_ = read_regex(pattern);
    std::string why;
    if (edit.pattern_ && !edit.pattern_->CheckRewriteString(edit.value_, &why))
      item["with"].mistake("does not fit the pattern: " + why);
  }
  edit.when_ = Condition(item["when"], of, host);
  if (const hyalite::Value unless = item["unless"]) {
    if (unless.size() == 0) unless.mistake("is empty, so it always holds");
    edit.unless_ = std::make_unique<Condition>(unless, of, host);
  }
  return edit;
}

Edit::Done Edit::apply(const hyalite::Request& request, hyalite::Message& message,
                       std::uint32_t status, const hyalite::Host& host) const {
  if (reads_headers() && !message.readable()) return Done::failed;  // no condition is decided blindly
  if (!when_.holds(request, message, status) ||
      (unless_ && unless_->holds(request, message, status)))
    return Done::nothing;
  const auto done = [](hyalite_status result) {
    return result == HYALITE_OK          ? Done::changed
           : result == HYALITE_E_MISSING ? Done::nothing
                                         : Done::failed;
  };
  switch (kind_) {
    case Kind::set:
      return done(message.set(name_, value_));
    case Kind::add:
      return done(message.append(name_, value_));
    case Kind::remove:
      return done(message.remove(name_));
    case Kind::rename:
      return rename(message);
    case Kind::replace:
      return replace(message, host);
  }
  return Done::failed;
}

// They go to the end, in their order.
Edit::Done Edit::rename(hyalite::Message& message) const {
  if (!message.readable()) return Done::failed;
  std::vector<std::string> values;
  message.for_each([&](std::string_view name, std::string_view value) {
    if (hyalite::Message::same_name(name, name_)) values.emplace_back(value);
  });
  if (values.empty()) return Done::nothing;
  if (message.remove(name_) != HYALITE_OK) return Done::failed;
  for (const std::string& value : values) {
    if (message.append(value_, value) != HYALITE_OK) return Done::failed;
  }
  return Done::changed;
}

// All is made from one view: a client may send many of the name, and a call has only so many views.
Edit::Done Edit::replace(hyalite::Message& message, const hyalite::Host& host) const {
  if (!message.readable()) return Done::failed;
  std::vector<Fresh> fresh;
  if (!make_fresh(message.headers(), host, fresh)) return Done::failed;
  for (const Fresh& one : fresh) {
    if (message.set_at(one.index, one.value) != HYALITE_OK) return Done::failed;
  }
  return fresh.empty() ? Done::nothing : Done::changed;
}

bool Edit::make_fresh(const hyalite_headers& headers, const hyalite::Host& host,
                      std::vector<Fresh>& fresh) const {
  for (std::size_t i = 0; i < headers.count; ++i) {
    const hyalite_header* at = hyalite_header_at(&headers, i);
    if (!hyalite::Message::same_name(hyalite::view(at->name), name_)) continue;
    bool changed = false;
    const auto value = replaced(*pattern_, value_, hyalite::view(at->value), changed);
    if (!value) return false;
    if (!changed) continue;
    const std::string_view trimmed = trim(*value);
    if (host.http->check_value(host.root, hyalite::bytes(trimmed)) != HYALITE_OK) return false;
    fresh.push_back({i, std::string(trimmed)});
  }
  return true;
}
