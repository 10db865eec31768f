// Starts a process of ours, afresh: a new image of the program, nothing inherited but one channel.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "process/channel.h"

namespace hyalite {

// This program itself, even when its file was replaced meanwhile.
inline constexpr char kThisProgram[] = "/proc/self/exe";
// How a program knows that it was started as a part of the service: argv[1]; argv[2] says as which.
inline constexpr char kPartOption[] = "--part";

// The exit status of a child whose program could not be executed.
inline constexpr int kCouldNotExecute = 127;

struct Child {
  pid_t pid = -1;
  Channel channel;
};

// The channel is the child's descriptor 3; it has no other but stdout and stderr, its stdin is
// empty. It ignores the signals that a terminal or a service manager sends to all of a group, as
// only the channel counts. `label` shows in ps(1).
Result<Child> start_child(const std::string& program, const std::string& part,
                          const std::string& label);

// In the child: the channel that start_child() made. An error when nobody did.
Result<Channel> inherited_channel();

// What top(1) and `ps -C` call this process, instead of "exe"; at most 15 characters.
void name_process(const char* name);

// In a process just forked or made: no signal is blocked, and those that are sent to groups are
// ignored.
void listen_to_channels_only();

}  // namespace hyalite
