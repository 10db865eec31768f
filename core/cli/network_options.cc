// What the commands about the network take: intercept, lab, doctor.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <limits>

#include "cli/command_options.h"

namespace hyalite {

namespace {

CLI::App* add_interception(CLI::App& app, Stored& stored, const char* name, const char* what,
                           InterceptCommand::What verb) {
  CLI::App* command = app.add_subcommand(name, what);
  command->callback([&stored, verb] {
    stored.intercept.what = verb;
    stored.chosen = stored.intercept;
  });
  if (verb != InterceptCommand::What::off && verb != InterceptCommand::What::watch)
    command->add_option("-c,--config", stored.intercept.settings_file, "The settings file")
        ->default_val(kDefaultSettings)
        ->type_name("FILE");
  return command;
}

// Whoever types it in a hurry, as for the other verbs, is not to be refused: traffic would stay
// intercepted.
void add_unneeded_settings(CLI::App& off, Stored& stored) {
  off.add_option("-c,--config", stored.intercept.settings_file,
                 "Accepted as by `on`, and not read: what is there is undone, whatever settings it "
                 "was made from")
      ->type_name("FILE");
}

std::vector<std::string> shell() {
  const char* shell = std::getenv("SHELL");
  return {shell == nullptr || *shell == '\0' ? "/bin/sh" : shell};
}

CLI::IsMember lab_hosts() { return CLI::IsMember({"client", "gateway", "origin"}); }

void add_lab_faults(CLI::App& run, Stored& stored) {
  LabTrouble& trouble = stored.lab_run.options.trouble;
  run.add_option("--fault", stored.lab_faults,
                 "Something that is wrong on purpose; may be given several times:\n"
                 "no-return-rule, strict-rp-filter, mtu-1280 (behind the gateway), "
                 "origin-unreachable")
      ->check(
          CLI::IsMember({"no-return-rule", "strict-rp-filter", "mtu-1280", "origin-unreachable"}))
      ->allow_extra_args(false);
  run.add_option("--loss", trouble.loss_percent,
                 "So many of 100 packets to the origin are lost (where the kernel has netem)")
      ->check(within(0.0, 100.0))
      ->type_name("PERCENT");
  run.add_option("--delay", trouble.delay_ms,
                 "So many milliseconds later, at most 60000, packets reach the origin (where it has netem)")
      ->check(within(0, 60'000))
      ->type_name("MS");
}

void add_lab_run(CLI::App& lab, Stored& stored) {
  CLI::App* run = lab.add_subcommand(
      "run", "Build a lab and run a command in it, on the client; with the command the lab ends");
  LabOptions& options = stored.lab_run.options;
  run->add_option("--mode", stored.lab_mode, "How connections reach the proxy")
      ->check(CLI::IsMember({"none", "tproxy", "routing", "hybrid", "redirect", "anyip"}))
      ->default_str("tproxy");
  run->add_option("--on", stored.lab_host, "The command's host: client, gateway or origin")
      ->check(lab_hosts())
      ->default_str("client");
  run->add_option("-c,--config", options.settings_file,
                  "Also run the proxy on the gateway, with this settings file")
      ->type_name("FILE");
  run->add_flag("--proxy", options.proxy,
                "Also run the proxy on the gateway, with settings that fit the mode")
      ->excludes("--config");
  CLI::Option* plugin =
      run->add_option("--plugin", options.plugin,
                      "Also run the proxy, with this plugin in its chain (and a web server as with --web); when the file changes, it is "
                      "loaded anew")
          ->check(CLI::ExistingFile)
          ->type_name("FILE");
  run->add_option("--plugin-settings", options.plugin_settings, "The plugin's settings, as YAML in one line: \"{ key: value }\"")
      ->needs(plugin)
      ->type_name("YAML");
  run->add_flag("--web", options.web,
                "A small web server answers on the origin, on every port: it says whom it sees");
  run->add_option("--proxy-port", options.proxy_port, "Where the proxy listens")
      ->check(CLI::Range(1, 65'535))
      ->type_name("PORT")
      ->default_val(options.proxy_port);
  run->add_option("--port", options.ports,
                  "A destination port that is intercepted; may be given several times (80, 443)")
      ->check(CLI::Range(1, 65'535))
      ->type_name("PORT")
      ->allow_extra_args(false);
  add_lab_faults(*run, stored);
  run->add_option("command", options.command,
                  "The command and its arguments, after --; default: a shell");
  run->callback([&] {
    options.mode = *lab_mode_from(stored.lab_mode);
    options.host = *lab_host_from(stored.lab_host);
    for (const std::string& fault : stored.lab_faults)
      options.trouble.faults.push_back(*lab_fault_from(fault));
    if (!options.plugin.empty()) options.proxy = options.web = true;
    options.command = without_dashes(options.command);
    if (options.command.empty()) options.command = shell();
    stored.chosen = stored.lab_run;
  });
}

void add_lab_exec(CLI::App& lab, Stored& stored, const char* name, const char* what,
                  bool with_command) {
  CLI::App* exec = lab.add_subcommand(name, what);
  exec->add_option("host", stored.lab_host, "client, gateway or origin")
      ->required()
      ->check(lab_hosts());
  exec->add_option("--lab", stored.lab_exec.lab, "Which one, when several run")
      ->check(within(1, std::numeric_limits<int>::max()))
      ->type_name("NUMBER");
  if (with_command) {
    exec->add_option("command", stored.lab_exec.command, "The command and its arguments, after --")
        ->required();
  }
  exec->callback([&] {
    stored.lab_exec.host = *lab_host_from(stored.lab_host);
    stored.lab_exec.command = without_dashes(stored.lab_exec.command);
    if (stored.lab_exec.command.empty()) stored.lab_exec.command = shell();
    stored.chosen = stored.lab_exec;
  });
}

// Each is an address, or the command line is wrong.
std::vector<IpAddress> addresses(const std::vector<std::string>& texts) {
  std::vector<IpAddress> all;
  for (const std::string& it : texts) all.push_back(*IpAddress::parse(it));
  return all;
}

void add_address(CLI::App& app, const char* name, std::vector<std::string>& texts,
                 const char* what) {
  app.add_option(name, texts, what)
      ->check([](const std::string& text) {
        return IpAddress::parse(text) ? std::string() : text + " is no IP address";
      })
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
}

}  // namespace

void add_intercept(CLI::App& app, Stored& stored) {
  using What = InterceptCommand::What;
  CLI::App* intercept = app.add_subcommand(
      "intercept",
      "Bring traffic to the proxy: rules, routes and kernel settings, as the settings say");
  intercept->footer(
      "What is changed is the network namespace that this runs in. `on` and `off` may be repeated, "
      "and complete or undo what was left half done.");
  intercept->require_subcommand(1);
  constexpr char kKeepOpen[] =
      "Routing: connections that are open go on without the proxy, until `on` without this";
  CLI::App* plan = add_interception(
      *intercept, stored, "plan",
      "Print what `on` would do, for a shell; changes nothing, needs no root", What::plan);
  plan->add_flag("--off", stored.intercept.undo, "What `off` would do");
  plan->add_flag("--iptables", stored.intercept.iptables, "With iptables instead of nft");
  plan->add_flag("--keep-open", stored.intercept.keep_open, kKeepOpen);
  add_json(*plan, stored.intercept.json);
  CLI::App* on =
      add_interception(*intercept, stored, "on",
                       "Do it; when it cannot be done as a whole, nothing is changed", What::on);
  on->add_flag("--keep-open", stored.intercept.keep_open, kKeepOpen);
  on->footer("Exit status: 0 it is on, 1 it is not (and why).");
  CLI::App* off = add_interception(
      *intercept, stored, "off", "Undo it, and only it; kernel settings are what they were before",
      What::off);
  add_unneeded_settings(*off, stored);
  off->add_option("--drain", stored.intercept.drain_seconds,
                  "How many seconds connections through the proxy have to end (tproxy, redirect)")
      ->default_val(stored.intercept.drain_seconds)
      ->type_name("SECONDS");
  off->footer("Exit status: 0 it is off, 1 it is not (and why).");
  CLI::App* show = add_interception(
      *intercept, stored, "show", "Compare what is there with the settings, and count", What::show);
  add_json(*show, stored.intercept.json);
  show->footer(
      "Exit status: 0 on and as planned, 1 not as planned, 3 off, 4 it cannot be said (and why).");
  CLI::App* watch = add_interception(
      *intercept, stored, "watch",
      "Stay, and put back or report what other programs take away (interception.watch)",
      What::watch);
  watch->footer("Needs CAP_NET_ADMIN; does nothing while interception is off.");
}

void add_lab(CLI::App& app, Stored& stored) {
  CLI::App* lab = app.add_subcommand(
      "lab", "A private network of client, gateway and origin, to try interception in");
  lab->footer(
      "Needs no root, and sees nothing of this machine's network. Exit status 77: this machine "
      "cannot have one.");
  lab->require_subcommand(1);
  add_lab_run(*lab, stored);
  add_lab_exec(*lab, stored, "shell",
               "A shell on a host of the lab that one is in, or has running elsewhere", false);
  add_lab_exec(*lab, stored, "exec", "The same with a command", true);
}

void add_doctor(CLI::App& app, Stored& stored) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Say why interception does not work here, and what to do");
  doctor->footer(
      "Changes nothing. Most is seen without root; as root also the packet rules. Exit status: 0 "
      "healthy, 1 unhealthy,\n"
      "4 nothing wrong was seen, but something could not be looked at (or nothing could).");
  DoctorCommand& command = stored.doctor;
  DoctorOptions& options = command.options;
  doctor->add_option("-c,--config", options.settings_file, "The settings file")
      ->default_val(kDefaultSettings)
      ->type_name("FILE");
  add_json(*doctor, options.json);
  doctor->add_flag("--all", options.all, "Every question with its answer");
  add_address(*doctor, "--client", stored.doctor_clients,
              "A client that has trouble; may be given several times");
  add_address(*doctor, "--origin", stored.doctor_origins,
              "An origin that it cannot reach, one per family");
  doctor
      ->add_option("--try", options.try_seconds,
                   "Compare the kernel's counters before and after so long, 1 to 3600, while you try")
      ->check(within(1, 3600))
      ->type_name("SECONDS");
  doctor->add_flag("--live", options.live_trial,
                   "As root: a connection of its own through the real rules; what that needs is "
                   "removed afterwards");
  doctor->add_flag("!--no-trial", options.lab_trial,
                   "Without the connection in a private lab with the settings' rules");
  doctor->add_flag("--inside-lab", command.inside_lab)->group("");
  doctor->add_option("--connect-to", command.connect_to)->group("");
  doctor->callback([&] {
    options.hint = {addresses(stored.doctor_clients), addresses(stored.doctor_origins)};
    stored.chosen = command;
  });
}

}  // namespace hyalite
