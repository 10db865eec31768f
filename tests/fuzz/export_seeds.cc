// Makes seeds for the fuzz targets out of the corpus: export_seeds CORPUS TARGET... DIRECTORY writes DIRECTORY/TARGET/*.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/corpus/cases.h"
#include "tests/support/client_hello_builder.h"

namespace {

using corpus::Case;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool is_request(const Case& made) { return made.tested == corpus::Tested::request; }

std::string exchange(const Case& made) {
  std::string seed;
  if (is_request(made)) {
    seed = "\xfe" "C" + made.bytes;
    for (const std::string& answer : made.answers) seed += "\xfe" "U" + answer;
    if (made.answers.empty()) seed += "\xfe" "U" + kOk;
  } else {
    seed = "\xfe" "C";
    for (const std::string& request : made.asked) seed += request;
    if (made.asked.empty()) seed += kGet;
    seed += "\xfe" "U" + made.bytes;
  }
  if (made.ends) seed += is_request(made) ? "\xfe" "c" : "\xfe" "u";
  return seed;
}

std::string heads(const Case& made) {
  char choice = is_request(made) ? '\0' : '\1';
  if (!made.asked.empty()) {
    const std::string& asked = made.asked[0];
    if (asked.rfind("HEAD ", 0) == 0) choice |= 2;
    if (asked.rfind("CONNECT ", 0) == 0) choice |= 4;
    if (asked.find("HTTP/1.0") != std::string::npos) choice |= 8;
    if (asked.find("Upgrade") != std::string::npos) choice |= 16;
  }
  return std::string(1, choice) + std::string(1, '\0') + '\x18' + made.bytes.substr(0, 4'000);
}

std::string bodies(const Case& made) {
  const std::size_t end = made.bytes.find("\r\n\r\n");
  const bool chunked = made.bytes.find("chunked") < end;
  return end == std::string::npos || !chunked ? "" : "\x02" + made.bytes.substr(end + 4);
}

std::string edits(const Case& made) {
  const std::size_t end = made.bytes.find("\r\n\r\n");
  if (end == std::string::npos) return "";
  // The same head, and its fields as edits of a plugin.
  std::string seed = is_request(made) ? kGet : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\n";
  for (std::size_t at = made.bytes.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = made.bytes.find("\r\n", at);
    const std::string line = made.bytes.substr(at, line_end - at);
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) seed += "\xfe" "\1" + line.substr(0, colon) + "\xfd" + line.substr(std::min(colon + 2, line.size()));
    at = line_end + 2;
  }
  return seed;
}

std::string client_hello(const Case& made) { return is_request(made) ? "\3" + made.bytes.substr(0, 300) : ""; }

std::string records(const Case& made) { return made.bytes; }

// Names, and what looks like some.
std::string lists(const Case& made) { return made.section == "Host" ? made.bytes + "ads.example # a remark\n*.b.example\n0.0.0.0 c.example\n" : ""; }

// A conversation, and a script of bytes that differ from case to case.
std::string plugins(const Case& made) {
  std::uint32_t n = static_cast<std::uint32_t>(made.line) * 2'654'435'761U + 1;
  std::string seed = "\x20";
  for (int i = 0; i < 64; ++i) seed += static_cast<char>((n = n * 1'664'525U + 1'013'904'223U) >> 24);
  return seed + exchange(made);
}

// The values of the fields, each in all places where a secret may stand.
std::string redaction(const Case& made) {
  const std::size_t colon = made.bytes.find(": ");
  if (colon == std::string::npos) return "";
  const std::string value = made.bytes.substr(colon + 2, made.bytes.find("\r\n", colon) - colon - 2);
  return std::string(1, static_cast<char>(made.line % 72)) + "a=1&" + value + "\xfe" + value + "\xfe" "s\xfe; Path=/; token=" + value;
}

std::string hello() {
  return "\7" + hyalite::ClientHelloBuilder{}.server_name("a.example").alpn({"h2", "http/1.1"}).supported_versions({0x0304, 0x0303}).records(100);
}

using Make = std::string (*)(const Case&);

Make maker(const std::string& target) {
  if (target == "exchange") return exchange;
  if (target == "heads") return heads;
  if (target == "bodies") return bodies;
  if (target == "edits") return edits;
  if (target == "records") return records;
  if (target == "plugins") return plugins;
  if (target == "redaction") return redaction;
  if (target == "lists") return lists;
  return target == "client_hello" ? client_hello : nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const auto cases = corpus::read_corpus(argv[1]);
  for (int i = 2; i < argc - 1; ++i) {
    const Make make = maker(argv[i]);
    const std::filesystem::path directory = std::filesystem::path(argv[argc - 1]) / argv[i];
    std::filesystem::create_directories(directory);
    if (make == client_hello) std::ofstream(directory / "hello", std::ios::binary) << hello();
    std::size_t n = 0;
    for (const Case& made : cases) {
      const std::string seed = make != nullptr && !made.variant ? make(made) : "";
      if (seed.empty() || seed.size() > 8'192) continue;
      std::ofstream(directory / ("corpus-" + std::to_string(++n)), std::ios::binary) << seed;
    }
  }
  return 0;
}
