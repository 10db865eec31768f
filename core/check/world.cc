// What a worker has before its first flow, with the plugin under check as its chain.
// SPDX-License-Identifier: MIT
#include "check/world.h"

#include <cstdlib>
#include <cstring>

#include "check/script.h"
#include "plugin/host.h"

namespace hyalite {

namespace {

// How long real threads may take before time is let go by.
constexpr Milliseconds kThreadsTake{200};

// Ids of flows have always as many digits.
constexpr std::uint64_t kFlowsBefore = 1'000'000;

// So much time goes by for an answer that is written over time.
constexpr Seconds kStreamsTake{60};

TlsRuleSettings look_into(const char* name) {
  TlsRuleSettings rule;
  rule.name = "checked";
  rule.action = TlsAction::intercept;
  rule.names = {name};
  return rule;
}

// What a line of the log says about key `name`.
std::string value_in(std::string_view line, std::string_view name) {
  const auto at = line.find(" " + std::string(name) + "=");
  if (at == std::string_view::npos) return {};
  std::string_view rest = line.substr(at + name.size() + 2);
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    std::size_t end = 0;
    while (end < rest.size() && (rest[end] != '"' || (end > 0 && rest[end - 1] == '\\'))) ++end;
    return std::string(rest.substr(0, end));
  }
  return std::string(rest.substr(0, rest.find(' ')));
}

}  // namespace

Result<Specimen> Specimen::load(const std::string& path) {
  auto opened = Library::open(path);
  if (!opened) return opened.error();
  Specimen specimen;
  specimen.library_ = std::make_unique<Library>(std::move(*opened));
  Layer::put_before(specimen.library_->descriptor());
  return specimen;
}

std::unique_ptr<Library> Specimen::behind_layer() const {
  return std::make_unique<Library>(*Library::linked_in(layer().descriptor(), library_->path()));
}

World::World(const WorldNeeds& needs)
    : log_(LogLevel::error, [this](std::string_view line) { hear_line(line); }),
      slot_(needs.slot),
      history_(needs.history),
      threads_before_(count_threads()) {
  settings_.listeners.emplace_back();
  settings_.listeners[0].connect = Treatment::pass;
  settings_.tls.rules.push_back(look_into(kLookedInto));
  plugin_.name = "checked";
  plugin_.use = needs.specimen.library().path();
  plugin_.on_failure = FailurePolicy::open;
  plugin_.validate = true;
  plugin_.grants = {.pass_through = true, .redirect_upstream = true, .intercept = true, .accept_certificates = true};
  plugin_.settings = needs.configuration;
  places_ = TallyPlaces::declare(layout_);
  auto services = std::make_unique<HostServices>(layout_, ChainLimits{}, needs.slot, log_);
  std::vector<std::unique_ptr<Library>> libraries;
  libraries.push_back(needs.specimen.behind_layer());
  auto instance = std::make_unique<Instance>(plugin_, 0, *libraries[0], *services);
  host_ = instance->host().table();
  Layer::get().clock = &clock_;
  Layer::get().stream_began.reset();
  const Mistakes mistakes = instance->create("settings");
  if (!mistakes.empty()) {
    refusal_ = mistakes[0].text();
    if (!last_words_.empty()) refusal_ += " (" + last_words_ + ")";
  }
  std::vector<std::unique_ptr<Instance>> instances;
  instances.push_back(std::move(instance));
  chain_ = std::make_unique<Chain>(std::move(services), std::move(libraries), std::move(instances));
  cells_.assign(layout_.cells(), 0);
  Mistakes none;
  tls_policy_.emplace(settings_.tls, "", none);
  worker_.emplace(HeldWorkerNeeds{settings_, *chain_, clock_, *tls_policy_, log_, MetricRow(cells_.data(), layout_), places_, *this, kFlowsBefore});
  if (history_ != nullptr) faults_seen_ = history_->faults.load();
}

World::~World() {
  if (started_ && !stopped_) stop();
  chain_->destroy();
  Layer::get().clock = nullptr;
  Layer::get().forget(host_);
}

bool World::start() {
  const auto started = chain_->start(0, 1, MetricRow(cells_.data(), layout_), slot_, history_);
  started_ = started.has_value();
  if (!started) refusal_ = started.error().text + (last_words_.empty() ? "" : ": " + last_words_);
  return refusal_.empty();
}

void World::stop() {
  stopped_ = true;
  chain_->stop();
}

// ---- time, threads and services

