// The master: what the other processes say, and what their end means.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "process/master.h"

namespace hyalite {

namespace {

// Boards whose counts nobody could add up yet.
constexpr std::size_t kMostFinished = 64;

LogSettings log_settings(const Kept& kept) {
  constexpr auto kMostLevel = static_cast<std::uint8_t>(LogLevel::debug);
  constexpr auto kMostFormat = static_cast<std::uint8_t>(LogFormat::journal);
  return {static_cast<LogLevel>(std::min(kept.log_level, kMostLevel)),
          static_cast<LogFormat>(std::min(kept.log_format, kMostFormat))};
}

}  // namespace

void Master::on_generation_message(GenerationPart& part, Received message) {
  if (const auto request = message.as<ListenRequest>()) return answer_listen(part, *request);
  if (const auto death = message.as<WorkerDied>()) return on_worker_died(part, *death);
  if (const auto retired = message.as<WorkerRetired>()) return on_worker_retired(part, *retired);
  if (const auto confined = message.as<Confined>(1))
    return part.denials.begin(std::move(message.fds[0]), *confined);
  if (auto failure = told_failure(message)) {
    part.failure = std::move(failure);
    part.kill_at = clock_.now() + kPatience;
  } else if (const auto prepared = message.as<Prepared>(2); prepared && part.limits.workers == 0) {
    part.limits = *prepared;
    // Its workers have somebody else to ask, which they can have once nobody is here
    // (confinement.h).
    part.denials.end();
    part.board = std::move(message.fds[0]);
    part.plugins = std::move(message.fds[1]);
  } else if (message.as<QuestionEnd>(1) && part.questions.size() < part.limits.workers) {
    part.questions.emplace_back(std::move(message.fds[0]));
    advance();
  } else if (message.as<Ready>() && change_ && change_->generation == part.number) {
    commit(part);
  }
}

void Master::answer_listen(GenerationPart& part, const ListenRequest& request) {
  ListenAnswer answer;
  const auto refuse = [&](const std::string& why) {
    answer.error = FixedText<512>(why);
    (void)part.child.channel.send(answer);
  };
  const auto address = Address::parse(request.address.text());
  if (!address || request.transparent > static_cast<std::uint8_t>(Transparent::no))
    return refuse("odd request");
  if (stopping_) return refuse("the service stops");
  const auto group =
      sockets_.provide(*address, static_cast<Transparent>(request.transparent), request.slots);
  if (!group) return refuse(group.error().text);
  part.listeners.insert(*address);
  answer.slots = static_cast<std::uint32_t>((*group)->slots.size());
  answer.address = FixedText<64>((*group)->bound.text());
  for (; answer.slot < answer.slots; ++answer.slot) {
    (void)part.child.channel.send(answer, {(*group)->slots[answer.slot].get()});
  }
}

void Master::remember(FaultPicture fault) {
  fault.at_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.wall_time().time_since_epoch())
          .count();
  if (faults_.size() == Picture::kMostFaults) faults_.pop_front();
  faults_.push_back(fault);
  picture_old_ = true;
}

// Whoever asked waits for the answer.
void Master::on_denied(Denials& denials, const std::string& part, const Child& child,
                       const LoadNote::Running& running) {
  const auto denied = denials.answer_one(clock_.now());
  if (!denied) return;
  ++denied_[static_cast<std::size_t>(denied->call.kind)];
  picture_old_ = true;
  if (!denied->to_say) return;
  log_.warning("seccomp.denied", {{"part", part},
                                  {"pid", std::to_string(child.pid)},
                                  {"call", denied->call.name},
                                  {"times", std::to_string(*denied->to_say)},
                                  {"plugin", running.instance.empty() ? "none" : running.instance},
                                  {"hook", running.hook.empty() ? "none" : running.hook}});
}

void Master::on_worker_retired(const GenerationPart& part, const WorkerRetired& retired) {
  remember({0,
            part.number,
            retired.worker,
            retired.pid,
            DeathCause::memory,
            {},
            {},
            FixedText<48>("took " + std::to_string(retired.bytes) + " bytes")});
}

void Master::on_worker_died(const GenerationPart& part, const WorkerDied& death) {
  ++worker_deaths_;
  remember({0, part.number, death.worker, death.pid, death.cause, death.instance, death.hook,
            death.how});
  const std::string instance = death.instance.text();
  const auto advice = record_.on_death(instance, death.build.text(), clock_.now());
  if (stopping_ || advice == CrashRecord::Advice::go_on) return;
  if (advice == CrashRecord::Advice::quarantine) {
    log_.error("plugin.quarantined", {{"plugin", instance}, {"hook", death.hook.text()}});
  } else {
    log_.error("master.crashes", {{"why", "workers died too often: a fresh generation"}});
  }
  const Cause cause =
      advice == CrashRecord::Advice::quarantine ? Cause::quarantine : Cause::crashes;
  // A generation that is being loaded already does not know yet what was learned now.
  if (change_ || upgrade_) return waiting_.add(cause);
  if (last_good_) begin_change(cause, Fd(::fcntl(last_good_.get(), F_DUPFD_CLOEXEC, 0)), {});
}

