// The bytes of one call, and the cursor with which a plugin goes through them.
// SPDX-License-Identifier: MIT
#include "plugin/window.h"

#include <algorithm>
#include <cstring>

#include "plugin/abi.h"
#include "plugin/host.h"

namespace hyalite {

void Output::pass(Bytes piece) {
  if (piece.empty()) return;
  pieces_.push_back({piece.data(), 0, piece.size()});
  size_ += piece.size();
}

void Output::write(Bytes text) {
  if (text.empty()) return;
  pieces_.push_back({nullptr, written_.size(), text.size()});
  written_.append(text);
  size_ += text.size();
}

void Output::clear() {
  pieces_.clear();
  written_.clear();
  resolved_.clear();
  size_ = 0;
}

void Output::rewind(const Mark& mark) {
  pieces_.resize(mark.pieces);
  size_ = mark.size;
}

const std::vector<Bytes>& Output::resolve() {
  resolved_.clear();
  const Bytes written = written_.bytes();
  for (const Piece& piece : pieces_) {
    resolved_.push_back(piece.data != nullptr ? Bytes(piece.data, piece.size)
                                              : written.substr(piece.offset, piece.size));
  }
  return resolved_;
}

Window::Window(std::vector<hyalite_bytes> segments, const WindowRules& rules, Output& output)
    : segments_(std::move(segments)), rules_(rules), output_(output), began_(output.mark()) {
  for (const hyalite_bytes& segment : segments_) length_ += segment.size;
}

template <class Visit>
void Window::advance(std::uint64_t n, Visit visit) {
  at_ += n;
  while (n > 0) {
    const hyalite_bytes& segment = segments_[segment_];
    const auto take =
        static_cast<std::size_t>(std::min<std::uint64_t>(n, segment.size - in_segment_));
    visit(Bytes(segment.data + in_segment_, take));
    n -= take;
    in_segment_ += take;
    if (in_segment_ < segment.size) continue;
    ++segment_;
    in_segment_ = 0;
  }
}

hyalite_status Window::pass(std::uint64_t n) {
  if (!rules_.may_edit) return HYALITE_E_FORBIDDEN;
  if (n > ahead()) return HYALITE_E_INVALID;
  advance(n, [&](Bytes piece) { output_.pass(piece); });
  return HYALITE_OK;
}

hyalite_status Window::drop(std::uint64_t n) {
  if (!rules_.may_edit) return HYALITE_E_FORBIDDEN;
  if (n > ahead()) return HYALITE_E_INVALID;
  advance(n, [](Bytes) {});
  edited_ |= n > 0;
  return HYALITE_OK;
}

hyalite_status Window::write(Bytes text) {
  if (!rules_.may_edit) return HYALITE_E_FORBIDDEN;
  if (text.size() > rules_.most_written - std::min(rules_.most_written, output_.written()))
    return HYALITE_E_LIMIT;
  output_.write(text);
  edited_ |= !text.empty();
  return HYALITE_OK;
}

hyalite_status Window::keep(std::uint64_t n) {
  if (!rules_.may_edit) return HYALITE_E_FORBIDDEN;
  if (n > length_ - at_ || (rules_.is_last && n > 0)) return HYALITE_E_INVALID;
  if (n > rules_.keep_max) return HYALITE_E_LIMIT;
  keep_ = n;
  return HYALITE_OK;
}

hyalite_status Window::flat(std::uint64_t offset, std::uint64_t n, hyalite_bytes* out) {
  if (out == nullptr || offset > length_ || n > length_ - offset) return HYALITE_E_INVALID;
  *out = {};
  if (n == 0) return HYALITE_OK;
  std::size_t i = 0;
  for (; offset >= segments_[i].size; ++i) offset -= segments_[i].size;
  if (n <= segments_[i].size - offset) {
    *out = {segments_[i].data + offset, static_cast<std::size_t>(n)};
    return HYALITE_OK;
  }
  std::string& copy = flats_.emplace_back();
  copy.reserve(static_cast<std::size_t>(n));
  for (; copy.size() < n; ++i, offset = 0) {
    const auto take = static_cast<std::size_t>(
        std::min<std::uint64_t>(segments_[i].size - offset, n - copy.size()));
    copy.append(segments_[i].data + offset, take);
  }
  *out = abi(copy);
  return HYALITE_OK;
}

hyalite_window_view Window::view(std::uint64_t offset, std::uint64_t retained,
                                 std::uint32_t flags) const {
  return {sizeof(hyalite_window_view),
          flags,
          segments_.data(),
          segments_.size(),
          length_,
          offset,
          retained};
}

void Window::finish(Buffer& kept) {
  advance(ahead(), [&](Bytes piece) { output_.pass(piece); });
  const std::uint64_t tail = std::exchange(keep_, 0);
  advance(tail, [&](Bytes piece) { kept.append(piece); });
}

void Window::put_back(Buffer& kept) {
  output_.rewind(began_);
  for (const hyalite_bytes& segment : segments_) kept.append(hyalite::view(segment));
}

void Window::pass_untouched() {
  output_.rewind(began_);
  for (const hyalite_bytes& segment : segments_) output_.pass(hyalite::view(segment));
}

void Window::bury() {
  if (!segments_.empty())
    std::memset(static_cast<void*>(segments_.data()), 0xDD, segments_.size() * sizeof(hyalite_bytes));
  for (std::string& flat : flats_) std::fill(flat.begin(), flat.end(), '\xDD');
}

namespace {

Window& window(hyalite_window* handle) { return static_cast<Window&>(*handle); }

hyalite_status pass(hyalite_window* handle, std::uint64_t n) { return window(handle).pass(n); }
hyalite_status drop(hyalite_window* handle, std::uint64_t n) { return window(handle).drop(n); }
hyalite_status write(hyalite_window* handle, hyalite_bytes text) {
  return window(handle).write(view(text));
}
hyalite_status keep(hyalite_window* handle, std::uint64_t n) { return window(handle).keep(n); }
hyalite_status flat(hyalite_window* handle, std::uint64_t offset, std::uint64_t n,
                    hyalite_bytes* out) {
  return window(handle).flat(offset, n, out);
}

}  // namespace

const hyalite_host_body* body_table() {
  static constexpr hyalite_host_body kTable{
      sizeof(hyalite_host_body), 0, &pass, &drop, &write, &keep, &flat};
  return &kTable;
}

}  // namespace hyalite
