// A conversation that was held, and what came of it.
// SPDX-License-Identifier: MIT
#include "check/scene.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/text.h"
#include "harness/messages.h"
#include "http/body.h"
#include "http/connection.h"
#include "http/names.h"
#include "http/reader.h"
#include "websocket/frame_reader.h"

namespace hyalite {

namespace {

constexpr HeadLimits kHeads{std::size_t{4} << 20, 5'000};
constexpr BodyLimits kBodies{65'536, std::size_t{1} << 20, 5'000};

// The lines of a text, those of heads and trailers apart.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

std::string header_name(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view name = line.substr(0, colon);
  const bool is_token = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  return is_token ? to_lower(name) : std::string();
}

// ---- messages, as they mean the same however they are framed

// What of a head is not the host's: it frames as it must by what it knew of the body when the head left.
std::string without_framing(std::string_view head, std::size_t content) {
  std::string text = "[head]\r\n";
  for (const std::string_view line : lines_of(head)) {
    const std::string name = header_name(line);
    if (!is_framing_field(name)) {
      text += line;
      continue;
    }
    const std::string_view value = trim(line.substr(name.size() + 1, line.find_last_not_of("\r\n") - name.size()));
    if (const auto said = beside_framing(name, value, content)) text += name + ": " + *said + "\r\n";
  }
  return text;
}

struct Body {
  std::string text;         // with what became of it
  std::size_t content = 0;  // bytes
};

// Takes it off the front of `rest`.
Body take_body(Bytes& rest, const Framing& framing) {
  BodyReader reader(framing, kBodies);
  Body body{"[body]"};
  for (;;) {
    const Piece piece = reader.next(rest);
    rest.remove_prefix(piece.raw.size());
    switch (piece.kind) {
      case Piece::Kind::content:
        body.text += piece.raw;
        body.content += piece.raw.size();
        break;
      case Piece::Kind::framing: break;
      case Piece::Kind::trailers: body.text += "[trailers]\r\n" + std::string(piece.raw); break;
      case Piece::Kind::end: body.text += "[end]\n"; return body;
      case Piece::Kind::need_more:
        body.text += framing.kind == Framing::Kind::until_close ? "[end]\n" : "[unfinished]" + std::string(rest) + "\n";
        rest = {};
        return body;
      case Piece::Kind::refused:
        body.text += "[malformed]" + std::string(rest) + "\n";
        rest = {};
        return body;
    }
  }
}

// Messages of a WebSocket, without how they are framed and masked. Nothing: these bytes are none.
std::optional<std::string> read_frames(Bytes rest, FrameReader::From from) {
  FrameReader reader(from);
  std::string text, message;
  for (std::string control;;) {
    const FramePiece piece = reader.next(rest);
    std::string& part = is_control(reader.frame().opcode) ? control : message;
    switch (piece.kind) {
      case FramePiece::Kind::head: break;
      case FramePiece::Kind::payload: part += piece.clear; break;
      case FramePiece::Kind::refused: return std::nullopt;
      case FramePiece::Kind::need_more:
        return text + (reader.between_messages() ? "" : "[unfinished]" + message + control + std::string(reader.partial()) + "\n");
      case FramePiece::Kind::end:
        if (!reader.frame().final) break;
        text += "[message " + std::to_string(static_cast<int>(reader.message())) + "]" + part + "[end]\n";
        part.clear();
    }
  }
}

std::string read_tunnel(Bytes rest, FrameReader::From from) {
  if (rest.empty()) return {};
  return read_frames(rest, from).value_or("[bytes]" + std::string(rest));
}

// Nothing: there is no further message.
std::optional<Bytes> take_head(const HeadProgress& head, Bytes& rest) {
  if (head.step != HeadProgress::Step::complete) return std::nullopt;
  const Bytes raw = rest.substr(0, head.consumed);
  rest.remove_prefix(head.consumed);
  return raw;
}

std::string read_requests(Bytes rest, std::vector<Asked>& asked) {
  std::string text;
  RequestReader reader(kHeads);
  while (!rest.empty()) {
    RequestHead head;
    const HeadProgress progress = reader.read(rest, head);
    const auto raw = take_head(progress, rest);
    if (!raw) return text + read_tunnel(rest, FrameReader::From::client);
    asked.push_back(asked_by(head));
    const Body body = take_body(rest, progress.framing);
    text += without_framing(*raw, body.content) + body.text;
  }
  return text;
}

std::string read_responses(Bytes rest, const std::vector<Asked>& asked) {
  std::string text;
  ResponseReader reader(kHeads);
  for (std::size_t i = 0; !rest.empty();) {
    ResponseHead head;
    Asked about = i < asked.size() ? asked[i] : Asked{};
    about.complete = true;
    const HeadProgress progress = reader.read(rest, about, head);
    const auto raw = take_head(progress, rest);
    if (!raw) return text + "[bytes]" + std::string(rest);
    if (head.is_interim()) {
      text += without_framing(*raw, 0);
      continue;
    }
    if (progress.framing.kind == Framing::Kind::tunnel)
      return text + without_framing(*raw, 0) + "[tunnel]\n" + read_tunnel(rest, FrameReader::From::server);
    const Body body = take_body(rest, progress.framing);
    text += without_framing(*raw, body.content) + body.text;
    ++i;
  }
  return text;
}

Scene scene_of(const HeldFlow& talk, const std::string& said, std::vector<Ended>& ended) {
  Scene scene;
  std::vector<Asked> by_client, by_us;
  read_requests(said, by_client);
  scene.to_upstream = read_requests(talk.got(Side::upstream), by_us);
  scene.to_client = read_responses(talk.got(Side::client), by_client);
  scene.fate = talk.fate();
  for (Ended& one : ended) {
    if (one.flow == talk.id()) scene.ended.push_back(std::move(one.text));
  }
  return scene;
}

void say_end(HeldFlow& talk) {
  talk.end(Side::upstream);
  talk.end(Side::client);
}

// While it lives, ends are written down.
class Listening {
 public:
  Listening() { Layer::get().ended = &ended; }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { Layer::get().ended = nullptr; }
  std::vector<Ended> ended;
};

// ---- comparing

std::string around(std::string_view text, std::size_t at) {
  const std::size_t from = at < 20 ? 0 : at - 20;
  return printable(text.substr(std::min(from, text.size()), 60));
}

void compare(std::string_view one, std::string_view another, const char* what, SceneDifference& found) {
  if (one == another) return;
  const auto a = lines_of(one), b = lines_of(another);
  if (a.size() == b.size()) {
    bool headers_only = true;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] == b[i]) continue;
      const std::string name = header_name(a[i]);
      if (name.empty() || name != header_name(b[i])) headers_only = false;
      else found.headers.insert(name);
    }
    if (headers_only) return;
  }
  const auto [at, with] = std::mismatch(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(std::min(one.size(), another.size())), another.begin());
  const auto place = static_cast<std::size_t>(at - one.begin());
  if (found.other.empty())
    found.other = std::string(what) + " \"" + around(another, place) + "\" instead of \"" + around(one, place) + "\"";
}

