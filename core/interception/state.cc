// What must be remembered while interception is on.
// SPDX-License-Identifier: MIT
#include "interception/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "settings/json.h"

namespace hyalite {

namespace {

constexpr int kVersion = 1;
constexpr char kDirectory[] = "/run/hyalite-intercept";

Error failed(const std::string& path) { return Error::system(Fault::operator_, path, errno); }

std::string text_in(JsonView view, std::string_view name) {
  return std::string(view.member(name).string().value_or(""));
}

std::string ports_text(const std::vector<std::uint16_t>& ports) {
  std::string text;
  for (const std::uint16_t port : ports) text += (text.empty() ? "" : ",") + std::to_string(port);
  return '[' + text + ']';
}

// Linux 5.14 has it, older headers have not.
#ifndef SO_NETNS_COOKIE
constexpr int SO_NETNS_COOKIE = 71;
#endif

// A network namespace is known by the inode of its file (namespaces(7)), which another one gets
// when it is gone; its cookie no other one gets.
std::uint64_t this_networks_number() {
  const Fd any(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t number = 0;
  socklen_t size = sizeof number;
  const bool known =
      any && ::getsockopt(any.get(), SOL_SOCKET, SO_NETNS_COOKIE, &number, &size) == 0;
  return known ? number : 0;
}
std::string this_network() {
  struct stat status {};
  if (::stat("/proc/self/ns/net", &status) != 0) return "network";
  return "network-" + std::to_string(status.st_ino);
}

Result<void> sync_directory(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return failed(path);
  return {};
}

Result<void> write_whole(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const auto size = static_cast<ssize_t>(text.size());
  if (!file || ::write(file.get(), text.data(), text.size()) != size || ::fsync(file.get()) != 0)
    return failed(path);
  return {};
}

}  // namespace

std::string write_intercept_state(const InterceptState& state) {
  std::string sysctls;
  for (const auto& it : state.sysctls) {
    sysctls += (sysctls.empty() ? "" : ",") + std::string("{\"name\":") + json_string(it.name) +
               ",\"before\":" + json_string(it.before) + ",\"set\":" + json_string(it.set) + '}';
  }
  return "{\"version\":" + std::to_string(kVersion) +
         ",\"settings_file\":" + json_string(state.settings_file) +
         ",\"settings_text\":" + json_string(state.settings_text) +
         ",\"keep_open\":" + (state.keep_open ? "true" : "false") +
         ",\"complete\":" + (state.complete ? "true" : "false") + ",\"sysctls\":[" + sysctls +
         "],\"packets_text\":" + json_string(state.packets_text) +
         ",\"packets_listing\":" + json_string(state.packets_listing) +
         ",\"ports\":" + ports_text(state.ports) +
         ",\"listener_port\":" + std::to_string(state.listener_port) +
         ",\"network\":" + json_string(std::to_string(state.network)) + "}\n";
}

std::optional<InterceptState> read_intercept_state(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  if (!document) return std::nullopt;
  const JsonView root = document->root();
  if (root.member("version").integer() != kVersion) return std::nullopt;
  InterceptState state;
  state.settings_file = text_in(root, "settings_file");
  state.settings_text = text_in(root, "settings_text");
  state.keep_open = root.member("keep_open").boolean().value_or(false);
  state.complete = root.member("complete").boolean().value_or(false);
  const JsonView sysctls = root.member("sysctls");
  for (std::size_t i = 0; i < sysctls.size(); ++i) {
    const JsonView it = sysctls.element(i);
    state.sysctls.push_back({text_in(it, "name"), text_in(it, "before"), text_in(it, "set")});
  }
  state.packets_text = text_in(root, "packets_text");
  state.packets_listing = text_in(root, "packets_listing");
  const JsonView ports = root.member("ports");
  for (std::size_t i = 0; i < ports.size(); ++i)
    state.ports.push_back(static_cast<std::uint16_t>(ports.element(i).integer().value_or(0)));
  state.listener_port =
      static_cast<std::uint16_t>(root.member("listener_port").integer().value_or(0));
  state.network = parse_decimal(text_in(root, "network")).value_or(0);
  return state;
}

bool is_of_another_network(const InterceptState& state, std::uint64_t network) {
  return state.network != 0 && network != 0 && state.network != network;
}

StateFile::StateFile()
    : directory_(kDirectory),
      path_(directory_ + '/' + this_network() + ".json"),
      network_(this_networks_number()) {}

Result<Fd> StateFile::lock() const {
  if (::mkdir(directory_.c_str(), 0755) != 0 && errno != EEXIST) return failed(directory_);
  const std::string path = directory_ + "/lock";
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file || ::flock(file.get(), LOCK_EX) != 0) return failed(path);
  return file;
}

Result<std::optional<InterceptState>> StateFile::read() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::optional<InterceptState>();
    return failed(path_);
  }
  std::ostringstream text;
  text << file.rdbuf();
  auto state = read_intercept_state(text.str());
  if (!state)
    return Error{Fault::operator_,
                 path_ + " is damaged: kernel settings cannot be restored from it"};
  if (is_of_another_network(*state, network_)) return std::optional<InterceptState>();
  return state;
}

Result<void> StateFile::write(const InterceptState& state) const {
  const std::string fresh = path_ + ".new";
  InterceptState ours = state;
  ours.network = network_;
  if (auto written = write_whole(fresh, write_intercept_state(ours)); !written) return written;
  if (::rename(fresh.c_str(), path_.c_str()) != 0) return failed(path_);
  return sync_directory(directory_);
}

Result<void> StateFile::remove() const {
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return failed(path_);
  return sync_directory(directory_);
}

}  // namespace hyalite
