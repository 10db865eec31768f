// Compiled and linked by the commands of a release: hardened_test.py reads from it what they make of a program.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstring>

int main(int count, char** arguments) {
  char text[64];
  char* volatile target = text;
  std::memcpy(text, arguments[0], static_cast<std::size_t>(count));
  std::snprintf(text + count, sizeof text - static_cast<std::size_t>(count), "%s", arguments[count - 1]);
  return *target;
}
