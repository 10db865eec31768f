// A file of lines that many processes append to: buffered, bounded, never in anybody's way.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

class LineFile {
 public:
  struct Options {
    std::string path;                          // "-": standard output
    std::size_t flush_bytes = 64 * 1024;       // written at the latest when so much is waiting
    std::int64_t flush_ns = 1'000'000'000;     // and when the last write was so long ago
    std::size_t most_bytes = 4 * 1024 * 1024;  // what does not fit is dropped, and counted
  };
  explicit LineFile(Options options) : options_(std::move(options)) {}
  LineFile() = default;
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  void set(Options options) { options_ = std::move(options); }
  // Empty, or why not. Also after the file was moved away.
  std::string open();
  // Why the file could not be opened now; nothing is created.
  std::string check() const;
  // A whole line with its end. False: there was no room.
  bool add(std::string_view line, std::int64_t now_ns);
  // Writes what is waiting, if it is time.
  void tick(std::int64_t now_ns);
  void flush(std::int64_t now_ns);
  std::size_t waiting() const { return waiting_.size(); }
  // Why the last write failed; empty when it did not.
  const std::string& trouble() const { return trouble_; }

 private:
  bool can_take() const;

  Options options_;
  int fd_ = -1;
  std::string waiting_;
  std::int64_t written_at_ns_ = 0;
  std::string trouble_;
};
