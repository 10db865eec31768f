// The lines of a list's file, compressed or not.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

constexpr std::size_t kMostListBytes = std::size_t{1} << 30;  // of one list, decompressed
constexpr std::size_t kMostLineBytes = std::size_t{64} << 10;

// Calls `line` for each, numbered from 1, without its end; of one that is longer than kMostLineBytes
// these and one more, by which it is known. Gives why the file could not be read to
// its end; empty: it was.
std::string read_lines(const std::string& path,
                       const std::function<void(std::size_t number, std::string_view line)>& line);
