// What the tests of the examples share.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <hyalite/testing.hpp>

#include <string>

using namespace hyalite::testing;

// EXAMPLES_DIR: where the plugins were built to.
inline Plugin example(const std::string& name, const std::string& settings = {}, const std::string& more = {}) {
  return {std::string(EXAMPLES_DIR "/") + name + ".so", settings, "tested", more};
}
