// SPDX-License-Identifier: MIT
#include "examples_test.h"

namespace {

const Plugin kGuard = example("line_guard", "{ ports: [ 21 ], commands: [ DELE, RMD ] }");

Client to_port(const std::string& port) {
  Client client;
  client.destination = "198.51.100.1:" + port;
  return client;
}

TEST(LineGuard, ReplacesForbiddenCommandsHoweverTheyAreCut) {
  Bench bench(kGuard);
  ASSERT_TRUE(bench) << bench.mistakes();
  Script script;
  script.upstream("220 ready\r\n").client("USER a\r\ndele secret\r\nLIST\r\n").upstream("331 ok\r\n").client("RMD /\r\nQUIT");
  const EveryWay every(bench, script, to_port("21"));
  EXPECT_TRUE(every) << every.difference();
  EXPECT_EQ(every.talk().to_upstream(), "USER a\r\nNOOP\r\nLIST\r\nNOOP\r\nQUIT");
  EXPECT_EQ(every.talk().to_client(), "220 ready\r\n331 ok\r\n");
  EXPECT_EQ(bench.complaints(), "");
}

TEST(LineGuard, IsNotOutwittedByWhatLenientServersAccept) {
  for (const char* trick : {" DELE a\r\n", "dele\ta\r\n", "\xff\xf4\xff\xf2" "Dele a\n", "DELE\n"}) {
    Bench bench(kGuard);
    const Talk talk = Script().upstream("220 ready\r\n").client(trick).play(bench, to_port("21"));
    EXPECT_EQ(talk.to_upstream(), "NOOP\r\n") << trick;
  }
  Bench bench(kGuard);
  const EveryWay every(bench, Script().upstream("220 ready\r\n").client("NOOP\r\nDELE a").client_ends(), to_port("21"));
  EXPECT_TRUE(every) << every.difference();
  EXPECT_EQ(every.talk().to_upstream(), "NOOP\r\n");
}

TEST(LineGuard, LeavesOtherPortsAlone) {
  Bench bench(kGuard);
  Talk talk(bench, to_port("110"));
  talk.upstream("+OK\r\n");
  talk.client("DELE 1\r\n");
  EXPECT_EQ(talk.to_upstream(), "DELE 1\r\n");
}

TEST(LineGuard, EndsALineThatDoesNotEnd) {
  Bench bench(kGuard);
  Talk talk(bench, to_port("21"));
  talk.upstream("220 ready\r\n");
  talk.client(std::string(2'000, 'x'));
  EXPECT_EQ(talk.reason(), "blocked");
}

}  // namespace
