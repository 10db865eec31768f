// `hyalite doctor`: looks, judges, tries, reports.
// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include <poll.h>

#include <cstdio>
#include <utility>

#include "doctor/case.h"
#include "doctor/gather.h"
#include "doctor/lab_trial.h"
#include "doctor/live_trial.h"
#include "doctor/processes.h"
#include "doctor/report.h"
#include "interception/machine.h"
#include "interception/plan.h"
#include "lab/program.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

int cannot(const std::string& why) {
  std::fprintf(stderr, "hyalite doctor: %s\n", why.c_str());
  return kDoctorCannotSay;
}

// What `intercept on` would give to nft.
std::string packet_rules(const Settings& settings) {
  const Result<Plan> plan = make_plan(settings, look_at_machine(settings));
  if (!plan) return {};
  const std::vector<PacketTable> tables = plan->all<PacketTable>();
  return tables.empty() ? std::string() : nft_text(tables.front());
}

// The kernel's and the service's.
Counters all_counters(const Settings& settings) {
  Counters counters = kernel_counters();
  const Seen<Counters> service = service_counters(settings.admin);
  if (service) counters.insert(service->begin(), service->end());
  return counters;
}

void wait_for_a_try(unsigned seconds) {
  std::fprintf(stderr, "hyalite doctor: try now, on a client; looking again in %u s ...\n",
               seconds);
  ::poll(nullptr, 0, static_cast<int>(seconds * 1000));
}

// What the counters did meanwhile is a fact, too.
void try_it(const DoctorOptions& options, const Settings& settings, Facts& facts, Report& report) {
  if (options.try_seconds > 0 || options.live_trial) facts.before = all_counters(settings);
  if (options.live_trial) {
    report.trials.push_back(try_live(settings));
  } else if (options.lab_trial) {
    report.trials.push_back(try_in_lab(settings));
  }
  if (options.try_seconds > 0) wait_for_a_try(options.try_seconds);
  if (!facts.before.empty()) facts.after = all_counters(settings);
}

std::vector<std::string> notes_on(const Facts& facts, const Case& machine) {
  std::vector<std::string> notes;
  if (machine.families().size() == 1)
    notes.push_back("the client interfaces have no IPv6 address: nothing was asked about IPv6");
  if (facts.legacy_tables)
    notes.push_back(
        "there are rules of iptables-legacy, which nft does not show: iptables-legacy-save");
  return notes;
}

// The command that puts all rules in.
std::string remedy_for(const std::string& file) {
  return file == "/etc/hyalite/hyalite.yaml" ? "hyalite intercept on"
                                             : "hyalite intercept on --config " + file;
}

}  // namespace

int doctor(const DoctorOptions& options) {
  widen_path();
  const SettingsRead read = read_settings_file(options.settings_file);
  if (!read) return cannot("the settings are not right:\n" + text_of(read.mistakes));
  const Settings& settings = read.settings;
  if (!intercepts(settings))
    return cannot(
        "by these settings nothing is brought here: interception.client_interfaces is empty");
  if (find_program("ip").empty()) return cannot("the program ip is missing (package iproute2)");
  Facts facts = gather(settings, {options.hint, packet_rules(settings)});
  Report report;
  report.settings_file = options.settings_file;
  try_it(options, settings, facts, report);
  const Case machine(facts, settings, remedy_for(options.settings_file));
  const Judgement judgement = judge(machine);
  report.findings = judgement.findings();
  report.answers = judgement.answers();
  report.notes = notes_on(facts, machine);
  const std::size_t follow =
      options.all || options.json ? 0 : leave_out_what_follows(report.findings);
  if (follow > 0)
    report.notes.push_back(std::to_string(follow) +
                           (follow == 1 ? " more finding follows" : " more findings follow") +
                           " from that: --all shows all");
  const std::string text = options.json ? report_json(report) : report_text(report, options.all);
  std::fwrite(text.data(), 1, text.size(), stdout);
  switch (verdict_of(report)) {
    case Health::healthy:
      return kDoctorHealthy;
    case Health::unhealthy:
      return kDoctorUnhealthy;
    case Health::unknown:
      break;
  }
  return kDoctorCannotSay;
}

}  // namespace hyalite
