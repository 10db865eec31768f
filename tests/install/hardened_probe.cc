// Compiled as releases are: hardened_test.py looks whether the compiler was told what it should be.
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
