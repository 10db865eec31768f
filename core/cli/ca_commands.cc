// `hyalite ca`: makes, shows and exports the certificate authority.
// SPDX-License-Identifier: MIT
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/status_text.h"
#include "settings/reader.h"
#include "tls/authority.h"
#include "tls/certificate_text.h"
#include "tls/key_file.h"
#include "tls/leaf_text.h"
#include "tls/new_authority.h"

namespace hyalite {

namespace {

constexpr unsigned kForEverybody = 0644, kForTheOwner = 0600;
constexpr std::size_t kMostPassphraseBytes = 4'096;

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

int complain(std::string_view what) {
  print(stderr, "hyalite: " + std::string(what) + '\n');
  return kExitFailed;
}

std::string default_name() {
  char host[HOST_NAME_MAX + 1] = {};
  ::gethostname(host, sizeof(host) - 1);
  return ("Hyalite CA " + printable(host)).substr(0, kMostCommonName);
}

Result<std::string> passphrase_in(const std::string& file) {
  if (file.empty()) return std::string();
  auto text = read_secret_file(file, kMostPassphraseBytes);
  if (!text) return text.error();
  const std::string first = text->substr(0, text->find_first_of("\r\n"));
  if (first.empty()) return Error{Fault::operator_, file + ": its first line is empty"};
  return first;
}

Result<NewAuthority> wanted_authority(const CaInitCommand& command) {
  NewAuthority wanted;
  wanted.common_name = command.name.empty() ? default_name() : command.name;
  wanted.organization = command.organization;
  wanted.validity = std::chrono::days(command.days);
  wanted.key = command.key == "p384"      ? KeyKind::p384
               : command.key == "rsa3072" ? KeyKind::rsa3072
                                          : KeyKind::p256;
  for (const std::string& name : command.permitted)
    wanted.permitted_names.push_back(to_lower(name));
  for (const std::string& text : command.permitted_networks) {
    const auto network = Network::parse(text);
    if (!network)
      return Error{Fault::operator_, '"' + text + "\" is no network, such as 10.0.0.0/8"};
    wanted.permitted_networks.push_back(*network);
  }
  return wanted;
}

Result<void> make_directory(const std::string& directory) {
  std::error_code failed;
  const bool made = std::filesystem::create_directories(directory, failed);
  if (failed) return Error{Fault::operator_, "cannot make " + directory + ": " + failed.message()};
  // Everybody may read the certificate; the key has a mode of its own.
  if (made) ::chmod(directory.c_str(), 0755);
  return {};
}

// Where the settings say, or the file that was named.
struct Place {
  AuthorityFiles files;
  bool key_known = false;
};
Result<Place> place_of(const CaPlace& place) {
  if (!place.certificate.empty()) return Place{{place.certificate, "", ""}, false};
  const SettingsRead read = read_settings_file(place.settings_file);
  const CaSettings& ca = read.settings.tls.ca;
  if (!read && ca.certificate.empty()) {
    std::string mistakes = text_of(read.mistakes);
    if (mistakes.ends_with('\n')) mistakes.pop_back();
    return Error{Fault::operator_, std::move(mistakes)};
  }
  if (ca.certificate.empty()) {
    return Error{Fault::operator_, place.settings_file +
                                       " names no CA (tls.ca.certificate): `hyalite ca "
                                       "init` makes one; --certificate FILE shows another"};
  }
  return Place{{ca.certificate, ca.key, ca.passphrase_file}, true};
}

struct Shown {
  AuthorityView view;
  std::string key_file;  // empty: not asked for
  std::optional<std::string> key_fault;
};

Result<Shown> look_at(const CaPlace& command, WallTime now) {
  auto place = place_of(command);
  if (!place) return place.error();
  auto view = load_authority_view(place->files.certificate, now);
  if (!view) return view.error();
  Shown shown{std::move(*view), place->files.key, std::nullopt};
  if (place->key_known) {
    if (const auto whole = load_authority(place->files, now); !whole)
      shown.key_fault = whole.error().text;
  }
  return shown;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// Those of whoever issued it bind it, too.
std::vector<std::string> constraints_of(const AuthorityView& view) {
  std::vector<std::string> all;
  for (const Certificate& one : view.chain) {
    auto more = name_constraints(one.get());
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  return all;
}

std::string text_of(const Shown& shown, WallTime now) {
  X509* ca = shown.view.certificate();
  const bool root = X509_self_signed(ca, 0) == 1;
  const auto constraints = constraints_of(shown.view);
  const Validity& validity = shown.view.validity;
  const auto left = std::chrono::duration_cast<Seconds>(validity.not_after - now).count();
  std::string text;
  const auto line = [&](std::string name, const std::string& value) {
    name.resize(13, ' ');
    text += name + value + '\n';
  };
  line("subject", subject_text(ca));
  line("issuer", root ? "itself" : issuer_text(ca));
  line("valid", date_text(validity.not_before) + " to " + date_text(validity.not_after) + ", " +
                    duration_text(left) + " left");
  line("key", key_text(ca));
  line("sha256", colon_text(sha256_of(ca)));
  line("may sign", constraints.empty() ? "any name" : joined(constraints));
  for (std::size_t i = 1; i < shown.view.chain.size(); ++i)
    line(i == 1 ? "chain" : "", subject_text(shown.view.chain[i].get()));
  if (!shown.key_file.empty())
    line("private key", shown.key_fault ? *shown.key_fault : shown.key_file + ": fits");
  return text;
}

std::string json_of(const Shown& shown) {
  X509* ca = shown.view.certificate();
  const auto seconds = [](WallTime time) {
    return std::to_string(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
  };
  std::string chain, constraints;
  for (const Certificate& one : shown.view.chain)
    chain += (chain.empty() ? "" : ",") + json_string(subject_text(one.get()));
  for (const std::string& one : constraints_of(shown.view))
    constraints += (constraints.empty() ? "" : ",") + json_string(one);
  std::string json = "{\"subject\":" + json_string(subject_text(ca)) +
                     ",\"issuer\":" + json_string(issuer_text(ca)) +
                     ",\"not_before\":" + seconds(shown.view.validity.not_before) +
                     ",\"not_after\":" + seconds(shown.view.validity.not_after) +
                     ",\"key\":" + json_string(key_text(ca)) +
                     ",\"sha256\":" + json_string(hex_text(sha256_of(ca))) + ",\"constraints\":[" +
                     constraints + "],\"chain\":[" + chain + "],\"private_key\":";
  if (shown.key_file.empty()) return json + "null}\n";
  json += "{\"file\":" + json_string(shown.key_file) + ",\"fault\":";
  return json + (shown.key_fault ? json_string(*shown.key_fault) : "null") + "}}\n";
}

std::string exported(X509* ca, const std::string& format) {
  if (format == "der") return certificate_der(ca);
  return format == "mobileconfig" ? mobileconfig(ca) : certificate_pem(ca);
}

}  // namespace

int ca_init(const CaInitCommand& command) {
  const auto wanted = wanted_authority(command);
  if (!wanted) return complain(wanted.error().text);
  const auto passphrase = passphrase_in(command.passphrase_file);
  if (!passphrase) return complain(passphrase.error().text);
  const auto made = create_authority(*wanted, SystemClock().wall_time());
  if (!made) return complain(made.error().text);
  const auto key = key_pem(made->key, *passphrase);
  if (!key) return complain(key.error().text);

  const std::string certificate_file = command.directory + "/ca.pem",
                    key_file = command.directory + "/ca.key";
  if (auto there = make_directory(command.directory); !there) return complain(there.error().text);
  // The key first: a certificate without its key is of no use to anybody.
  if (auto written = write_new_file(key_file, *key, kForTheOwner); !written)
    return complain(written.error().text);
  X509* ca = made->view.certificate();
  if (auto written = write_new_file(certificate_file, certificate_pem(ca), kForEverybody);
      !written) {
    ::unlink(key_file.c_str());
    return complain(written.error().text);
  }
  std::string said = subject_text(ca) + "\n  certificate  " + certificate_file +
                     "\n  private key  " + key_file + " (keep it secret)\n  valid until  " +
                     date_text(made->view.validity.not_after) +
                     "\n\nIn the settings:\n\n  tls:\n    ca:\n" +
                     "      certificate: " + certificate_file + "\n      key: " + key_file + '\n';
  if (!command.passphrase_file.empty())
    said += "      passphrase_file: " + command.passphrase_file + '\n';
  print(stdout,
        said + "\nClients have to trust it: `hyalite ca export`, or tls.ca.install_page.\n");
  return kExitDone;
}

int ca_show(const CaShowCommand& command) {
  const WallTime now = SystemClock().wall_time();
  const auto shown = look_at(command.place, now);
  if (!shown) return complain(shown.error().text);
  print(stdout, command.json ? json_of(*shown) : text_of(*shown, now));
  return shown->key_fault ? kExitFailed : kExitDone;
}

int ca_export(const CaExportCommand& command) {
  const auto place = place_of(command.place);
  if (!place) return complain(place.error().text);
  const auto view = load_authority_view(place->files.certificate, SystemClock().wall_time());
  if (!view) return complain(view.error().text);
  // What clients have to trust is the root; an intermediate CA that came without it stands for it.
  const std::string bytes = exported(view->chain.back().get(), command.format);
  if (command.output.empty()) {
    print(stdout, bytes);
    return kExitDone;
  }
  const auto written = write_new_file(command.output, bytes, kForEverybody);
  return written ? kExitDone : complain(written.error().text);
}

}  // namespace hyalite
