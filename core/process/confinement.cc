// What a process that sees strangers' bytes may ask of the kernel: seccomp(2).
// SPDX-License-Identifier: MIT
#include "process/confinement.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/result.h"

namespace hyalite {

namespace {

using Names = std::span<const char* const>;

// With descriptors, memory and time that it has.
constexpr const char* kEverybody[] = {
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "lseek",
    "_llseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "poll", "ppoll",
    "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "recvfrom", "recvmsg", "recv", "send", "sendto",
    "sendmsg", "brk", "mmap", "mmap2", "munmap", "mprotect", "madvise", "mincore", "membarrier",
    "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "futex", "futex_time64", "futex_waitv",
    "sched_yield", "sched_getaffinity", "exit", "exit_group", "restart_syscall", "arch_prctl", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigpending", "sigaltstack", "clock_gettime", "clock_gettime64",
    "clock_getres", "clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "gettimeofday",
    "time", "times", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "getpgid", "getpgrp", "getsid", "getrlimit", "ugetrlimit", "getrusage", "sysinfo", "uname", "getcpu",
    "getrandom"};

// With the connections of listening sockets that it was given.
constexpr const char* kServing[] = {
    "listen", "accept", "accept4", "shutdown", "getpeername", "getsockname", "getsockopt", "setsockopt", "epoll_create",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "timerfd_create",
    "timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64", "ftruncate", "ftruncate64"};

// Workers, which connect to others, and run plugins: files, threads, timers.
constexpr const char* kInspecting[] = {
    "connect", "bind", "socketpair", "recvmmsg", "recvmmsg_time64", "sendmmsg", "pipe", "pipe2", "splice",
    "tee", "sendfile", "sendfile64", "copy_file_range", "signalfd", "signalfd4", "open", "openat", "openat2", "creat",
    "stat", "stat64", "lstat", "lstat64", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getcwd", "getdents", "getdents64", "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir",
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "truncate64", "fallocate",
    "fadvise64", "fadvise64_64", "arm_fadvise64_64", "readahead", "fsync", "fdatasync", "sync_file_range", "flock",
    "umask", "chmod", "fchmod", "fchmodat", "fchmodat2", "utimensat", "utimensat_time64", "utime", "utimes",
    "futimesat", "statfs", "statfs64", "fstatfs", "fstatfs64", "inotify_init", "inotify_init1", "inotify_add_watch",
    "inotify_rm_watch", "memfd_create", "msync", "mlock", "mlock2", "munlock", "sched_setaffinity", "sched_getparam",
    "sched_setparam", "sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_get_priority_max",
    "sched_get_priority_min", "getpriority", "setpriority", "rt_sigsuspend", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "pause", "alarm", "setitimer", "getitimer", "timer_create", "timer_settime",
    "timer_settime64", "timer_gettime", "timer_gettime64", "timer_delete", "timer_getoverrun", "wait4", "waitid",
    "waitpid", "capget"};

// Those who fork others: what they do themselves, and what those do before they are confined.
constexpr const char* kForking[] = {"fork", "vfork", "kill", "tgkill", "rt_tgsigqueueinfo", "wait4", "waitid", "waitpid",
                                    "signalfd", "signalfd4", "seccomp", "setrlimit", "prlimit64", "mlockall", "memfd_create"};
constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                         CLONE_NEWPID | CLONE_NEWNET;

constexpr const char* kExec[] = {"execve", "execveat"};
constexpr const char* kSignal[] = {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
                                   "pidfd_send_signal"};
constexpr const char* kTrace[] = {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open",
                                  "pidfd_getfd", "kcmp", "perf_event_open", "userfaultfd", "fork", "vfork", "clone"};
constexpr const char* kKernel[] = {
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig",
    "fspick", "mount_setattr", "bpf", "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "iopl", "ioperm", "unshare", "setns", "setuid", "setgid",
    "setresuid", "setresgid", "setreuid", "setregid", "setgroups", "setfsuid", "setfsgid", "capset", "seccomp",
    "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter", "io_uring_register", "quotactl", "acct",
    "settimeofday", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "sethostname", "setdomainname",
    "syslog", "personality", "name_to_handle_at", "open_by_handle_at", "fanotify_init", "mknod", "mknodat"};

bool is_among(std::string_view name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::uint32_t kAnswerToNew = SCMP_ACT_ERRNO(ENOSYS), kRefuse = SCMP_ACT_ERRNO(EPERM);

// int: the kernel looks at the lower half of the register.
scmp_arg_cmp is(unsigned argument, std::uint64_t value, std::uint64_t of = 0xffff'ffff) {
  return {argument, SCMP_CMP_MASKED_EQ, of, value};
}

// The rules of one part of the service, made and loaded. A call that this machine has not is none to be allowed.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : filter_(seccomp_init(otherwise)) {
    if (filter_ == nullptr) return;
    // Another machine's calls (int 0x80, x32) would go around all that follows.
    seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, kRefuse);
    // Its flags are in memory, where nobody can judge them: the C library takes clone(2) instead.
    add(kAnswerToNew, "clone3");
    add_allowed({"clone"}, {is(0, CLONE_THREAD, CLONE_THREAD)});
    const auto self = static_cast<std::uint64_t>(::getpid());
    for (const char* to : {"kill", "tgkill", "rt_tgsigqueueinfo"}) add_allowed({to}, {is(0, self)});
    for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS,
                             PR_CAPBSET_READ, PR_SET_THP_DISABLE, PR_SET_PDEATHSIG})
      add_allowed({"prctl"}, {is(0, static_cast<std::uint64_t>(option))});
    // New limits are no business of theirs.
    add_allowed({"prlimit64"}, {{2, SCMP_CMP_EQ, 0, 0}});
    for (const unsigned request : {0u + FIONREAD, 0u + FIONBIO, 0u + FIOCLEX, 0u + FIONCLEX, 0u + TCGETS,
                                   0u + TIOCGWINSZ, 0u + TIOCOUTQ, 0u + SIOCGIFCONF})
      add_allowed({"ioctl"}, {is(1, request)});
  }

  void allow(Names names) {
    for (const char* name : names) add(SCMP_ACT_ALLOW, name);
  }
  void allow(const std::vector<std::string>& names) {
    for (const std::string& name : names) add(SCMP_ACT_ALLOW, name.c_str());
  }
  void allow_forking() {
    allow(kForking);
    add_allowed({"clone"}, {is(0, 0, kNewNamespaces)});
    // They answer those whom they fork (denials.h).
    for (const std::uint64_t request : {SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND, SECCOMP_IOCTL_NOTIF_ID_VALID})
      add_allowed({"ioctl"}, {is(1, request)});
  }
  void allow_reading_files() {
    add_allowed({"openat"}, {is(2, O_RDONLY, O_ACCMODE | O_CREAT)});
    add_allowed({"open"}, {is(1, O_RDONLY, O_ACCMODE | O_CREAT)});
  }
  // TCP and UDP, and within this machine. The workers' capability would give them every packet on the wire.
  void allow_sockets() {
    add_allowed({"socket"}, {is(0, AF_UNIX)});
    for (const int family : {AF_INET, AF_INET6}) {
      for (const int type : {int{SOCK_STREAM}, int{SOCK_DGRAM}}) {
        for (const int protocol : {0, int{IPPROTO_TCP}, int{IPPROTO_UDP}}) {
          add_allowed({"socket"}, {is(0, static_cast<std::uint64_t>(family)),
                                   is(1, static_cast<std::uint64_t>(type), 0xf),
                                   is(2, static_cast<std::uint64_t>(protocol))});
        }
      }
    }
  }
  // Not what begins in that memory, nor, as newer kernels would, several mappings at once to a place of one's choice.
  void allow_stretching_outside(std::span<const std::byte> fixed) {
    if (fixed.empty()) return add(SCMP_ACT_ALLOW, "mremap");
    const auto begin = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(fixed.data()));
    const scmp_arg_cmp anywhere = is(3, 0, MREMAP_FIXED | MREMAP_DONTUNMAP);
    add_allowed({"mremap"}, {anywhere, {0, SCMP_CMP_LT, begin, 0}});
    add_allowed({"mremap"}, {anywhere, {0, SCMP_CMP_GT, begin + fixed.size() - 1, 0}});
  }
  void end_process_at(Names names) {
    for (const char* name : names) add(SCMP_ACT_KILL_PROCESS, name);
  }

  // Puts it up, by a call of our own: the library knows one listener per process, and those who are forked have their own.
  Result<void> load() { return load(nullptr); }
  Result<void> load_asking(Fd& listener) { return load(&listener); }

 private:
  struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
  };

  Result<void> load(Fd* listener) {
    const auto failed = [](int code) { return Error::system(Fault::us, "seccomp", code); };
    const Fd memory(::memfd_create("hyalite-filter", MFD_CLOEXEC));
    if (filter_ == nullptr || !memory) return failed(ENOMEM);
    if (failed_ != 0) return failed(-failed_);
    if (const int exported = seccomp_export_bpf(filter_.get(), memory.get()); exported != 0) return failed(-exported);
    std::vector<sock_filter> code(static_cast<std::size_t>(::lseek(memory.get(), 0, SEEK_END)) / sizeof(sock_filter));
    const std::size_t bytes = code.size() * sizeof(sock_filter);
    if (::pread(memory.get(), code.data(), bytes, 0) != static_cast<ssize_t>(bytes)) return failed(EIO);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                listener != nullptr ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0ul, &program);
    if (done < 0) return failed(errno);
    if (listener != nullptr) listener->reset(static_cast<int>(done));
    return {};
  }
  void add(std::uint32_t action, const char* name) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) note(seccomp_rule_add(filter_.get(), action, number, 0));
  }
  void add_allowed(std::initializer_list<const char*> names, std::initializer_list<scmp_arg_cmp> when) {
    for (const char* name : names) {
      const int number = seccomp_syscall_resolve_name(name);
      if (number == __NR_SCMP_ERROR) continue;
      note(seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, number, static_cast<unsigned>(when.size()),
                                  when.begin()));
    }
  }
  // Twice the same is no mistake; a call of other machines only (-EDOM) is none either.
  void note(int result) {
    if (result != 0 && result != -EEXIST && result != -EDOM && failed_ == 0) failed_ = result;
  }

  std::unique_ptr<void, Release> filter_;
  int failed_ = 0;
};

