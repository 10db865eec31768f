// argv to a command and its options.
// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "coding/versions.h"
#include "event/loop.h"
#include "tls/openssl_error.h"

namespace hyalite {

namespace {

constexpr char kDefaultSettings[] = "/etc/hyalite/hyalite.yaml";
constexpr char kFooter[] =
    "Exit status: 0 done, 1 failed, 2 wrong arguments, 3 the service is not running, 4 doctor "
    "cannot say, 77 this machine cannot have a lab.";

// What it was compiled with, and what it found on this machine: a library may have been replaced since.
std::string version_text() {
  return "hyalite " HYALITE_VERSION "\nbuilt with " HYALITE_LIBRARIES "\nruns with " +
         openssl_version() + ", libevent " + libevent_version() + ", " + coding_versions();
}

// Everything that the options of all commands are stored in, until it is known which command was
// given.
struct Stored {
  RunCommand run;
  CheckCommand check;
  ControlCommand control;
  CaInitCommand ca_init;
  CaShowCommand ca_show;
  CaExportCommand ca_export;
  PluginListCommand list;
  PluginInfoCommand info;
  PluginNewCommand new_plugin;
  std::string language;
  PluginCheckCommand plugin_check;
  InterceptCommand intercept;
  LabRunCommand lab_run;
  LabExecCommand lab_exec;
  std::string lab_mode = "tproxy", lab_host = "client";
  std::vector<std::string> lab_faults;
  std::vector<std::string> words;
  DoctorCommand doctor;
  std::vector<std::string> doctor_clients, doctor_origins;
  std::optional<Invocation> chosen;
};

// What --help and the man page would else call "DAYS:INT in [1 - 36500]": the description says it.
template <typename Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

void add_json(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "For programs: one JSON object on stdout");
}

void add_settings(CLI::App& app, std::string& file, std::string& user) {
  app.add_option("-c,--config", file, "The settings file")
      ->default_val(kDefaultSettings)
      ->type_name("FILE");
  app.add_option(
         "--user", user,
         "Instead of workers.user: whom everything but the master becomes when started as root")
      ->type_name("USER");
}

void add_run(CLI::App& app, Stored& stored) {
  CLI::App* run = app.add_subcommand("run", "Serve, in the foreground, until SIGTERM or SIGINT");
  run->footer(
      "SIGHUP reloads the settings, SIGUSR1 opens log files again, SIGUSR2 upgrades to the program "
      "that is installed now;\n"
      "SIGTERM lets connections end, for timeouts.stop; a second one does not. Tells systemd how "
      "it is (Type=notify).");
  add_settings(*run, stored.run.settings_file, stored.run.user);
  run->add_option("--resume", stored.run.resume)->group("");
  run->callback([&] { stored.chosen = stored.run; });
}

void add_check(CLI::App& app, Stored& stored) {
  CLI::App* check =
      app.add_subcommand("check", "Say everything that is wrong with the settings, of plugins too");
  check->footer(
      "Loads the plugins in a process of its own, as the service's user. Exit status: 0 fine, 1 "
      "not.");
  add_settings(*check, stored.check.settings_file, stored.check.user);
  add_json(*check, stored.check.json);
  check->callback([&] { stored.chosen = stored.check; });
}

CLI::App* add_control(CLI::App& app, Stored& stored, const char* name, const char* what,
                      ControlCommand::What command) {
  CLI::App* verb = app.add_subcommand(name, what);
  verb->footer(
      "Asks the running service. Exit status: 0 done, 1 it failed (and why), 3 the service is not "
      "running.");
  verb->add_option("--socket", stored.control.socket,
                   "The service's control socket (control.socket); default: "
                   "/run/hyalite/control.sock, or for users\n"
                   "$XDG_RUNTIME_DIR/hyalite/control.sock")
      ->type_name("PATH");
  add_json(*verb, stored.control.json);
  verb->callback([&stored, command] {
    stored.control.what = command;
    stored.chosen = stored.control;
  });
  return verb;
}

void add_controls(CLI::App& app, Stored& stored) {
  using What = ControlCommand::What;
  CLI::App* reload = add_control(
      app, stored, "reload",
      "Serve new connections by the settings as they are now; nothing changes when they are wrong",
      What::reload);
  reload->add_flag("--release", stored.control.release, "Also let plugins out of quarantine");
  add_control(app, stored, "upgrade",
              "Execute the program that is installed now in place of the running one",
              What::upgrade);
  add_control(app, stored, "status", "How the service is", What::status);
  add_control(app, stored, "reopen", "Open files again that were moved away, for log rotation",
              What::reopen);
}

void add_tls(CLI::App& app, Stored& stored) {
  CLI::App* tls = app.add_subcommand("tls", "What the running service learned about TLS");
  tls->require_subcommand(1);
  CLI::App* forget =
      add_control(*tls, stored, "forget",
                  "Forget a server name that clients refused our certificate for: it "
                  "passes no more, and is counted afresh",
                  ControlCommand::What::forget);
  forget->add_option("name", stored.control.name, "The server name, as `hyalite status` shows it")
      ->required()
      ->type_name("NAME");
}

void add_place(CLI::App& verb, CaPlace& place) {
  verb.add_option("-c,--config", place.settings_file, "The settings file that names the CA")
      ->default_val(kDefaultSettings)
      ->type_name("FILE");
  verb.add_option("--certificate", place.certificate, "Another CA's certificate, in PEM")
      ->type_name("FILE");
}

void add_ca_init(CLI::App& ca, Stored& stored) {
  CLI::App* init = ca.add_subcommand("init", "Make a CA: a certificate and its private key");
  init->footer("Writes ca.pem and ca.key, and replaces nothing. Exit status: 0 done, 1 it failed.");
  CaInitCommand& command = stored.ca_init;
  init->add_option("--directory", command.directory, "Where to write them")
      ->default_val("/etc/hyalite/ca")
      ->type_name("DIRECTORY");
  init->add_option("--name", command.name,
                   "What clients call it; default: \"Hyalite CA\" and this machine's name")
      ->type_name("TEXT");
  init->add_option("--organization", command.organization, "Whose it is")->type_name("TEXT");
  init->add_option("--days", command.days, "How long it is valid, 1 to 36500")
      ->default_val(command.days)
      ->check(within(1, 36'500))
      ->type_name("DAYS");
  init->add_option("--key", command.key, "p256: the fastest; rsa3072: for very old clients")
      ->default_val("p256")
      ->check(CLI::IsMember({"p256", "p384", "rsa3072"}));
  init->add_option(
          "--permit", command.permitted,
          "A domain that it may sign for, with its subdomains; may be given several times; "
          "default: any")
      ->type_name("DOMAIN")
      ->allow_extra_args(false);
  init->add_option("--permit-network", command.permitted_networks,
                   "A network whose addresses it may sign for; likewise")
      ->type_name("NETWORK")
      ->allow_extra_args(false);
  init->add_option("--passphrase-file", command.passphrase_file,
                   "Encrypt the key with the first line of this file (mode 0600)")
      ->type_name("FILE");
  init->callback([&] { stored.chosen = stored.ca_init; });
}

void add_ca(CLI::App& app, Stored& stored) {
  CLI::App* ca = app.add_subcommand("ca", "The certificate authority that clients have to trust");
  ca->require_subcommand(1);
  add_ca_init(*ca, stored);
  CLI::App* show = ca->add_subcommand("show", "What it is, until when, and whether its key fits");
  show->footer("The key is only looked at by those who may read it. Exit status: 0 fine, 1 not.");
  add_place(*show, stored.ca_show.place);
  add_json(*show, stored.ca_show.json);
  show->callback([&] { stored.chosen = stored.ca_show; });
  CLI::App* exported =
      ca->add_subcommand("export", "Its certificate, for clients; never the private key");
  CaExportCommand& command = stored.ca_export;
  add_place(*exported, command.place);
  exported
      ->add_option("--format", command.format, "pem; der: Windows, Android; mobileconfig: Apple")
      ->default_val("pem")
      ->check(CLI::IsMember({"pem", "der", "mobileconfig"}));
  exported->add_option("-o,--output", command.output, "Instead of stdout; a new file")
      ->type_name("FILE");
  exported->callback([&] { stored.chosen = stored.ca_export; });
}

void add_plugin_new(CLI::App& plugin, Stored& stored) {
  CLI::App* made = plugin.add_subcommand(
      "new", "Write a project for a plugin of your own, with a test that drives it through the engine");
  made->add_option("name", stored.new_plugin.name, "What it is called: a-z, 0-9 and \"-\"")->required();
  made->add_option("--lang", stored.language, "c++, c, or rust (where there is cargo)")
      ->default_val("c++")
      ->check(CLI::IsMember({"c++", "c", "rust"}));
  made->add_option("--dir", stored.new_plugin.directory, "Where to; a new directory; default: as it is called")
      ->type_name("DIRECTORY");
  made->footer("It builds against the installed SDK (package hyalite-dev). Exit status: 0 written, 1 not (and why).");
  made->callback([&] {
    const bool rust = stored.language == "rust";
    stored.new_plugin.language = rust ? PluginLanguage::rust : stored.language == "c" ? PluginLanguage::c : PluginLanguage::cxx;
    stored.chosen = stored.new_plugin;
  });
}

void add_plugin_check(CLI::App& plugin, Stored& stored) {
  CLI::App* check = plugin.add_subcommand(
      "check", "Find out what is wrong with a plugin: its file, and what it does in the real engine");
  check->footer(
      "Runs the plugin's code, each check in a process of its own, without sockets and without "
      "root. Exit status: 0 clean, 1 something was\n"
      "found (where, and how to mend it), 2 wrong arguments.");
  PluginCheckCommand& command = stored.plugin_check;
  PluginCheckOptions& options = command.options;
  check->add_option("plugin", options.path, "A file (NAME.so), or the name of an installed plugin")
      ->type_name("FILE");
  check->add_option("--settings", options.settings_file,
                    "What would stand under `settings:` of its instance, in YAML")
      ->type_name("FILE");
  check->add_option("--only", options.only,
                    "This check alone, or these that begin so (host); may be given several times")
      ->type_name("CHECK")
      ->allow_extra_args(false);
  check->add_option("--skip", options.skip, "Not this check; likewise")
      ->type_name("CHECK")
      ->allow_extra_args(false);
  check->add_option("--allow", options.allowed,
                    "A library or an imported function that is meant to be there; likewise")
      ->type_name("NAME")
      ->allow_extra_args(false);
  check->add_flag("--list", options.list, "The checks there are");
  check->add_option("--seed", options.seed, "What is drawn by lot is drawn from this number")
      ->default_val(options.seed)
      ->type_name("NUMBER");
  check->add_option("--reproduce", options.reproduce,
                    "Only the case that a finding names, as CHECK/SEED/NUMBER")
      ->type_name("CASE");
  check->add_flag("--in-process", options.in_process,
                  "In this process, unwatched: for a debugger");
  check->add_flag("--thorough", options.thorough,
                  "Every cut, every failing call, more of what is odd: takes minutes");
  check->add_option("--call-limit", command.call_seconds, "How long one call of the plugin may take")
      ->default_val(command.call_seconds)
      ->check(CLI::Range(1, 600))
      ->type_name("SECONDS");
  check->add_option("--dir", command.directories, "Where to look for names before the program's own directories")
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*check, options.json);
  check->callback([&] {
    if (command.options.path.empty() && !command.options.list)
      throw CLI::RequiredError("plugin");
    stored.chosen = command;
  });
}

void add_plugin(CLI::App& app, Stored& stored) {
  CLI::App* plugin =
      app.add_subcommand("plugin", "What plugins there are, a new one, and whether one is sound");
  plugin->require_subcommand(1);
  constexpr char kWhere[] = "Where to look before the program's own directories";
  CLI::App* list = plugin->add_subcommand("list", "The plugins that `use: NAME` would find; none of their code is run");
  list->add_option("--dir", stored.list.directories, kWhere)
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*list, stored.list.json);
  list->callback([&] { stored.chosen = stored.list; });
  CLI::App* info = plugin->add_subcommand("info", "What a plugin says of itself; none of its code is run");
  info->add_option("plugin", stored.info.plugin, "A file, with a slash, or a name")
      ->required()
      ->type_name("FILE");
  info->add_option("--dir", stored.info.directories, kWhere)
      ->type_name("DIRECTORY")
      ->allow_extra_args(false);
  add_json(*info, stored.info.json);
  info->callback([&] { stored.chosen = stored.info; });
  add_plugin_new(*plugin, stored);
  add_plugin_check(*plugin, stored);
}

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
  off->add_option("--drain", stored.intercept.drain_seconds,
                  "How many seconds connections through the proxy have to end (tproxy, redirect)")
      ->default_val(stored.intercept.drain_seconds)
      ->type_name("SECONDS");
  off->footer("Exit status: 0 it is off, 1 it is not (and why).");
  CLI::App* show = add_interception(
      *intercept, stored, "show", "Compare what is there with the settings, and count", What::show);
  add_json(*show, stored.intercept.json);
  show->footer("Exit status: 0 on and as planned, 1 not as planned, 3 off.");
  CLI::App* watch = add_interception(
      *intercept, stored, "watch",
      "Stay, and put back or report what other programs take away (interception.watch)",
      What::watch);
  watch->footer("Needs CAP_NET_ADMIN; does nothing while interception is off.");
}