void Master::on_generation_ended(GenerationPart& part, int status) {
  picture_old_ = true;
  const bool changing = change_ && change_->generation == part.number;
  if (part.board) {
    // Workers that served already drain by themselves.
    const bool began = changing && change_->gone;
    // Told once more, it harms nobody; of a board that was never told the admin process could not say that it was added up.
    tell_who_stays(part);
    const bool orphans = began || part.state == GenerationState::serving;
    const Milliseconds drain =
        orphans && !stopping_ ? Milliseconds(part.limits.drain_ms) : Milliseconds{0};
    if (finished_.size() >= kMostFinished) finished_.erase(finished_.begin());
    finished_.push_back({part.number, std::move(part.board), clock_.now() + drain, false});
  }
  if (changing) return fail_change(part.failure ? *part.failure : loading_died(part, status));
  if (part.state != GenerationState::serving || stopping_) {
    log_.info("generation.ended", {{"generation", std::to_string(part.number)}});
    return;
  }
  ++generation_deaths_;
  log_.error(
      "generation.died",
      {{"generation", std::to_string(part.number)},
       {"status", std::to_string(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))}});
  const auto lived = clock_.wall_time() - part.since;
  replace_at_ =
      clock_.now() + generation_backoff_.after(std::chrono::duration_cast<Milliseconds>(lived));
  // Nobody accepts until it is replaced, and a check may take minutes.
  if (upgrade_)
    give_up_checker("the generation that serves died meanwhile; the running program goes on. Upgrade again");
}

void Master::on_admin_message(AdminPart& part, Received message) {
  if (const auto command = message.as<Command>()) return on_command(part, *command);
  if (const auto confined = message.as<Confined>(1))
    return part.denials.begin(std::move(message.fds[0]), *confined);
  if (auto failure = told_failure(message)) {
    part.failure = std::move(failure);
    part.kill_at = clock_.now() + kPatience;
    return;
  }
  if (const auto folded = message.as<Folded>(); folded && part.state == AdminPart::State::serving) {
    std::erase_if(finished_,
                  [&](const FinishedBoard& board) { return board.number == folded->generation; });
    return;
  }
  const std::size_t sent = message.fds.size();
  const auto kept = message.as<Kept>(sent);
  if (!kept || part.state != AdminPart::State::preparing) return;
  if (static_cast<std::size_t>(std::count_if(kept->present.begin(), kept->present.end(),
                                             [](auto p) { return p != 0; })) != sent)
    return;
  for (std::size_t i = 0, next = 0; i < kKeptSockets; ++i) {
    if (kept->present[i] != 0)
      part.listeners[i] = {std::move(message.fds[next++]), kept->paths[i].text()};
  }
  part.log = log_settings(*kept);
  part.state = AdminPart::State::prepared;
  if (change_ && change_->admin == part.child.pid) return advance();
  admit(part);
}

void Master::on_command(AdminPart& part, const Command& command) {
  const std::vector<Asker> asker = {{part.child.pid, command.number}};
  switch (command.kind) {
    case CommandKind::reload:
      return ask_reload(asker);
    case CommandKind::release:
      record_.release_all();
      return ask_reload(asker);
    case CommandKind::upgrade:
      return ask_upgrade(asker);
    case CommandKind::reopen:
      on_signal(SIGUSR1);
      // Plugins do it in each worker, on threads of theirs: how it went is not known here.
      return answer(asker, true, {"files are being opened again; what cannot be opened is logged\n"});
  }
  answer(asker, false, {"the master does not know this command\n"});
}

void Master::on_admin_ended(AdminPart& part, int status) {
  if (change_ && change_->admin == part.child.pid) {
    const Error died{Fault::us, "the admin process died while it was prepared"};
    return fail_change(part.failure ? *part.failure : Failure::of(died, options_.settings_file));
  }
  if (part.state == AdminPart::State::leaving || stopping_) return;
  log_.error("admin.died",
             {{"why", part.failure ? part.failure->text : "status " + std::to_string(status)}});
  const auto lived = std::chrono::duration_cast<Milliseconds>(clock_.now() - part.since);
  admin_at_ = clock_.now() + admin_backoff_.after(lived);
}

void Master::fold(std::uint64_t number) {
  AdminPart* current = roster_.serving_admin();
  // Until it was told to serve it does not know what the one before has added.
  if (current == nullptr || !current->gone) return;
  BoardFinished message;
  message.generation = number;
  if (!current->child.channel.send(message)) return;
  for (FinishedBoard& board : finished_) board.told |= board.number == number;
}

}  // namespace hyalite
