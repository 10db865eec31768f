// What the commands about the service and its CA take: run, check, reload and kin, tls, ca.
// SPDX-License-Identifier: MIT
#include "cli/command_options.h"

namespace hyalite {

namespace {

void add_settings(CLI::App& app, std::string& file, std::string& user) {
  app.add_option("-c,--config", file, "The settings file")
      ->default_val(kDefaultSettings)
      ->type_name("FILE");
  app.add_option(
         "--user", user,
         "Instead of workers.user: whom everything but the master becomes when started as root")
      ->type_name("USER");
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

}  // namespace

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

}  // namespace hyalite