// CLI11 takes a "--" behind a positional for one of them.
std::vector<std::string> without_dashes(std::vector<std::string> command) {
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
  return command;
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

// For the shells; people do not see it in --help.
void add_complete(CLI::App& app, Stored& stored) {
  CLI::App* complete =
      app.add_subcommand("complete", "What may follow these words; for shells")->group("");
  complete->add_option("words", stored.words, "The words so far, after --");
  complete->callback([&app, &stored] {
    for (const Candidate& candidate : completions(app, without_dashes(stored.words)))
      std::printf("%s\t%s\n", candidate.word.c_str(), candidate.description.c_str());
    stored.chosen = Exit{kExitDone};
  });
}

// For the man page, while it is built.
void add_manual(CLI::App& app, Stored& stored) {
  app.add_subcommand("manual", "All commands in mdoc; for the build")
      ->group("")
      ->callback([&app, &stored] {
        std::fputs(manual_of_commands(app).c_str(), stdout);
        stored.chosen = Exit{kExitDone};
      });
}

// The word that was taken for nothing, when there is one; CLI11 says only what is missing then.
std::string unknown_word(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  if (words.empty()) return {};
  if (words.front().starts_with('-')) return "there is no option \"" + printable(words.front()) + '"';
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  std::vector<std::string_view> known;
  for (const CLI::App* one : command->get_subcommands([](const CLI::App*) { return true; })) {
    if (!one->get_group().empty()) known.push_back(one->get_name());
  }
  const std::string_view near = did_you_mean(words.front(), known);
  return "there is no command \"" + printable(words.front()) + '"' +
         (near.empty() ? "" : " (did you mean \"" + std::string(near) + "\"?)");
}

}  // namespace

Invocation parse_arguments(int count, char** arguments) {
  Stored stored;
  CLI::App app("Hyalite: a plugin-based, transparent layer-7 inspection proxy", "hyalite");
  app.set_version_flag("--version", version_text);
  app.footer(kFooter);
  app.require_subcommand(1);
  add_run(app, stored);
  add_check(app, stored);
  add_controls(app, stored);
  add_ca(app, stored);
  add_tls(app, stored);
  add_plugin(app, stored);
  add_doctor(app, stored);
  add_intercept(app, stored);
  add_lab(app, stored);
  add_complete(app, stored);
  add_manual(app, stored);
  try {
    app.parse(count, arguments);
  } catch (const CLI::RequiredError& error) {
    const std::string unknown = unknown_word(app);
    if (unknown.empty()) return Exit{app.exit(error) == 0 ? kExitDone : kExitUsage};
    std::fprintf(stderr, "hyalite: %s; `hyalite --help` lists them all\n", unknown.c_str());
    return Exit{kExitUsage};
  } catch (const CLI::ParseError& error) {
    return Exit{app.exit(error) == 0 ? kExitDone : kExitUsage};
  }
  return stored.chosen ? *stored.chosen : Exit{kExitUsage};
}

}  // namespace hyalite
