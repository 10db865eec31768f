// SPDX-License-Identifier: MIT
#include "examples_test.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

using namespace std::chrono_literals;

const std::string kAsk = request("GET", "/chat", {{"Upgrade", "websocket"}, {"Connection", "Upgrade"},
                                                  {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, {"Sec-WebSocket-Version", "13"}});
const std::string kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr char kText = '\x81', kBinary = '\x82', kClose = '\x88';

// Short frames (RFC 6455, section 5.2); a client's are masked, here with zeros, which change nothing.
std::string from_server(char kind, const std::string& payload) { return std::string{kind, static_cast<char>(payload.size())} + payload; }
std::string from_client(char kind, const std::string& payload) {
  return std::string{kind, static_cast<char>(0x80 | payload.size())} + std::string(4, '\0') + payload;
}

class MessageLog : public ::testing::Test {
 protected:
  ~MessageLog() override { std::filesystem::remove_all(directory_); }
  Plugin plugin(const std::string& more = {}) const { return example("message_log", "file: " + file() + "\n" + more); }
  std::string file() const { return directory_ + "/messages"; }
  static std::string text(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Each without the time that it begins with.
  static std::string lines(const std::string& path) {
    std::ifstream in(path);
    std::string out;
    for (std::string line; std::getline(in, line);) out += line.substr(line.find(',') + 1) + '\n';
    return out;
  }

 private:
  static std::string made() {
    std::string name = (std::filesystem::temp_directory_path() / "message-log-XXXXXX").string();
    return ::mkdtemp(name.data());
  }
  std::string directory_ = made();
};

TEST_F(MessageLog, WritesALineForEachMessageOfBothSides) {
  {
    Bench bench(plugin("show_bytes: 8"));
    ASSERT_TRUE(bench) << bench.mistakes();
    Script script;
    script.client(kAsk).upstream(kSwitched).client(from_client(kText, "say \"hi\"\n")).upstream(from_server(kBinary, "\xff\xfe"));
    script.upstream(from_server(kText, "1234567\xc3\xa4")).client(from_client(kClose, "\x03\xe8" "bye"));
    Client client;
    client.address = "192.0.2.7:40000";
    const Talk talk = script.play(bench, client);
    EXPECT_EQ(talk.to_client().substr(kSwitched.size()), from_server(kBinary, "\xff\xfe") + from_server(kText, "1234567\xc3\xa4"));
    EXPECT_EQ(bench.complaints(), "");
  }
  const std::string who = R"("client":"192.0.2.7","url":"h.example/chat","from":)";
  EXPECT_EQ(lines(file()), who + R"("client","kind":"text","bytes":9,"text":"say \"hi\""})" "\n" +
                               who + R"("server","kind":"binary","bytes":2})" "\n" +
                               who + R"("server","kind":"text","bytes":9,"text":"1234567"})" "\n" +
                               who + R"("client","kind":"close","bytes":5,"code":1000,"text":"bye"})" "\n");
}

TEST_F(MessageLog, ShowsNoneOfThemWhenItIsToldSoAndChangesNothingHoweverTheyAreCut) {
  {
    Bench bench(plugin("show_bytes: 0"));
    const EveryWay every(bench, Script().client(kAsk).upstream(kSwitched).client(from_client(kText, "secret")).upstream(from_server(kText, "word")));
    EXPECT_TRUE(every) << every.difference();
    EXPECT_EQ(every.talk().to_upstream().substr(every.talk().to_upstream().find("\r\n\r\n") + 4), from_client(kText, "secret"));
    EXPECT_EQ(bench.count("message_log_lost_total"), 0);
  }
  EXPECT_NE(text(file()).find(R"("from":"client","kind":"text","bytes":6})"), std::string::npos);
  EXPECT_EQ(text(file()).find("secret"), std::string::npos);
}

TEST_F(MessageLog, WritesOnceASecondAndReopensItsFile) {
  Bench bench(plugin());
  Talk talk(bench);
  talk.client(kAsk);
  talk.upstream(kSwitched);
  for (const char* word : {"first", "second"}) {
    const std::string moved = file() + "." + word;
    talk.upstream(from_server(kText, word));
    EXPECT_EQ(text(file()), "");
    bench.advance(1s);
    EXPECT_TRUE(bench.wait_until([&] { return text(file()).find(word) != std::string::npos; }));
    std::filesystem::rename(file(), moved);
    bench.reopen();
  }
  EXPECT_EQ(text(file() + ".second").find("first"), std::string::npos);
}

TEST_F(MessageLog, CountsWhatADiskThatIsFullDoesNotTake) {
  Bench bench(example("message_log", "file: /dev/full"));
  Talk talk(bench);
  talk.client(kAsk);
  talk.upstream(kSwitched);
  talk.upstream(from_server(kText, "lost"));
  bench.advance(1s);
  EXPECT_TRUE(bench.wait_until([&] { return bench.count("message_log_lost_total") == 1; }));
}

TEST_F(MessageLog, SaysWhyItCannotBegin) {
  Bench bench(example("message_log", "file: " + file() + "/no/such/place"));
  EXPECT_NE((bench.mistakes() + bench.log()).find("its file cannot be opened"), std::string::npos) << bench.mistakes() << bench.log();
}

}  // namespace
