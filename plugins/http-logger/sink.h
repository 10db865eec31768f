// Where lines go: a file, standard output, the systemd journal.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// Used by one thread. Many processes write to the same place: lines of one never stand inside of
// another's.
class Sink {
 public:
  virtual ~Sink() = default;
  // Why it could not be opened now, as far as can be told without creating anything; empty: it
  // could.
  virtual std::string check() const = 0;
  // Opens it, also again (a file that was moved away). Empty, or why not; then what was open stays
  // so.
  virtual std::string open() = 0;
  // Writes whole lines from the front of `lines`, each with its end, and gives how many bytes of
  // them are done. Fewer than all: see trouble(). Never waits for a reader.
  virtual std::size_t write(std::string_view lines) = 0;
  // Why the last write stopped short; empty when it did not.
  const std::string& trouble() const { return trouble_; }
  // What to wait for until it may take more; -1: nothing that could be waited for.
  virtual int busy() const { return -1; }
  // The longest line, with its end, that arrives in one piece.
  virtual std::size_t longest_line() const = 0;

 protected:
  std::string trouble_;
};

std::unique_ptr<Sink> file_sink(std::string path);
std::unique_ptr<Sink> stdout_sink();
// The journal's own protocol (systemd, "Native Journal Protocol"): each line is the MESSAGE of an
// entry, under the identifier "hyalite" and with the instance's name.
std::unique_ptr<Sink> journal_sink(std::string socket, std::string instance);
