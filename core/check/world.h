// What a worker has before its first flow, with the plugin under check as its chain, and without sockets: time stands still
// until somebody moves it, services answer as they are told. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "check/layer.h"
#include "harness/held_clock.h"
#include "harness/held_worker.h"
#include "metrics/layout.h"
#include "plugin/chain.h"
#include "settings/settings.h"

namespace hyalite {

// The plugin under check in the memory of this process, behind its layer. Once per process.
class Specimen {
 public:
  static Result<Specimen> load(const std::string& path);
  const Library& library() const { return *library_; }
  Layer& layer() const { return Layer::get(); }
  std::unique_ptr<Library> behind_layer() const;

 private:
  std::unique_ptr<Library> library_;
};

// What becomes of questions to services.
enum class ServiceMood { answers, fails, never_answers };

struct WorldNeeds {
  const Specimen& specimen;
  const PluginConfiguration& configuration;
  CallSlot* slot = nullptr;        // shared with whoever watches
  CallHistory* history = nullptr;  // likewise
};

// Something that the engine or its validation found wrong with the plugin.
struct PluginComplaint {
  FaultKind kind;
  std::string hook, text;
  bool by_validation = false;  // a wrong call of the host, not a failed hook
};

class World final : private HeldOutbound {
 public:
  explicit World(const WorldNeeds& needs);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Why there is no instance: its settings are wrong, or it could not be created or started. Empty: there is one.
  const std::string& refusal() const { return refusal_; }
  // The worker begins; once.
  bool start();
  // The worker ends; once. Flows ended before.
  void stop();

  Chain& chain() { return *chain_; }
  HeldWorker& worker() { return *worker_; }
  ServiceMood mood = ServiceMood::answers;
  // No time goes by, and no service answers, whoever waits.
  bool stands_still = false;

  // Everything that can happen without anybody saying more happens. As long as somebody waits for the plugin, time goes by.
  void settle();
  // A pause is not over, or an answer was begun that is written over time.
  bool someone_waits() const;
  void advance(Milliseconds by) { advance_to(clock_.now() + by); }
  void advance_to(Monotonic when) { clock_.advance_to(when); }

  // Since they were taken last.
  std::vector<PluginComplaint> take_complaints();
  // The last line that the plugin wrote as an error; for people.
  const std::string& last_words() const { return last_words_; }

 private:
  bool has(std::string_view, ServiceProtocol) const override { return true; }
  void start(Ref ref, FetchRequest request, FetchesHeard& heard) override;
  void cancel(Ref ref) override;
  Waker* connect(Ref channel, std::string_view service, Channels& channels) override;
  void disconnect(Ref channel) override;
  bool deliver() override;
  void hear_line(std::string_view line);
  bool wait_for_thread();
  bool answer_fetches();
  bool answer_connections();

  Log log_;
  HeldClock clock_;
  Settings settings_;
  PluginSettings plugin_;
  Layout layout_;
  std::vector<std::uint64_t> cells_;
  TallyPlaces places_;
  std::unique_ptr<Chain> chain_;
  std::optional<TlsPolicy> tls_policy_;
  std::optional<HeldWorker> worker_;
  CallSlot* const slot_;
  CallHistory* const history_;
  std::uint64_t faults_seen_ = 0;
  std::vector<PluginComplaint> misuses_;
  std::string refusal_, last_words_;
  bool started_ = false, stopped_ = false;
  const hyalite_host* host_ = nullptr;
  unsigned threads_before_ = 0;

  struct Question {
    Ref ref;
    FetchesHeard* heard;
  };
  // A connection over TCP: as the mood is, it fails, or answers whatever the plugin writes.
  struct Connection final : Waker {
    Connection(Ref ref, Channels& channels) : ref_(ref), channels_(channels) {}
    void on_wake() override { has_news = true; }
    bool answer(ServiceMood how);  // false: it is over
    Ref ref() const { return ref_; }
    bool has_news = true;

   private:
    const Ref ref_;
    Channels& channels_;
    bool opened_ = false, ended_ = false;
  };
  std::vector<Question> questions_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace hyalite
