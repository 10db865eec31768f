// The service's processes, and who owns this network.
// SPDX-License-Identifier: MIT
#include "doctor/processes.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "base/fd.h"
#include "base/text.h"
#include "doctor/reading.h"

namespace hyalite {

namespace {

struct Process {
  int id = 0, parent = 0;
  bool serves = false;  // a generation or one of its workers
  std::uint64_t capabilities = 0;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string link_of(int process, const char* name) {
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/" + std::to_string(process) + "/ns/" + name, failed)
      .string();
}

// argv of a generation, which its workers share: "hyalite" "--part" "generation" ...
bool serves(const std::string& command_line) {
  const auto words = split(command_line, '\0');
  return words.size() > 2 && words[0] == "hyalite" && words[1] == "--part" &&
         words[2] == "generation";
}

std::optional<Process> read_process(const std::filesystem::path& place) {
  const auto id = parse_decimal(place.filename().string());
  if (!id) return std::nullopt;
  Process process;
  process.id = static_cast<int>(*id);
  process.serves = serves(text_of(place / "cmdline"));
  if (!process.serves) return std::nullopt;
  std::ifstream status(place / "status");
  for (std::string line; std::getline(status, line);) {
    const std::string_view value = trim(std::string_view(line).substr(line.find(':') + 1));
    if (line.starts_with("PPid:"))
      process.parent = static_cast<int>(parse_decimal(value).value_or(0));
    if (line.starts_with("CapEff:"))
      std::from_chars(value.data(), value.data() + value.size(), process.capabilities, 16);
  }
  return process;
}

bool here(int process, const char* name) {
  const std::string there = link_of(process, name);
  return there.empty() || there == link_of(::getpid(), name);
}

Fd connect_to(const AdminSettings& admin) {
  constexpr timeval kPatience{2, 0};
  sockaddr_storage storage{};
  socklen_t length = 0;
  if (admin.address) {
    length = admin.address->to_sockaddr(storage, admin.address->ip.is_v4() ? AF_INET : AF_INET6);
  } else if (!admin.socket.empty() && admin.socket.size() < sizeof(sockaddr_un::sun_path)) {
    auto* address = reinterpret_cast<sockaddr_un*>(&storage);
    address->sun_family = AF_UNIX;
    std::strcpy(address->sun_path, admin.socket.c_str());
    length = sizeof *address;
  } else {
    return {};
  }
  Fd socket(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
  return socket;
}

}  // namespace

Seen<std::vector<ProcessFact>> service_processes() {
  std::map<int, Process> all;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    if (const auto process = read_process(entry.path())) all[process->id] = *process;
  }
  if (failed) return {std::nullopt, "/proc cannot be read"};
  std::vector<ProcessFact> found;
  for (const auto& [id, it] : all) {
    if (!here(id, "net")) continue;
    found.push_back(
        {id, all.contains(it.parent),
         (it.capabilities >> CAP_NET_RAW & 1) != 0 || (it.capabilities >> CAP_NET_ADMIN & 1) != 0,
         here(id, "user") || !owns_this_network()});
  }
  return {std::move(found), {}};
}

bool owns_this_network() {
  const Fd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Fd owner(::ioctl(network.get(), NS_GET_USERNS));
  // EPERM: the owner is outside of, that is above, our own.
  return owner || errno != EPERM;
}

Seen<Counters> service_counters(const AdminSettings& admin) {
  const Fd socket = connect_to(admin);
  constexpr std::string_view kRequest = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
  if (!socket || ::write(socket.get(), kRequest.data(), kRequest.size()) < 0)
    return {std::nullopt, "the service's metrics cannot be asked"};
  constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  std::string text;
  char bytes[65536];
  for (ssize_t size;
       text.size() < kMostBytes && (size = ::read(socket.get(), bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(size));
  return {read_metrics(text), {}};
}

}  // namespace hyalite
