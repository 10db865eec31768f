// argv to a command and its options.
// SPDX-License-Identifier: MIT
#include "cli/arguments.h"

#include <cstdio>
#include <string>
#include <utility>

#include "base/text.h"
#include "cli/command_options.h"
#include "cli/completion.h"
#include "cli/manual.h"
#include "coding/versions.h"
#include "event/loop.h"
#include "tls/openssl_error.h"

namespace hyalite {

namespace {

constexpr char kFooter[] =
    "Exit status: 0 done, 1 failed, 2 wrong arguments, 3 the service is not running, 4 doctor or "
    "intercept show cannot say, 77 this machine cannot have a lab.";

// What it was compiled with, and what it found on this machine: a library may have been replaced since.
std::string version_text() {
  return "hyalite " HYALITE_VERSION "\nbuilt with " HYALITE_LIBRARIES "\nruns with " +
         openssl_version() + ", libevent " + libevent_version() + ", " + coding_versions();
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
