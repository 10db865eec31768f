// Status for people, and answers from the control socket.
// SPDX-License-Identifier: MIT
#include "cli/status_text.h"

#include <gtest/gtest.h>

#include "cli/control_client.h"

namespace hyalite {

TEST(StatusText, IsWhatAPersonLikesToRead) {
  const auto text =
      status_text(R"({"version":"1.0","uptime_seconds":7500,"master_pid":42,"serving":true,
    "listening":["[::]:8080"],"started":"2026-01-01T00:00:00Z",
    "generations":[{"number":2,"state":"draining","since":"T2","workers":[{},{}]},
                   {"number":3,"state":"serving","since":"T3",
                    "workers":[{"index":0,"pid":50,"replaced":1,"started":"T4"},{"index":1,"pid":0,"replaced":0}]}],
    "counts":{"flows":1234567,"flows_now":1,"exchanges":9,"refused_requests":1,"upstream_kept":5,"upstream_reused":4,"upstream_idle":1,"worker_deaths":1},
    "plugins":[{"name":"ads","plugin":"blocker","version":"1.1","calls":7,"errors":0,"faults":3,"quarantined":true}],
    "faults":[{"at":"T5","cause":"crash","generation":3,"worker":1,"pid":51,"plugin":"ads","hook":"request_head","what":"signal Aborted"},
              {"at":"T4","cause":"stall","generation":3,"worker":0,"pid":50,"plugin":null,"hook":null,"what":"signal Killed"}],
    "last_failure":"h.yaml:3:1: oops\nand more\n"})");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "Hyalite 1.0, up 2 h 5 min, pid 42\n"
            "accepting on [::]:8080\n"
            "  generation 2  draining since T2, 2 workers\n"
            "  generation 3  serving since T3, 2 workers\n"
            "    worker 0  pid 50  since T4, replaced 1 time\n"
            "    worker 1  is gone\n"
            "traffic\n"
            "  flows       1 now, 1,234,567 in all\n"
            "  exchanges   9\n"
            "  refused     1 request, 0 responses, 0 connections\n"
            "  uninspected 0 connections\n"
            "  reused      4 upstream connections, 1 wait\n"
            "  deaths      1 worker, 0 generations\n"
            "plugins\n"
            "  ads         blocker 1.1, 7 calls, cost 3 workers, IN QUARANTINE\n"
            "lately failed\n"
            "  T5  crash     worker 1, ads in request_head: signal Aborted\n"
            "  T4  stall     worker 0: signal Killed\n"
            "the last change failed:\n"
            "  h.yaml:3:1: oops\n"
            "  and more\n");
}

TEST(StatusText, SaysWhichSettingsServeAndThatTheFileIsNewer) {
  const std::string json =
      R"({"version":"1.0","serving":true,"listening":[],"settings_file":"/h.yaml",
          "generations":[{"number":2,"state":"draining","since":"2026-01-01T00:00:00Z"},
                         {"number":3,"state":"serving","since":"2026-01-02T00:00:00Z"}]})";
  const auto text = [&](const std::string& time) {
    return *status_text(json,
                        [&](const std::string& file) { return file == "/h.yaml" ? time : "?"; });
  };
  for (const char* earlier : {"", "2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z"})
    EXPECT_NE(text(earlier).find("settings /h.yaml\n"), std::string::npos) << text(earlier);
  EXPECT_NE(text("2026-01-02T00:00:01Z")
                .find("settings /h.yaml, CHANGED SINCE (2026-01-02T00:00:01Z): `hyalite reload`"),
            std::string::npos);
}

TEST(StatusText, SaysWhatBecomesOfTrafficWithoutAPluginInQuarantine) {
  const auto text = status_text(R"({"version":"1.0","serving":true,"plugins":[
    {"name":"ads","plugin":"blocker","version":null,"on_failure":"closed","loaded":false,"calls":7,"errors":7,"faults":3,"quarantined":true},
    {"name":"log","plugin":"http-logger","version":null,"on_failure":"open","loaded":false,"calls":0,"errors":0,"faults":3,"quarantined":true},
    {"name":"new","plugin":"mine","version":"2.0","on_failure":"open","loaded":true,"calls":0,"errors":0,"faults":3,"quarantined":true},
    {"name":"good","plugin":"yours","version":"1.0","on_failure":"open","loaded":true,"calls":0,"errors":0,"faults":0,"quarantined":false}]})");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("  ads         blocker, 7 calls, 7 errors, cost 3 workers, IN QUARANTINE: traffic is refused\n"
                       "  log         http-logger, 0 calls, cost 3 workers, IN QUARANTINE: traffic passes without it\n"
                       "  new         mine 2.0, 0 calls, cost 3 workers, IN QUARANTINE\n"
                       "  good        yours 1.0, 0 calls\n"),
            std::string::npos)
      << *text;
}

TEST(StatusText, SaysLoudlyThatNobodyServes) {
  const auto text = status_text(R"({"version":"1.0","serving":false})");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("NO GENERATION SERVES"), std::string::npos);
}

TEST(StatusText, IsNotMadeFromWhatIsNoStatus) {
  for (const char* odd : {"", "[]", "not json", "7"}) EXPECT_FALSE(status_text(odd)) << odd;
}

TEST(StatusText, NeverLetsTheServiceWriteToTheTerminal) {
  const auto text = status_text("{\"version\":\"\\u001b[2J\",\"serving\":false,\"last_failure\":\"\\u009b2J\\r\\u007f\"}");
  ASSERT_TRUE(text);
  for (const char control : {'\x1b', '\x9b', '\r', '\x7f'}) EXPECT_EQ(text->find(control), std::string::npos);
}

TEST(StatusText, LeavesQuotesAsPeopleWroteThem) {
  const auto text = status_text(R"({"version":"1.0","serving":true,"last_failure":"h.yaml:3:1: unknown setting \"nonsense\"\n"})");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("  h.yaml:3:1: unknown setting \"nonsense\"\n"), std::string::npos) << *text;
}

TEST(Durations, AreShort) {
  EXPECT_EQ(duration_text(0), "0 s");
  EXPECT_EQ(duration_text(59), "59 s");
  EXPECT_EQ(duration_text(61), "1 min 1 s");
  EXPECT_EQ(duration_text(86'400), "1 day 0 h");
  EXPECT_EQ(duration_text(200'000), "2 days 7 h");
}

TEST(ControlAnswer, IsReadFromTheWholeResponse) {
  const auto answer = parse_answer("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_TRUE(parse_answer("HTTP/1.1 200 OK\r\n\r\nwithout a length"));
  for (const char* odd : {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
                          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "", "HTTP/1.1 200 OK\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 xyz\r\n\r\n"}) {
    EXPECT_FALSE(parse_answer(odd)) << odd;
  }
}

}  // namespace hyalite
