// The file, without running any of it.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.h>

#include <algorithm>

#include "check/checks.h"
#include "check/elf_facts.h"
#include "plugin/abi_version.h"
#include "plugin/elf_file.h"
#include "plugin/library.h"
#include "plugin/plugin_file.h"

namespace hyalite {

namespace {

constexpr const char* kBuildIt = "build it with hyalite_add_plugin, or with what pkg-config says";

// Of libraries that the host has, too, in a version of its own: whose functions are called is decided by chance.
constexpr std::string_view kForeign[] = {"hyalite_", "llhttp_", "event_", "evbuffer_", "bufferevent_", "evhttp_",
                                         "SSL_", "BIO_", "EVP_", "X509_", "OPENSSL_", "CRYPTO_"};
constexpr std::string_view kSharedLibraries[] = {"libssl.so", "libcrypto.so", "libevent", "libllhttp.so"};

struct Forbidden {
  std::string_view name, why;
};
// Of the whole process, or of all workers at once.
constexpr Forbidden kForbidden[] = {
    {"fork", "copies the listening sockets and all that is inspected"},
    {"vfork", "copies the listening sockets and all that is inspected"},
    {"system", "starts a process, and waits for it"},
    {"popen", "starts a process, and waits for it"},
    {"posix_spawn", "starts a process with the sockets of the worker"},
    {"execve", "ends the worker and all its connections"},
    {"exit", "ends the worker and all its connections"},
    {"_exit", "ends the worker and all its connections"},
    {"quick_exit", "ends the worker and all its connections"},
    {"signal", "signals belong to the host"},
    {"sigaction", "signals belong to the host"},
    {"sigprocmask", "signals belong to the host"},
    {"setlocale", "changes how every other plugin reads and writes numbers"},
    {"chdir", "the directory is the whole worker's"},
    {"fchdir", "the directory is the whole worker's"},
    {"chroot", "the root is the whole worker's"},
    {"umask", "the mask is the whole worker's"},
    {"setenv", "the environment is read by other threads"},
    {"putenv", "the environment is read by other threads"},
    {"unsetenv", "the environment is read by other threads"},
    {"clearenv", "the environment is read by other threads"},
    {"setuid", "privileges belong to the host"},
    {"setgid", "privileges belong to the host"},
    {"dlclose", "what is unloaded may still be called"},
    {"sleep", "the whole worker sleeps"},
    {"usleep", "the whole worker sleeps"},
};

std::optional<std::string> read_file(Workbench& bench) {
  auto file = read_plugin_file(bench.options().path);
  if (file) return std::move(*file);
  bench.skip("it cannot be read");
  return std::nullopt;
}

std::optional<ElfFacts> read_facts(Workbench& bench) {
  const auto file = read_file(bench);
  if (!file) return std::nullopt;
  auto facts = read_elf_facts(*file);
  if (facts) return std::move(*facts);
  bench.fail("it " + facts.error().text, kBuildIt);
  return std::nullopt;
}

bool is_allowed(const Workbench& bench, std::string_view name) {
  const auto& allowed = bench.options().allowed;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& one) { return name.starts_with(one); });
}

}  // namespace

void check_place(Workbench& bench) {
  if (const auto file = read_plugin_file(bench.options().path); !file) bench.fail(file.error().text, "");
}