std::string without_values(std::string_view text, const std::set<std::string>& headers) {
  std::string out;
  for (const std::string_view line : lines_of(text)) {
    const std::string name = header_name(line);
    out += headers.contains(name) ? name + ": [any]\r\n" : std::string(line);
  }
  return out;
}

}  // namespace

std::vector<std::string_view> Cutting::pieces(std::string_view line) const {
  std::vector<std::string_view> all;
  while (!line.empty()) {
    std::size_t size = line.size();
    if (way == Way::at && all.empty() && place > 0 && place < line.size()) size = place;
    if (way == Way::drips) size = 1;
    if (way == Way::anyhow) size = 1 + random->below(random->below(3) == 0 ? 4 : line.size());
    all.push_back(line.substr(0, size));
    line.remove_prefix(std::min(size, line.size()));
  }
  return all;
}

std::string Cutting::text() const {
  switch (way) {
    case Way::whole: return "whole";
    case Way::at: return "cut behind byte " + std::to_string(place);
    case Way::drips: return "byte by byte";
    case Way::anyhow: return "cut anyhow";
  }
  return {};
}

Scene perform(World& world, const Conversation& conversation, const Cutting& cutting) {
  Listening listening;
  std::string said;
  HeldFlow talk(world, conversation.handshakes);
  for (const Line& line : conversation.lines) {
    if (line.from == Side::client) said += line.bytes;
    for (const std::string_view piece : cutting.pieces(line.bytes)) talk.say(line.from, piece);
  }
  say_end(talk);
  const std::string fate = talk.fate();
  talk.cut();
  Scene scene = scene_of(talk, said, listening.ended);
  scene.fate = fate;
  return scene;
}

std::vector<Scene> perform_interleaved(World& world, const std::vector<Conversation>& all, Random& random) {
  struct Part {
    std::unique_ptr<HeldFlow> talk;
    std::vector<Line> left;
    std::string said, fate;
  };
  Listening listening;
  std::vector<Part> parts;
  for (const Conversation& conversation : all) {
    Part part{std::make_unique<HeldFlow>(world, conversation.handshakes), {}, {}, {}};
    for (const Line& line : conversation.lines) {
      if (line.from == Side::client) part.said += line.bytes;
      for (const std::string_view piece : Cutting{Cutting::Way::anyhow, 0, &random}.pieces(line.bytes))
        part.left.push_back({line.from, std::string(piece)});
    }
    std::reverse(part.left.begin(), part.left.end());
    parts.push_back(std::move(part));
  }
  for (std::size_t under_way = parts.size(); under_way > 0;) {
    Part& part = parts[random.below(parts.size())];
    if (!part.fate.empty()) continue;
    if (!part.left.empty()) {
      part.talk->say(part.left.back().from, part.left.back().bytes);
      part.left.pop_back();
      continue;
    }
    say_end(*part.talk);
    part.fate = part.talk->fate();
    part.talk->cut();
    --under_way;
  }
  std::vector<Scene> scenes;
  for (Part& part : parts) {
    scenes.push_back(scene_of(*part.talk, part.said, listening.ended));
    scenes.back().fate = part.fate;
  }
  return scenes;
}

SceneDifference difference(const Scene& one, const Scene& another) {
  SceneDifference found;
  compare(one.to_upstream, another.to_upstream, "upstream gets", found);
  compare(one.to_client, another.to_client, "the client gets", found);
  if (one.fate != another.fate && found.other.empty()) found.other = "the flow is " + another.fate + " instead of " + one.fate;
  if (one.ended != another.ended && found.other.empty()) {
    const std::size_t most = std::max(one.ended.size(), another.ended.size());
    for (std::size_t i = 0; i < most; ++i) {
      const std::string a = i < one.ended.size() ? one.ended[i] : "nothing", b = i < another.ended.size() ? another.ended[i] : "nothing";
      if (a == b) continue;
      found.other = "the end is told as \"" + b + "\" instead of \"" + a + "\"";
      break;
    }
  }
  return found;
}

Scene without(Scene scene, const std::set<std::string>& headers) {
  if (headers.empty()) return scene;
  scene.to_upstream = without_values(scene.to_upstream, headers);
  scene.to_client = without_values(scene.to_client, headers);
  return scene;
}

}  // namespace hyalite
