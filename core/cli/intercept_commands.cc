// hyalite intercept: brings traffic to the proxy.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "interception/installer.h"
#include "interception/iptables_text.h"
#include "interception/plan_text.h"
#include "interception/watch.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

int complain(const std::string& what) {
  print(stderr, "hyalite intercept: " + what + '\n');
  return kExitFailed;
}

// The settings, as they were read; nothing, and every mistake on stderr, when they are wrong.
struct Source {
  std::string text;
  Settings settings;
};

std::optional<Source> read_source(const std::string& path) {
  const SettingsRead read = read_settings_file(path);
  if (!read) {
    print(stderr, text_of(read.mistakes));
    return std::nullopt;
  }
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  if (intercepts(read.settings)) return Source{text.str(), read.settings};
  complain(path +
           " intercepts nothing: name interception.client_interfaces, or interception.local, or "
           "listeners[].anyip");
  return std::nullopt;
}

int plan(const InterceptCommand& command) {
  const auto source = read_source(command.settings_file);
  if (!source) return kExitFailed;
  const auto plan =
      make_plan(source->settings, look_at_machine(source->settings), {command.keep_open});
  if (!plan) return complain(plan.error().text);
  if (command.json) {
    print(stdout, plan_json(*plan, command.iptables));
  } else if (command.iptables) {
    print(stdout, command.undo ? shell_text(iptables_commands_off(*plan), notes_off(*plan))
                               : shell_text(iptables_commands_on(*plan), iptables_notes(*plan)));
  } else {
    print(stdout, command.undo ? shell_text(commands_off(*plan), notes_off(*plan))
                               : shell_text(commands_on(*plan), plan->notes));
  }
  return kExitDone;
}

int on(const InterceptCommand& command) {
  const auto source = read_source(command.settings_file);
  if (!source) return kExitFailed;
  const auto plan =
      make_plan(source->settings, look_at_machine(source->settings), {command.keep_open});
  if (!plan) return complain(plan.error().text);
  const auto done =
      switch_on({source->settings, *plan, command.settings_file, command.keep_open, source->text});
  if (!done) return complain(done.error().text);
  for (const std::string& note : plan->notes) print(stdout, "note: " + note + '\n');
  print(stdout, "interception is on\n");
  return kExitDone;
}

int off(const InterceptCommand& command) {
  const SystemClock clock;
  const auto done = switch_off(Seconds(command.drain_seconds), clock);
  if (!done) return complain(done.error().text);
  if (done->cut_off > 0)
    print(stderr, "hyalite intercept: " + std::to_string(done->cut_off) +
                      (done->cut_off == 1 ? " connection" : " connections") +
                      " through the proxy had not ended: cut off\n");
  print(stdout, done->was_on ? "interception is off\n" : "interception was off already\n");
  return kExitDone;
}

std::string comparison_json(const Comparison& found, const std::vector<PacketCount>& counts) {
  std::string differences, packets;
  for (const Difference& it : found.differences)
    differences += (differences.empty() ? "" : ",") + std::string("{\"kind\":") +
                   json_string(name_of(it.kind)) + ",\"what\":" + json_string(it.what) + '}';
  for (const PacketCount& it : counts)
    packets += (packets.empty() ? "" : ",") + std::string("{\"chain\":") + json_string(it.chain) +
               ",\"deed\":" + json_string(it.deed) + ",\"packets\":" + std::to_string(it.packets) +
               '}';
  const auto truth = [](bool it) { return std::string(it ? "true" : "false"); };
  return "{\"on\":" + truth(found.any) + ",\"complete\":" + truth(found.complete) +
         ",\"keep_open\":" + truth(found.keep_open) + ",\"differences\":[" + differences +
         "],\"counts\":[" + packets + "]}\n";
}

std::string comparison_text(const Comparison& found, const std::vector<PacketCount>& counts) {
  if (!found.any) return "interception is off\n";
  const bool fine = found.complete && found.differences.empty();
  std::string text =
      fine ? "interception is on, as planned\n"
           : "interception is on, but not as planned (`hyalite intercept on` mends it)\n";
  if (!found.complete) text += "  unfinished: `on` or `off` did not come to its end\n";
  if (found.keep_open) text += "  connections that were open before go on without the proxy\n";
  for (const Difference& it : found.differences)
    text += "  " + std::string(name_of(it.kind)) + ": " + it.what + '\n';
  for (const PacketCount& it : counts)
    text += "  chain " + it.chain + ", " + it.deed + ": " + std::to_string(it.packets) +
            (it.packets == 1 ? " packet\n" : " packets\n");
  return text;
}

int show(const InterceptCommand& command) {
  const SettingsRead read = read_settings_file(command.settings_file);
  if (!read) {
    print(stderr, text_of(read.mistakes));
    return kExitCannotSay;
  }
  const auto found = compare(read.settings, look_at_machine(read.settings));
  if (!found) {
    complain(found.error().text);
    return kExitCannotSay;
  }
  const auto counts = packet_counts();
  const std::vector<PacketCount> none;
  print(stdout, command.json ? comparison_json(*found, counts ? *counts : none)
                             : comparison_text(*found, counts ? *counts : none));
  if (!found->any) return kExitNotRunning;
  return found->complete && found->differences.empty() ? kExitDone : kExitFailed;
}

int watch() {
  Log log;
  log.set_process("watch");
  const SystemClock clock;
  return complain(watch_interception(clock, log).text);
}

}  // namespace

int intercept(const InterceptCommand& command) {
  switch (command.what) {
    case InterceptCommand::What::plan:
      return plan(command);
    case InterceptCommand::What::on:
      return on(command);
    case InterceptCommand::What::off:
      return off(command);
    case InterceptCommand::What::show:
      return show(command);
    case InterceptCommand::What::watch:
      return watch();
  }
  return kExitUsage;
}

}  // namespace hyalite