// What only an intruder would try, where nobody else's code runs.
void end_intruders(Filter& filter, ConfinedPart part) {
  constexpr const char* kSockets[] = {"socket", "connect"};
  filter.end_process_at(kExec);
  filter.end_process_at(kSockets);
  // It still forks, and those put up filters of their own.
  if (part == ConfinedPart::keeper) return;
  constexpr const char* kPairs[] = {"socketpair"};
  filter.end_process_at(kPairs);
  filter.end_process_at(kKernel);
#if !defined(__SANITIZE_ADDRESS__)
  constexpr const char* kOthers[] = {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "fork", "vfork"};
  filter.end_process_at(kOthers);
#endif
}

void describe(Filter& filter, ConfinedPart part, const SeccompSettings& settings, std::span<const std::byte> fixed) {
  filter.allow(kEverybody);
  filter.allow_stretching_outside(fixed);
  switch (part) {
    case ConfinedPart::generation:
      filter.allow_forking();
      [[fallthrough]];
    case ConfinedPart::worker:
      filter.allow(kServing);
      filter.allow(kInspecting);
      filter.allow_sockets();
      return filter.allow(settings.allow);
    case ConfinedPart::admin:
      filter.allow(kServing);
      filter.allow_reading_files();
      break;
    case ConfinedPart::keeper: {
      constexpr const char* kChannels[] = {"socketpair"};
      filter.allow_forking();
      filter.allow(kChannels);
      break;
    }
    case ConfinedPart::signer:
      break;
  }
#if defined(__SANITIZE_ADDRESS__)
  // It looks for leaks in the end, as a tracer of its own process.
  constexpr const char* kSanitizer[] = {"clone", "ptrace", "prctl", "openat", "readlink", "tgkill", "wait4"};
  filter.allow(kSanitizer);
#endif
  if (settings.mode == DeniedCalls::enforce) end_intruders(filter, part);
}

