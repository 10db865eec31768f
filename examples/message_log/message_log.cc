// Writes a line of JSON about each message of each WebSocket. Messages are seen when they have passed: nothing is delayed.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <hyalite/plugin.hpp>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

// A file that lines are added to; many processes may do so.
class LogFile {
 public:
  explicit LogFile(const std::string& path) : fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) {}
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool is_open() const { return fd_ >= 0; }
  bool add(std::string_view lines) const {
    while (!lines.empty()) {
      const ssize_t n = ::write(fd_, lines.data(), lines.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      lines.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

 private:
  const int fd_;
};

struct MessageLog : hyalite::Plugin<MessageLog> {
  static constexpr hyalite::Info info{"message-log", "1.0.0", "Logs the messages of WebSockets", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["file"],
    "properties": {
      "file": { "type": "string", "minLength": 1, "description": "lines are added to it" },
      "show_bytes": { "type": "integer", "minimum": 0, "maximum": 65536, "description": "so much of each message; 0: nothing" } } })";
  static constexpr std::size_t kWriteFrom = 64 * 1024;   // bytes of lines; fewer wait for the next tick
  static constexpr std::size_t kMostHeld = 1024 * 1024;  // a disk that is too slow for more loses lines, which are counted

  struct FlowState {
    std::string url;
  };
  // On its way to the disk; shared with the thread, which touches nothing else.
  struct Batch {
    std::shared_ptr<LogFile> file;
    std::string lines;
    std::uint64_t count = 0;
    bool tried = false;
    bool written = false;
    void write() {
      written = file->add(lines);
      tried = true;
    }
  };

  void configure(const hyalite::Settings& settings) {
    path = settings["file"].text();
    show_bytes = static_cast<std::uint64_t>(settings["show_bytes"].integer(256));
    define(lost, "message_log_lost_total", "Lines that were not written: the disk was too slow, or full.");
  }

  // The worker exists: from here on files may be written to.
  hyalite_status start(const hyalite_worker&) { return open_file() ? HYALITE_OK : HYALITE_E_FAILED; }
  void reopen() { open_file(); }
  void tick() { write_away(); }
  // What was on its way has ended by now, or come back.
  void stop() {
    if (file != nullptr && !file->add(lines)) lost.add(held);
  }

  void on_request_head(hyalite::Request& request) {
    const hyalite::MessageWish wish = hyalite::MessageWish::tap(show_bytes > 0 ? show_bytes : 1);
    if (request.want_messages(HYALITE_REQUEST, wish) != HYALITE_OK) return;  // it asks for no WebSocket
    request.want_messages(HYALITE_RESPONSE, wish);
    request.flow_state<FlowState>().url = std::string(request.authority()) + std::string(request.target());
  }

  void on_ws_message(hyalite::Flow& flow, hyalite_direction direction, hyalite::WebSocketMessage& message, FlowState& state) {
    std::string line = "{\"time\":" + std::to_string(wall_clock() / 1'000'000'000) + ",\"client\":\"" + hyalite::ip_text(flow.info().client) +
                       "\",\"url\":" + quoted(state.url) + ",\"from\":\"" + (direction == HYALITE_REQUEST ? "client" : "server") +
                       "\",\"kind\":\"" + kind(message) + "\",\"bytes\":" + std::to_string(message.length());
    if (message.is_close()) line += ",\"code\":" + std::to_string(message.close_code());
    // Of these the host has seen that they are UTF-8.
    if (show_bytes > 0 && (message.is_text() || message.is_close())) line += ",\"text\":" + quoted(whole_characters(message.payload(), message.truncated()));
    add(line + "}\n");
  }

  static const char* kind(const hyalite::WebSocketMessage& message) {
    if (message.is_text()) return "text";
    if (message.is_binary()) return "binary";
    if (message.is_close()) return "close";
    return message.opcode() == HYALITE_WS_PING ? "ping" : "pong";
  }
  // Text that was cut off may end in the middle of its last character: without that one.
  static std::string_view whole_characters(std::string_view text, bool cut) {
    std::size_t end = text.size();
    while (cut && end > 0 && (text[end - 1] & 0xC0) == 0x80) --end;
    if (cut && end > 0 && (text[end - 1] & 0x80) != 0) --end;
    return text.substr(0, end);
  }
  // As JSON.
  static std::string quoted(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (static_cast<unsigned char>(c) >= 0x20) {
        out += c;
      } else {
        out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      }
    }
    return out + '"';
  }

  bool open_file() {
    auto opened = std::make_shared<LogFile>(path);
    if (!opened->is_open()) {
      log(HYALITE_LOG_ERROR, "its file cannot be opened", {{"file", path}, {"why", std::strerror(errno)}});
      return false;
    }
    file = std::move(opened);
    return true;
  }
  void add(const std::string& line) {
    if (lines.size() + line.size() > kMostHeld) return lost.add();
    lines += line;
    ++held;
    if (lines.size() >= kWriteFrom) write_away();
  }
  // On one of the host's threads: every connection of this worker would wait for the disk, too.
  void write_away() {
    if (on_its_way || lines.empty()) return;
    const auto batch = std::make_shared<Batch>(Batch{file, std::move(lines), held});
    lines.clear();
    held = 0;
    const auto ended = [this, batch](hyalite_status) {
      on_its_way = false;
      if (!batch->tried) return take_back(*batch);
      if (!batch->written) lost.add(batch->count);
    };
    on_its_way = work([batch] { batch->write(); }, ended) != 0;
    if (!on_its_way) take_back(*batch);  // too much work waits already
  }
  void take_back(Batch& batch) {
    lines.insert(0, batch.lines);
    held += batch.count;
  }

  std::string path;
  std::uint64_t show_bytes = 0;
  std::shared_ptr<LogFile> file;
  std::string lines;  // that wait, in this worker
  std::uint64_t held = 0;
  bool on_its_way = false;
  hyalite::Counter lost;
};
HYALITE_PLUGIN(MessageLog)
