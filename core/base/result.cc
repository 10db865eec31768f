// A value, or the Error that kept us from it.
// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <cstring>

namespace hyalite {

Error Error::system(Fault fault, std::string what, int code) {
  return Error{fault, std::move(what) + ": " + ::strerror(code), code};
}

}  // namespace hyalite
