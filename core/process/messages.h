// All that the processes say to each other.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/log.h"
#include "process/channel.h"
#include "process/denied_call.h"

namespace hyalite {

// Text inside a message of fixed size; what does not fit is cut off. Read as it is sent by
// processes that run plugins: up to the first NUL or the end, any bytes.
template <std::size_t kSize>
struct FixedText {
  std::array<char, kSize> bytes{};

  FixedText() = default;
  explicit FixedText(std::string_view text) {
    std::memcpy(bytes.data(), text.data(), std::min(text.size(), kSize));
  }
  std::string text() const {
    return std::string(bytes.begin(), std::find(bytes.begin(), bytes.end(), '\0'));
  }
};

// The numbers never change their meaning, and are not used again. Those marked * also pass between
// a master and a generation or an admin process of an older program, after an upgrade: they keep
// their form too.
enum class MessageNumber : std::uint16_t {
  begin = 1,
  go = 2,
  drain = 3,   // *
  stop = 4,    // *
  reopen = 5,  // *
  listen_request = 10,
  listen_answer = 11,
  prepared = 12,
  question_end = 13,
  ready = 14,
  failed = 15,
  worker_died = 16,
  worker_retired = 17,
  worker_started = 30,
  worker_failed = 31,
  adopt = 32,
  release = 33,
  live_view = 34,
  live_view_answer = 35,
  retire = 36,
  confined = 37,
  signer_begin = 40,
  signer_end = 41,
  signer_ready = 42,
  signer_replaced = 43,
  signer_denied = 44,
  kept = 50,
  picture = 51,
  add_board = 52,
  add_questions = 53,
  board_finished = 54,
  folded = 55,
  command = 56,
  outcome = 57,  // *
};

template <MessageNumber kNumber>
struct Message {
  static constexpr auto kType = static_cast<std::uint16_t>(kNumber);
};

// ---- master to a process it started: generation, admin, checker

// The first one. Descriptors: the settings' text, the read end of the life pipe, the shared
// LoadNote (generation, checker) or the totals (admin), the memory of Refusals.
struct Begin : Message<MessageNumber::begin> {
  std::uint64_t generation = 0;
  std::uint8_t first = 0;        // the first of this service: says what needs saying once
  FixedText<4'096> file;         // the settings file, absolute: for messages and relative paths
  FixedText<64> user;            // instead of workers.user; empty: as the settings say
  FixedText<4'096> quarantined;  // words (crash_record.h), separated by spaces
};
// Every part of the change is prepared: serve.
struct Go : Message<MessageNumber::go> {};

// ---- generation to master

struct ListenRequest : Message<MessageNumber::listen_request> {
  FixedText<64> address;
  std::uint8_t transparent = 0;  // a Transparent
  std::uint32_t slots = 0;
};
// One per socket, in the order of the slots, with the socket; or one with an error and without.
// There may be more slots than were asked for: a group never shrinks.
struct ListenAnswer : Message<MessageNumber::listen_answer> {
  std::uint32_t slot = 0;
  std::uint32_t slots = 0;
  FixedText<64> address;  // what it really listens on
  FixedText<512> error;
};
// What the master has to know of the settings, which it does not read.
struct Prepared
    : Message<MessageNumber::prepared> {  // descriptors: the board, what was loaded (JSON)
  std::uint32_t workers = 0;
  std::uint32_t draining_generations = 0;
  std::uint32_t worker_crashes = 0, quarantine = 0;  // so often ...
  std::uint64_t worker_crashes_within_ms = 0, quarantine_within_ms = 0;
  std::uint64_t drain_ms = 0, stop_ms = 0;
  FixedText<4'096> released;  // names of plugins in quarantine that are another build now
};
// The asking end of a worker's live view. One per worker, after Prepared.
struct QuestionEnd : Message<MessageNumber::question_end> {  // descriptor: the end
  std::uint32_t worker = 0;
};
// All workers accept. Of the checker: nothing is wrong.
struct Ready : Message<MessageNumber::ready> {
  std::uint32_t state_format =
      0;  // which form of a master's state this program reads (master_state.h)
};
// It will not come to serve; the process ends. Also sent by the admin process and the checker.
struct Failed : Message<MessageNumber::failed> {
};  // descriptors: why, as text and as JSON (failure.h)

// `killed`: by somebody else's signal. hang: inside a plugin; stall: its loop stood still outside of
// any. memory: it did not end in time after it had taken too much.
enum class DeathCause : std::uint8_t { crash, hang, exit, killed, stall, memory };
struct WorkerDied : Message<MessageNumber::worker_died> {
  std::uint32_t worker = 0;
  std::int32_t pid = 0;
  DeathCause cause = DeathCause::crash;
  FixedText<64> instance;  // whose code was running; empty: ours
  FixedText<32> hook;
  FixedText<48> how;    // "signal Aborted", "exit status 1"
  FixedText<64> build;  // as what that plugin was loaded
};
// It took too much memory: another one took its place, and it drains.
struct WorkerRetired : Message<MessageNumber::worker_retired> {
  std::uint32_t worker = 0;
  std::int32_t pid = 0;
  std::uint64_t bytes = 0;  // taken since it was forked
};

// ---- master to generation, generation to worker

// Newer workers accept. Deadline: timeouts.drain.
struct Drain : Message<MessageNumber::drain> {};
struct Stop : Message<MessageNumber::stop> {
  std::uint64_t deadline_ms = 0;
};
struct Reopen : Message<MessageNumber::reopen> {};

// ---- generation and worker

struct WorkerStarted : Message<MessageNumber::worker_started> {};
constexpr auto kWorkerFailed =
    static_cast<std::uint16_t>(MessageNumber::worker_failed);  // the body says why
// It can do no more than it must. Descriptor: where its denied calls are asked about (denials.h). Also from a generation
// that begins to load and from an admin process to the master, and from who signs to its keeper. The first one counts.
struct Confined : Message<MessageNumber::confined> {
  std::uint8_t mode = 0;  // a DeniedCalls
};
// The worker of these slots is gone; accept its clients until it is back.
struct Adopt : Message<MessageNumber::adopt> {
  std::uint32_t worker = 0;
};
struct Release : Message<MessageNumber::release> {
  std::uint32_t worker = 0;
};
// Another process has this place: drain, and leave questions to it.
struct Retire : Message<MessageNumber::retire> {};

// ---- generation and signer

// The first one, from the generation, still with the privileges of the start. Descriptors: the
// settings' text, the read end of the master's life pipe.
struct SignerBegin : Message<MessageNumber::signer_begin> {
  FixedText<4'096> file;   // the settings file, absolute
  FixedText<64> user;      // instead of workers.user; empty: as the settings say
  std::uint32_t ends = 0;  // so many ends follow; 0: only look whether the CA is fine
};
// Where workers ask, the same socket for all who take a worker's place. Descriptors: the signer's
// ends of some of them, at least one.
struct SignerEnd : Message<MessageNumber::signer_end> {};
// Everything is read, privileges are given up; or Failed.
struct SignerReady : Message<MessageNumber::signer_ready> {};
// The process that signs died, and another one has taken its place.
struct SignerReplaced : Message<MessageNumber::signer_replaced> {};
// It asked the kernel for something that it may not have.
struct SignerDenied : Message<MessageNumber::signer_denied> {
  std::uint8_t kind = 0;  // a DeniedKind
};

// ---- admin and worker

struct LiveView : Message<MessageNumber::live_view> {
  std::uint64_t question = 0;
  std::uint32_t most = 0;
};
// The body: the question's number in decimal, a line end, JSON.
constexpr auto kLiveViewAnswer = static_cast<std::uint16_t>(MessageNumber::live_view_answer);

// ---- master and admin

// Which listening sockets of the admin process the master keeps for the next one.
enum class KeptSocket : std::uint8_t { admin, admin_unix, control, install_page };
constexpr std::size_t kKeptSockets = 4;
// Sent both ways: by the master after Begin, and by the admin process when it is prepared, before
// it gives up its privileges.
struct Kept : Message<MessageNumber::kept> {  // descriptors: as many as are present, in their order
  std::array<std::uint8_t, kKeptSockets> present{};
  std::array<FixedText<108>, kKeptSockets> paths;  // of those that have one
  // Of the settings, which the master does not read, for its own lines: from the admin process.
  std::uint8_t log_level = static_cast<std::uint8_t>(LogLevel::info);
  std::uint8_t log_format = 0;  // a LogFormat
};

enum class GenerationState : std::uint8_t { loading, serving, draining, ending };
struct GenerationPicture {
  std::uint64_t number = 0;
  std::int32_t pid = 0;
  GenerationState state = GenerationState::loading;
  std::uint32_t workers = 0;
  std::int64_t since_ns = 0;  // wall time
};
// A worker that ended or was retired, and in whose code.
struct FaultPicture {
  std::int64_t at_ns = 0;  // wall time
  std::uint64_t generation = 0;
  std::uint32_t worker = 0;
  std::int32_t pid = 0;
  DeathCause cause = DeathCause::crash;
  FixedText<64> instance;  // empty: nobody's
  FixedText<32> hook;
  FixedText<48> how;
};
// What the master knows, sent whenever it changes.
struct Picture : Message<MessageNumber::picture> {
  // As many as may drain (limits.draining_generations), and some: of more, the newest.
  static constexpr std::size_t kMostGenerations = 128;
  std::int32_t master_pid = 0;
  std::int64_t started_ns = 0;  // wall time
  std::uint32_t generations = 0;
  std::array<GenerationPicture, kMostGenerations> generation{};
  std::uint64_t worker_deaths = 0, generation_deaths = 0, reloads = 0, failed_reloads = 0;
  FixedText<1'024>
      last_failure;  // the first lines of the last change that failed since the last that did not
  FixedText<4'096> quarantined;  // names, separated by spaces
  FixedText<2'048> listening;    // addresses, separated by spaces
  static constexpr std::size_t kMostFaults = 32;
  std::uint32_t faults = 0;
  std::array<FaultPicture, kMostFaults> fault{};  // the last ones, the newest last
  // What was denied to generations that loaded and to admin processes.
  std::array<std::uint64_t, kDeniedKindCount> denied{};
};
struct AddBoard : Message<MessageNumber::add_board> {  // descriptors: the board, what was loaded
  std::uint64_t generation = 0;
};
struct AddQuestions : Message<MessageNumber::add_questions> {  // descriptor: the end
  std::uint64_t generation = 0;
  std::uint32_t worker = 0;
};
// The generation ended: its counts go to the totals.
struct BoardFinished : Message<MessageNumber::board_finished> {
  std::uint64_t generation = 0;
};
struct Folded : Message<MessageNumber::folded> {
  std::uint64_t generation = 0;
};

// `release`: reload, and let plugins out of quarantine.
enum class CommandKind : std::uint8_t { reload, release, upgrade, reopen };
struct Command : Message<MessageNumber::command> {
  std::uint64_t number = 0;  // the admin process's own
  CommandKind kind = CommandKind::reload;
};
struct Outcome
    : Message<MessageNumber::outcome> {  // descriptors: as of Failed; what was done, when it was. Or
                                         // none, when these cannot be sent
  std::uint64_t command = 0;
  std::uint8_t done = 0;
};

}  // namespace hyalite
