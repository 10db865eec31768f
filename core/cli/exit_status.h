// What commands return to scripts. Told in every --help.
// SPDX-License-Identifier: MIT
#pragma once

namespace hyalite {

constexpr int kDone = 0;
constexpr int kFailed = 1;      // it was tried and did not work: the reason is on stderr
constexpr int kUsage = 2;       // the command line is wrong
constexpr int kNotRunning = 3;  // no service answers on the control socket
// 77: this machine cannot have a lab (lab/lab.h)

}  // namespace hyalite