// Where the plugin (or the host, for it) has threads, one of them may be about to say something.
bool World::wait_for_thread() { return count_threads() > threads_before_ && worker_->wait(kThreadsTake); }

bool World::someone_waits() const {
  const Pauses& pauses = chain_->async().pauses;
  const auto& stream_began = Layer::get().stream_began;
  return pauses.has_ready() || pauses.next_deadline() || (stream_began && clock_.now() < *stream_began + kStreamsTake);
}

void World::settle() {
  // A plugin that pauses again and again does not keep us for ever.
  for (int round = 0; round < 10'000; ++round) {
    worker_->settle();
    if (stands_still || !someone_waits()) return;
    if (wait_for_thread()) continue;
    const auto next = chain_->async().next();
    if (!next) return;
    clock_.advance_to(*next);
    worker_->fire_plugins();
  }
}

void World::start(Ref ref, FetchRequest, FetchesHeard& heard) { questions_.push_back({ref, &heard}); }

void World::cancel(Ref ref) {
  std::erase_if(questions_, [&](const Question& question) { return question.ref == ref; });
}

bool World::deliver() {
  if (mood == ServiceMood::never_answers || stands_still) return false;
  const bool fetched = answer_fetches();
  return answer_connections() || fetched;
}

bool World::answer_fetches() {
  if (questions_.empty()) return false;
  while (!questions_.empty()) {
    const Question question = questions_.front();
    questions_.erase(questions_.begin());
    FetchResult result;
    if (mood == ServiceMood::fails) {
      result.status = HYALITE_E_FAILED;
      result.why = "the checker's service fails";
    } else {
      result.http_status = 200;
      result.headers = {{"Content-Type", "text/plain"}};
      result.body = "ok";
    }
    question.heard->on_fetched(question.ref, std::move(result));
  }
  return true;
}

Waker* World::connect(Ref channel, std::string_view, Channels& channels) {
  return connections_.emplace_back(std::make_unique<Connection>(channel, channels)).get();
}

void World::disconnect(Ref channel) {
  std::erase_if(connections_, [&](const auto& one) { return one->ref() == channel; });
}

bool World::answer_connections() {
  bool answered = false;
  std::erase_if(connections_, [&](const auto& one) {
    if (!std::exchange(one->has_news, false)) return false;
    answered = true;
    return !one->answer(mood);
  });
  return answered;
}

bool World::Connection::answer(ServiceMood how) {
  if (how == ServiceMood::fails) return channels_.finish(ref_, HYALITE_E_FAILED, "the checker's service fails"), false;
  if (!std::exchange(opened_, true)) channels_.opened(ref_);
  const auto pending = channels_.pending(ref_);
  if (!pending->bytes.empty()) {
    channels_.sent(ref_, pending->bytes.size());
    if (channels_.room_for_arrivals(ref_) >= 3) channels_.arrived(ref_, "ok\n");
  }
  if (pending->last && !std::exchange(ended_, true)) channels_.arrivals_ended(ref_);
  if (!ended_ || !channels_.all_told(ref_)) return true;
  channels_.finish(ref_, HYALITE_OK);
  return false;
}

// ---- what went wrong

void World::hear_line(std::string_view line) {
  if (line.find(" plugin.said ") != std::string_view::npos) {
    last_words_ = value_in(line, "message");
    if (const std::string what = value_in(line, "what"); !what.empty()) last_words_ += ": " + what;
  }
  if (line.find(" plugin.misused ") == std::string_view::npos || misuses_.size() >= 100) return;
  misuses_.push_back({FaultKind::misuse, value_in(line, "hook"),
                      value_in(line, "function") + ": " + value_in(line, "what"), true});
}

std::vector<PluginComplaint> World::take_complaints() {
  std::vector<PluginComplaint> all = std::exchange(misuses_, {});
  if (history_ == nullptr) return all;
  const std::uint64_t now = history_->faults.load();
  const std::uint64_t from = now - std::min<std::uint64_t>(now - faults_seen_, CallHistory::kFaults);
  for (std::uint64_t n = from; n < now; ++n) {
    const CallHistory::Fault& fault = history_->recent[n % CallHistory::kFaults];
    std::string text;
    for (const auto& c : fault.what) {
      if (c.load() == '\0') break;
      text += c.load();
    }
    all.push_back({static_cast<FaultKind>(fault.kind.load()), name(static_cast<Hook>(fault.hook.load())), text});
  }
  faults_seen_ = now;
  return all;
}

}  // namespace hyalite