std::string socket_name(std::uint64_t family, std::uint64_t type) {
  switch (static_cast<int>(family)) {
    case AF_PACKET:
      return "socket(AF_PACKET)";
    case AF_NETLINK:
      return "socket(AF_NETLINK)";
    case AF_INET:
    case AF_INET6:
      return (type & 0xf) == SOCK_RAW ? "socket(SOCK_RAW)" : "socket(a protocol that is neither TCP nor UDP)";
    default:
      return "socket(family " + std::to_string(static_cast<int>(family)) + ")";
  }
}

DeniedKind socket_kind(std::uint64_t family, std::uint64_t type) {
  if (static_cast<int>(family) == AF_NETLINK) return DeniedKind::netlink;
  if (static_cast<int>(family) == AF_PACKET || (type & 0xf) == SOCK_RAW) return DeniedKind::raw_socket;
  return DeniedKind::socket;
}

DeniedKind kind_of(std::string_view name) {
  if (is_among(name, kExec)) return DeniedKind::exec;
  if (is_among(name, kSignal)) return DeniedKind::signal;
  if (is_among(name, kTrace)) return DeniedKind::trace;
  if (is_among(name, kKernel)) return DeniedKind::kernel;
  return DeniedKind::other;
}

}  // namespace

Fd confine(ConfinedPart part, const SeccompSettings& settings, Log& log, std::span<const std::byte> fixed) {
  if (settings.mode == DeniedCalls::off) return {};
  Filter asking(SCMP_ACT_NOTIFY);
  describe(asking, part, settings, fixed);
  Fd listener;
  const auto asks = asking.load_asking(listener);
  if (asks) return listener;
  // A container may have taken the one listener that there can be.
  log.warning("seccomp.silent", {{"why", asks.error().text}});
  if (settings.mode == DeniedCalls::log) return {};
  Filter refusing(kRefuse);
  describe(refusing, part, settings, fixed);
  if (const auto refuses = refusing.load(); !refuses) log.warning("seccomp.missing", {{"why", refuses.error().text}});
  return {};
}

std::vector<std::size_t> unknown_calls(const std::vector<std::string>& names) {
  std::vector<std::size_t> unknown;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (seccomp_syscall_resolve_name(names[i].c_str()) == __NR_SCMP_ERROR) unknown.push_back(i);
  }
  return unknown;
}

DeniedCall denied_call(int number, std::uint64_t first, std::uint64_t second) {
  const std::unique_ptr<char, decltype(&std::free)> text(
      seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
  if (!text) return {DeniedKind::other, "number " + std::to_string(number), false};
  const std::string name = text.get();
  if (name == "socket") return {socket_kind(first, second), socket_name(first, second), true};
  return {kind_of(name), name, true};
}

}  // namespace hyalite
