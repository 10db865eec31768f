// The kernel's namespaces, by which the lab is private.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "lab/hosts.h"

namespace hyalite {

// All of these change the calling process, which has one thread.

// Makes the namespaces for users (only where the caller lacks the capabilities: then it is root in
// it, and there is no other user), mounts, inter-process communication, and for the processes that
// it starts from now on. An error says what forbids it and how to allow it.
Result<void> enter_private_namespaces();

// Gives this process and its children a /run, /proc and /etc/hosts of their own; `hosts` is what
// the latter says. To be called in the first process of the process namespace.
Result<void> make_private_files(const std::string& hosts);

// Makes a network namespace for the host, in which this process then is. The kernel may have no
// IPv6: that is an error.
Result<void> make_network(LabHost host);
Result<void> enter_network(LabHost host);

// Writes to a file below /proc/sys, e.g. "net/ipv4/ip_forward", as seen in this process's
// namespaces.
Result<void> set_sysctl(const std::string& name, std::string_view value);

}  // namespace hyalite
