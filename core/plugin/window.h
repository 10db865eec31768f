// The bytes of one call, and the cursor with which a plugin goes through them.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

// The ABI's handle.
struct hyalite_window {};

namespace hyalite {

// What comes out of a window, in order: pieces of what was shown, and of what was written. Where
// the latter lies is known when all is written: so it is an offset until resolve().
class Output {
 public:
  void pass(Bytes piece);
  void write(Bytes text);
  void clear();
  std::size_t size() const { return size_; }
  std::size_t written() const { return written_.size(); }
  // Forgets what came after `mark`, a value of mark() earlier.
  struct Mark {
    std::size_t pieces, size;
  };
  Mark mark() const { return {pieces_.size(), size_}; }
  void rewind(const Mark& mark);
  // The pieces, good until the next change.
  const std::vector<Bytes>& resolve();

 private:
  struct Piece {
    const char* data;  // null: in written_, at `offset`
    std::size_t offset, size;
  };
  std::vector<Piece> pieces_;
  Buffer written_;
  std::vector<Bytes> resolved_;
  std::size_t size_ = 0;
};

struct WindowRules {
  bool may_edit = false;  // TAP may not
  bool is_last = false;   // nothing can be kept
  std::uint64_t keep_max = 0;
  std::size_t most_written = 0;  // bytes, in all calls of one feed
};

class Window : public hyalite_window {
 public:
  // The segments' bytes and the output outlive it.
  Window(std::vector<hyalite_bytes> segments, const WindowRules& rules, Output& output);

  // As in body.h.
  hyalite_status pass(std::uint64_t n);
  hyalite_status drop(std::uint64_t n);
  hyalite_status write(Bytes text);
  hyalite_status keep(std::uint64_t n);
  hyalite_status flat(std::uint64_t offset, std::uint64_t n, hyalite_bytes* out);

  hyalite_window_view view(std::uint64_t offset, std::uint64_t retained, std::uint32_t flags) const;
  std::uint64_t length() const { return length_; }
  // Did the plugin change anything?
  bool edited() const { return edited_; }
  // After the hook: passes what the cursor has not reached; what is kept goes to `kept`.
  void finish(Buffer& kept);
  // After a hook that waits: nothing was done yet; all of it goes to `kept`.
  void put_back(Buffer& kept);
  // After a hook that failed: all of it passes, as if nobody had looked.
  void pass_untouched();
  // Nobody may look at its view any more: that shows at once (0xDD).
  void bury();

 private:
  std::uint64_t ahead() const { return length_ - keep_ - at_; }
  // Calls visit(piece) for the next `n` bytes, and moves on.
  template <class Visit>
  void advance(std::uint64_t n, Visit visit);

  std::vector<hyalite_bytes> segments_;
  const WindowRules rules_;
  Output& output_;
  const Output::Mark began_;
  std::uint64_t length_ = 0;
  std::uint64_t at_ = 0;     // of the cursor, from the window's beginning
  std::size_t segment_ = 0;  // the one it is in
  std::size_t in_segment_ = 0;
  std::uint64_t keep_ = 0;
  bool edited_ = false;
  std::deque<std::string> flats_;
};

}  // namespace hyalite
