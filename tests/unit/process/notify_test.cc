// What a service manager hears.
// SPDX-License-Identifier: MIT
#include "process/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/fd.h"

namespace hyalite {

namespace {

// What systemd is to a service.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  }
  std::string heard() {
    char text[1'024];
    const ssize_t got = ::recv(fd_.get(), text, sizeof(text), 0);
    return got < 0 ? "" : std::string(text, static_cast<std::size_t>(got));
  }

 private:
  Fd fd_;
};

std::string abstract_name() { return "@hyalite-test-" + std::to_string(::getpid()); }

}  // namespace

TEST(Notifier, TellsTheManagerThroughAnAbstractSocket) {
  Manager manager(abstract_name());
  Notifier(abstract_name().c_str()).ready("generation 1 serves");
  EXPECT_EQ(manager.heard(),
            "READY=1\nMAINPID=" + std::to_string(::getpid()) + "\nSTATUS=generation 1 serves");
}

TEST(Notifier, TellsTheManagerThroughAPath) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("hyalite-notify-" + std::to_string(::getpid()));
  Manager manager(path);
  Notifier(path.c_str()).status("here");
  EXPECT_EQ(manager.heard(), "STATUS=here");
  std::filesystem::remove(path);
}

TEST(Notifier, TellsWhenAReloadBegan) {
  Manager manager(abstract_name());
  Notifier(abstract_name().c_str()).reloading(Monotonic(std::chrono::microseconds(1'234'567)));
  EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC=1234567\nMAINPID="));
}

TEST(Notifier, TellsHowLongStoppingMayTake) {
  Manager manager(abstract_name());
  Notifier(abstract_name().c_str()).stopping(std::chrono::minutes{60} + Seconds{10});
  EXPECT_EQ(manager.heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=3610000000");
}

TEST(Notifier, LetsNobodySmuggleAnAssignmentIntoTheStatus) {
  Manager manager(abstract_name());
  Notifier(abstract_name().c_str()).status("oops\nREADY=1");
  EXPECT_EQ(manager.heard(), "STATUS=oops READY=1");
}

TEST(Notifier, SaysNothingWhenNobodyListens) {
  Notifier(nullptr).stopping(Seconds{1});
  Notifier("").stopping(Seconds{1});
  Notifier("relative/path").stopping(Seconds{1});
  Notifier("/nowhere/to/be/found").stopping(Seconds{1});
  Notifier(std::string(500, '/').c_str()).stopping(Seconds{1});
}

}  // namespace hyalite
