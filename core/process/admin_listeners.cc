// Where the admin process is asked: its listening sockets, new or taken over from the one before.
// SPDX-License-Identifier: MIT
#include "process/admin_listeners.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "net/listening_socket.h"
#include "net/socket_options.h"
#include "process/unix_socket.h"

namespace hyalite {

namespace {

constexpr mode_t kOwnerOnly = 0600, kGroupToo = 0660;

std::string control_path(const Settings& settings) {
  if (!settings.control.socket.empty()) return settings.control.socket;
  return default_control_socket(::geteuid(), std::getenv("XDG_RUNTIME_DIR"),
                                std::getenv("RUNTIME_DIRECTORY"));
}

bool still_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

Result<KeptListener> by_address(const std::optional<Address>& wanted, KeptListener before,
                                const char* setting) {
  if (!wanted) return KeptListener{};
  bool moves = false;  // to another address, or to all of them, with its port
  if (before.fd) {
    const auto has = listening_address(before.fd.get());
    if (has && has->ip == wanted->ip && (wanted->port == 0 || wanted->port == has->port))
      return before;
    moves = has && has->port == wanted->port;
  }
  // The one before listens until the new settings serve: they share the port for that time. Whoever
  // else is of the same user might, too, and the kernel may remember that of a port; others never.
  if (moves) (void)set_reuse_port(before.fd.get());
  auto fd = open_listening_socket({.address = *wanted, .transparent = false, .reuse_port = moves});
  if (moves) (void)set_reuse_port(before.fd.get(), false);
  if (moves && fd) (void)set_reuse_port(fd->get(), false);
  if (!fd)
    return Error{Fault::operator_, std::string(setting) + ": " + fd.error().text, fd.error().code};
  return KeptListener{std::move(*fd), ""};
}

Result<KeptListener> by_path(const std::string& wanted, mode_t mode, KeptListener before) {
  if (wanted.empty()) return KeptListener{};
  if (before.fd && before.path == wanted && still_there(wanted)) return before;
  auto fd = listen_on_path(wanted, mode);
  if (!fd) return fd.error();
  return KeptListener{std::move(*fd), wanted};
}

// So that those whom the operator puts into the service's group may look.
void give_to_group(const std::string& path, const std::string& user) {
  const passwd* entry = ::geteuid() == 0 ? ::getpwnam(user.c_str()) : nullptr;
  if (entry != nullptr && ::lchown(path.c_str(), static_cast<uid_t>(-1), entry->pw_gid) != 0)
    return;
}

}  // namespace

Result<KeptListeners> open_admin_listeners(const Settings& settings, KeptListeners before) {
  const auto at = [](KeptSocket which) { return static_cast<std::size_t>(which); };
  KeptListeners open;
  auto address =
      by_address(settings.admin.address, std::move(before[at(KeptSocket::admin)]), "admin.address");
  if (!address) return address.error();
  auto path =
      by_path(settings.admin.socket, kGroupToo, std::move(before[at(KeptSocket::admin_unix)]));
  if (!path) return path.error();
  if (path->fd) give_to_group(path->path, settings.workers.user);
  auto control =
      by_path(control_path(settings), kOwnerOnly, std::move(before[at(KeptSocket::control)]));
  if (!control) return control.error();
  auto page = by_address(settings.tls.ca.install_page,
                         std::move(before[at(KeptSocket::install_page)]), "tls.ca.install_page");
  if (!page) return page.error();
  open[at(KeptSocket::install_page)] = std::move(*page);
  open[at(KeptSocket::admin)] = std::move(*address);
  open[at(KeptSocket::admin_unix)] = std::move(*path);
  open[at(KeptSocket::control)] = std::move(*control);
  return open;
}

}  // namespace hyalite
