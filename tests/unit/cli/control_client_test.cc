// Whom a command asks may not answer.
// SPDX-License-Identifier: MIT
#include "cli/control_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace hyalite {
namespace {

// Listens, and does nothing else.
struct ASilentService : testing::Test {
  ASilentService() { EXPECT_TRUE(socket) << socket.error().text; }
  ~ASilentService() override { ::unlink(path.c_str()); }

  std::string path = testing::TempDir() + "hyalite-silent-" + std::to_string(::getpid()) + ".sock";
  Result<Fd> socket = listen_on_path(path, 0600);
};

TEST_F(ASilentService, IsWaitedForAsLongAsTheRequestSays) {
  const auto answer = ask_control(path, {"GET", "/status", Milliseconds{20}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
  EXPECT_EQ(answer.error().text,
            "the service does not answer: its answer did not come within 1 s");
}

TEST_F(ASilentService, IsGivenUpWhenItTakesNoConnection) {
  ASSERT_EQ(::listen(socket->get(), 0), 0);
  const auto waiting = connect_to_path(path);
  ASSERT_TRUE(waiting);
  const auto answer = ask_control(path, {"POST", "/reload"}, Milliseconds{20});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ETIMEDOUT);
  EXPECT_EQ(answer.error().text, "the service does not answer: nobody took the connection at " +
                                     path + " within 1 s");
  EXPECT_FALSE(listen_on_path(path, 0600)) << "somebody listens there all the same";
}

}  // namespace
}  // namespace hyalite
