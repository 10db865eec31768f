// Asks the workers what they do, and puts their answers together.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "event/loop.h"
#include "event/timer.h"
#include "event/watch.h"
#include "process/channel.h"

namespace hyalite {

// A worker that does not answer in time is left out. Bounded: so many questions at once, and what
// an answer may hold (kMostLiveViewBytes).
class LiveViews {
 public:
  static constexpr std::size_t kMostQuestions = 16;
  static constexpr Milliseconds kPatience{1'000};

  explicit LiveViews(Loop& loop) : loop_(loop) {}

  void add(std::uint64_t generation, unsigned worker, Channel end);
  void remove(std::uint64_t generation);
  // Nobody is asked any more; what was asked already is answered without the rest.
  void clear() { workers_.clear(); }
  // `answer` gets a JSON array of at most `most` flows, once, later.
  void ask(std::size_t most, std::function<void(std::string)> answer);

 private:
  struct Worker {
    Worker(LiveViews& views, std::uint64_t its_generation, Channel its_end);
    void on_readable();
    LiveViews& owner;
    std::uint64_t generation;
    Channel end;
    ReadWatch watch;
  };
  struct Question {
    Question(LiveViews& views, std::uint64_t its_number, std::function<void(std::string)> then);
    void on_late();
    LiveViews& owner;
    std::uint64_t number;
    std::function<void(std::string)> answer;
    std::size_t most = 0;
    std::size_t awaited = 0;
    std::vector<std::string> arrays;
    Timer late;
  };

  void on_answer(const std::string& body);
  void finish(std::uint64_t number);

  Loop& loop_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<std::uint64_t, std::unique_ptr<Question>> questions_;
  std::uint64_t last_number_ = 0;
};

// One array of the elements of all of them, at most `most`, taken in turn. What is no array of JSON
// is left out.
std::string joined_arrays(const std::vector<std::string>& arrays, std::size_t most);

}  // namespace hyalite
