// A chain of real plugins from the text of a settings file: for tests of the plugin room and of
// plugins. SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "plugin/loader.h"
#include "settings/reader.h"
#include "unit/plugin/scripted.h"

namespace hyalite {

// A chain as a generation and its only worker have it.
class Loaded {
 public:
  explicit Loaded(const std::string& plugins, std::vector<std::string> quarantined = {})
      : log_(LogLevel::debug, [this](std::string_view line) { lines.add(line); }) {
    auto read = read_settings("listeners: [ { address: \"[::]:8080\" } ]\nplugins:\n" + plugins,
                              "test.yaml");
    EXPECT_TRUE(read) << text_of(read.mistakes);
    settings_ = std::move(read.settings);
    for (PluginSettings& plugin : settings_.plugins) plugin.validate = true;
    LoadOptions options;
    options.file = "test.yaml";
    options.directories = {PLUGIN_DIR, BAD_PLUGIN_DIR};
    options.quarantined = std::move(quarantined);
    options.slot = &slot;
    ChainLoad load = load_chain(settings_, options, layout_, log_);
    mistakes = text_of(load.mistakes);
    chain_ = std::move(load.chain);
    released = std::move(load.released);
  }
  ~Loaded() {
    if (chain_) chain_->destroy();
  }

  Chain& start() {
    EXPECT_TRUE(start_with(&slot));
    return *chain_;
  }
  Result<void> start_with(CallSlot* where, CallHistory* history = nullptr) {
    return chain_->start(0, 1, row(), where, history);
  }
  // The worker's counter; before start as one that crashed left it.
  std::uint64_t& counter(std::string_view metric) {
    const MetricRow cells = row();
    for (const MetricSeries& series : board_->layout().series()) {
      if (board_->layout().families()[series.family].name == metric)
        return *cells.cell(series.first);
    }
    ADD_FAILURE() << "no " << metric;
    static std::uint64_t nowhere;
    return nowhere;
  }
  Chain& chain() { return *chain_; }
  const std::vector<PluginSettings>& plugins() const { return settings_.plugins; }
  bool worked() const { return chain_ != nullptr; }
  bool logged(std::string_view part) const { return lines.have(part); }

  std::string mistakes;
  std::vector<std::string> released;
  LoggedLines lines;
  CallSlot slot;

 private:
  MetricRow row() {
    if (!board_) board_.emplace(std::move(*Board::make(layout_, 1)));
    return board_->worker(0);
  }

  Settings settings_;
  Log log_;
  Layout layout_;
  std::optional<Board> board_;
  std::unique_ptr<Chain> chain_;
};

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace hyalite