void check_note(Workbench& bench) {
  const auto file = read_file(bench);
  if (!file) return;
  const auto note = read_note(*file);
  if (!note) return bench.fail("it " + note.error().text, "HYALITE_PLUGIN writes the note, in C HYALITE_NOTE");
  if (const std::string why = why_refused(*note); !why.empty()) return bench.fail("it " + why, "");
  if (note->id.empty()) bench.fail("its note has no id", "give it one: reverse DNS, or a short word");
  const bool fine = std::all_of(note->id.begin(), note->id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  if (!fine) bench.fail("the id in its note has other characters than a-z, 0-9, \".\" and \"-\"", "it names metrics and notes: choose another");
  if (note->version.empty() || note->license.empty()) bench.fail("its note lacks the version or the license", "fill in both; the license is an SPDX identifier");
}

void check_exports(Workbench& bench) {
  const auto facts = read_facts(bench);
  if (!facts) return;
  const auto& all = facts->exports;
  if (std::find(all.begin(), all.end(), HYALITE_ENTRY_NAME) == all.end())
    bench.fail("it does not export " HYALITE_ENTRY_NAME, "HYALITE_PLUGIN defines it; in C write it with HYALITE_EXPORT");
  for (const std::string& name : all) {
    if (name != HYALITE_ENTRY_NAME) bench.fail("it exports " + name + ", which may clash with another library's", std::string(kBuildIt) + ": its version script hides everything but the entry");
  }
  for (const std::string& name : facts->unique)
    bench.fail("it exports " + name + " as unique in the process (STB_GNU_UNIQUE): plugins would share it", "build it with -fno-gnu-unique");
}

void check_imports(Workbench& bench) {
  const auto facts = read_facts(bench);
  if (!facts) return;
  for (const ElfImport& import : facts->imports) {
    if (is_allowed(bench, import.name)) continue;
    const bool foreign = std::any_of(std::begin(kForeign), std::end(kForeign), [&](std::string_view prefix) { return import.name.starts_with(prefix); });
    const bool hosts = std::any_of(facts->needed.begin(), facts->needed.end(), [](const std::string& library) {
      return std::any_of(std::begin(kSharedLibraries), std::end(kSharedLibraries), [&](std::string_view one) { return library.starts_with(one); });
    });
    if (foreign && !hosts)
      bench.fail("it needs " + import.name + ", which none of its libraries has", "a plugin gets everything of the host through its tables; link the library that has it");
    for (const Forbidden& forbidden : kForbidden) {
      if (import.name == forbidden.name)
        bench.fail("it calls " + import.name + "(): " + std::string(forbidden.why), "leave it out; if it is never called in a worker: --allow " + import.name);
    }
  }
}

void check_libraries(Workbench& bench) {
  const auto facts = read_facts(bench);
  if (!facts) return;
  for (const std::string& library : facts->needed) {
    if (library.find('/') != std::string::npos)
      bench.fail("it names the library " + library + " by its path", "link it by its name (-l)");
    for (const std::string_view shared : kSharedLibraries) {
      if (library.starts_with(shared) && !is_allowed(bench, library))
        bench.fail("it needs " + library + ", which the host has, too: both use the same one, and its state", "link it statically and hidden, or leave TLS to the host; if it is meant so: --allow " + library);
    }
  }
  if (!facts->rpath.empty())
    bench.fail("it looks for its libraries in " + facts->rpath + " (RPATH or RUNPATH): whoever writes there runs in the workers", "link it without -rpath; in CMake: SKIP_BUILD_RPATH ON");
}

void check_hardening(Workbench& bench) {
  const auto facts = read_facts(bench);
  if (!facts) return;
  if (!facts->relro || !facts->binds_now)
    bench.fail(std::string("its table of functions stays writable (no ") + (facts->relro ? "-z now" : "-z relro") + ")", "link it with -Wl,-z,relro,-z,now");
  if (facts->executable_stack) bench.fail("it asks for an executable stack", "link it with -Wl,-z,noexecstack; assembler sources need .note.GNU-stack");
  if (facts->text_relocations) bench.fail("its code has relocations, so it is written to while it is loaded", "compile it with -fPIC");
  if (facts->writable_code) bench.fail("it has memory that can be both written and executed", "do not link with -N or -z rwx");
  if (facts->static_tls) bench.fail("it needs static thread-local memory, which a process that runs may not have left", "compile it without -ftls-model=initial-exec; the usual cause is an allocator linked in");
}

}  // namespace hyalite
