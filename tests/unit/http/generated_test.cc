// Valid messages made at random: read in every way they can be cut, they are what they were made to be.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "reading.h"

namespace hyalite {

namespace {

// Always the same messages: a failure can be looked at again.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <std::size_t N>
  std::string any(const char* const (&choices)[N]) {
    return choices[below(N)];
  }
  std::string text(std::string_view characters, std::size_t least, std::size_t most) {
    std::string out;
    for (std::size_t n = least + below(most - least + 1); n > 0; --n)
      out += characters[below(characters.size())];
    return out;
  }
  std::string token() { return text("abcXYZ019!#$%&'*+-.^_`|~", 1, 8); }
  std::string space() { return one_in(3) ? text(" \t", 0, 3) : " "; }
  std::string value() {
    std::string out = text("abc XYZ\t,;=\"\\()\x80\xff\xc3\xa4", 0, 20);
    while (!out.empty() && (out.front() == ' ' || out.front() == '\t')) out.erase(0, 1);
    while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
    return out;
  }
  std::string cased(std::string text) {
    for (char& c : text) {
      if (one_in(3)) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return text;
  }

  struct Made {
    std::string name, value, line;
  };
  Made field() {
    Made made{"X-" + token(), value(), ""};
    made.line =
        made.name + ":" + space() + made.value + (one_in(4) ? text(" \t", 0, 2) : "") + "\r\n";
    return made;
  }

 private:
  std::mt19937 random_;
};

struct MadeMessage {
  std::string head, body, content, trailers, verdict;
  std::vector<Generator::Made> fields;
};

void make_chunks(Generator& g, MadeMessage& made) {
  for (std::size_t n = g.below(4); n > 0; --n) {
    const std::string data = g.text("abc\r\n0;\xff", 1, 20);
    char size[32];
    std::snprintf(size, sizeof size, g.one_in(2) ? "%zx" : "%04zX", data.size());
    made.body += size;
    if (g.one_in(3)) made.body += ";" + g.token();
    if (g.one_in(4)) made.body += ";" + g.token() + "=" + g.token();
    if (g.one_in(4)) made.body += ";q=\"" + g.text("ab ;=\t\xe4", 0, 5) + "\\\"\"";
    made.body += "\r\n" + data + "\r\n";
    made.content += data;
  }
  made.body += g.one_in(2) ? "0\r\n" : "000;end\r\n";
  for (std::size_t n = g.below(3); n > 0; --n) made.trailers += g.field().line;
  made.body += made.trailers + "\r\n";
}

void add(MadeMessage& made, Generator& g, const std::string& name, const std::string& value) {
  Generator::Made field{g.cased(name), value, ""};
  field.line = field.name + ": " + value + "\r\n";
  const auto at = static_cast<std::ptrdiff_t>(g.below(made.fields.size() + 1));
  made.fields.insert(made.fields.begin() + at, field);
}

void finish(MadeMessage& made, const std::string& start_line) {
  made.head = start_line + "\r\n";
  for (const auto& field : made.fields) made.head += field.line;
  made.head += "\r\n";
}

MadeMessage make(Generator& g, bool request) {
  MadeMessage made;
  const bool chunked = g.one_in(2), old = !chunked && g.one_in(4);
  for (std::size_t n = g.below(6); n > 0; --n) made.fields.push_back(g.field());
  if (request)
    add(made, g, "host", g.any({"a.example", "[2001:db8::1]:8080", "x_y:80", "192.0.2.1"}));
  if (g.one_in(3))
    add(made, g, "connection", g.any({"close", "keep-alive, x-y", "TE, , Close", ""}));
  if (chunked) {
    make_chunks(g, made);
    add(made, g, "transfer-encoding", g.cased("chunked"));
    made.verdict = "chunked";
  } else {
    made.content = made.body = g.text("abc\r\n\xff", 0, 30);
    add(made, g, "content-length", std::to_string(made.body.size()));
    made.verdict = made.body.empty() ? "none" : "length " + std::to_string(made.body.size());
  }
  const std::string version = old ? "HTTP/1.0" : "HTTP/1.1";
  if (request) {
    finish(made, g.token() + " /" + g.text("abc?/%=\xe4|", 0, 10) + " " + version);
  } else {
    finish(made, version + " " + g.any({"200", "404 Not Found", "999 \xe4", "500 "}));
  }
  return made;
}

std::string expected_fields(const MadeMessage& made) {
  std::string out;
  for (const auto& field : made.fields)
    out.append(field.name + "=" + field.value + "[" + field.line + "]\n");
  return out;
}

// All that came, cut in one way: heads and bodies of several messages behind each other.
std::string read_all(const std::vector<MadeMessage>& messages, bool requests, const Cuts& cuts) {
  std::string stream, out;
  for (const MadeMessage& message : messages) stream += message.head + message.body;
  Arriving input;
  RequestReader request_reader(kTestLimits);
  ResponseReader response_reader(kTestLimits);
  RequestHead request;
  ResponseHead response;
  BodyReader body;
  bool in_body = false;
  for (std::string_view arrived : pieces_of(stream, cuts)) {
    input.arrive(arrived);
    for (bool more = true; more;) {
      if (!in_body) {
        const HeadProgress progress = requests ? request_reader.read(input.bytes(), request)
                                               : response_reader.read(input.bytes(), {}, response);
        if (progress.step == HeadProgress::Step::refused) return out + verdict_of(progress);
        more = progress.step == HeadProgress::Step::complete;
        if (more) {
          out += "head " + verdict_of(progress) + " " +
                 std::string(requests ? request.raw() : response.raw()) + "\n" +
                 fields_text(requests ? static_cast<const Fields&>(request) : response) +
                 "content ";
          body = BodyReader(progress.framing, {});
          in_body = true;
        }
        input.take(progress.consumed);
        continue;
      }
      const Piece piece = body.next(input.bytes());
      if (piece.kind == Piece::Kind::refused) return out + refusal_text(piece.refusal);
      if (piece.kind == Piece::Kind::content) out += piece.raw;
      if (piece.kind == Piece::Kind::trailers) out += "\ntrailers " + std::string(piece.raw);
      if (piece.kind == Piece::Kind::end) out += "\nend\n";
      more = piece.kind != Piece::Kind::need_more;
      in_body = piece.kind != Piece::Kind::end;
      input.take(piece.raw.size());
    }
  }
  return out;
}

std::string expected(const std::vector<MadeMessage>& messages) {
  std::string out;
  for (const MadeMessage& message : messages) {
    out += "head " + message.verdict + " " + message.head + "\n" + expected_fields(message) +
           "content " + message.content;
    if (!message.trailers.empty()) out += "\ntrailers " + message.trailers;
    out += "\nend\n";
  }
  return out;
}

void try_messages(bool requests) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    Generator g(seed);
    std::vector<MadeMessage> messages;
    std::size_t size = 0;
    for (std::size_t n = 1 + g.below(3); n > 0; --n) {
      messages.push_back(make(g, requests));
      size += messages.back().head.size() + messages.back().body.size();
    }
    const std::string wanted = expected(messages);
    ASSERT_EQ(show(read_all(messages, requests, {})), show(wanted)) << "seed " << seed;
    for (const Cuts& cuts : cuttings_of(size)) {
      ASSERT_EQ(read_all(messages, requests, cuts), wanted)
          << "seed " << seed << ", cut at " << (cuts.empty() ? 0 : cuts[0]);
    }
  }
}

}  // namespace

TEST(Generated, RequestsAreReadAsTheyWereMade) { try_messages(true); }
TEST(Generated, ResponsesAreReadAsTheyWereMade) { try_messages(false); }

}  // namespace hyalite
