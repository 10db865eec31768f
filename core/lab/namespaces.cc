// The kernel's namespaces, by which the lab is private.
// SPDX-License-Identifier: MIT
#include "lab/namespaces.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/fd.h"

namespace hyalite {

namespace {

constexpr const char* kLabDirectory = "/run/hyalite-lab";

Error failed(std::string what) { return Error::system(Fault::us, std::move(what), errno); }

Result<void> write_file(const std::string& path, std::string_view text, int flags = 0) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644));
  if (!file) return failed(path);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return failed(path);
  }
  return {};
}

std::string first_word_of(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : -1;
  const std::string_view all(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(all.substr(0, all.find_first_of(" \n")));
}

// May this process already make namespaces, links, rules and transparent sockets?
bool is_privileged() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  for (const int capability : {CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW}) {
    if (!(sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability))) return false;
  }
  return true;
}

// Every way in which a distribution forbids user namespaces to ordinary users leaves its trace in
// one of these.
Error user_namespaces_forbidden(int code) {
  struct Switch {
    const char* name;
    const char* forbids;
    const char* allow;
  };
  constexpr Switch kSwitches[] = {
      {"user/max_user_namespaces", "0", "user.max_user_namespaces=10000"},
      {"kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"},
      {"kernel/apparmor_restrict_unprivileged_userns", "1",
       "kernel.apparmor_restrict_unprivileged_userns=0"},
  };
  for (const Switch& it : kSwitches) {
    if (first_word_of(std::string("/proc/sys/") + it.name) != it.forbids) continue;
    return Error{
        Fault::operator_,
        std::string(
            "this system lets ordinary users make no user namespaces; allow it with \"sysctl -w ") +
            it.allow + "\" as root, or run this as root (sudo)",
        code};
  }
  return Error::system(
      Fault::operator_,
      "no user namespace can be made (a container's seccomp profile, or no such thing in this "
      "kernel?); run this as root, or outside of the container",
      code);
}

// One user is mapped: the caller, who is called root inside.
Result<void> become_root_of_new_users() {
  const std::string user = std::to_string(::geteuid()), group = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER) != 0) return user_namespaces_forbidden(errno);
  for (const auto& [path, text] :
       {std::pair<std::string, std::string>{"/proc/self/setgroups", "deny"},
        {"/proc/self/uid_map", "0 " + user + " 1"},
        {"/proc/self/gid_map", "0 " + group + " 1"}}) {
    const Result<void> written = write_file(path, text);
    if (!written) return user_namespaces_forbidden(written.error().code);
  }
  return {};
}

Result<void> mount_own_run() {
  if (::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0)
    return failed("mount /run");
  if (::mkdir("/run/netns", 0755) != 0 || ::mkdir(kLabDirectory, 0755) != 0)
    return failed("mkdir in /run");
  return {};
}

Result<void> mount_own_hosts(const std::string& hosts) {
  const std::string own = std::string(kLabDirectory) + "/hosts";
  const Result<void> written = write_file(own, hosts, O_CREAT);
  if (!written) return written;
  if (::mount(own.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0)
    return failed("mount /etc/hosts");
  return {};
}

}  // namespace

Result<void> enter_private_namespaces() {
  if (!is_privileged()) {
    const Result<void> users = become_root_of_new_users();
    if (!users) return users;
  }
  // Where a user namespace was granted, but no power in it, that shows here.
  if (::unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWPID) != 0)
    return user_namespaces_forbidden(errno);
  return {};
}

Result<void> make_private_files(const std::string& hosts) {
  // What is mounted here must not reach the machine's own mounts.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed("private mounts");
  // Inside of containers a new /proc may be forbidden. The old one shows other process numbers, but
  // /proc/self and /proc/sys work there too.
  ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  const Result<void> run = mount_own_run();
  return run ? mount_own_hosts(hosts) : run;
}

Result<void> make_network(LabHost host) {
  if (::unshare(CLONE_NEWNET) != 0) return failed("make a network namespace");
  const std::string path = namespace_path(host);
  const Fd place(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!place || ::mount("/proc/self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0)
    return failed(path);
  // The lab's addresses are nobody else's: no time is spent on asking whether they are.
  const Result<void> set = set_sysctl("net/ipv6/conf/default/accept_dad", "0");
  if (set || set.error().code != ENOENT) return set;
  return Error{Fault::operator_,
               "this kernel has no IPv6 (or ipv6.disable=1); the lab needs both families", ENOENT};
}

Result<void> enter_network(LabHost host) {
  const std::string path = namespace_path(host);
  const Fd network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network || ::setns(network.get(), CLONE_NEWNET) != 0) return failed(path);
  return {};
}

Result<void> set_sysctl(const std::string& name, std::string_view value) {
  return write_file("/proc/sys/" + name, value);
}

}  // namespace hyalite
