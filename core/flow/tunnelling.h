// Stage: bytes pass, both ways, with back-pressure and half-close.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "flow/late_request.h"
#include "flow/stage.h"

namespace hyalite {

// What stands between the two legs of a tunnel when plugins want its bytes. (Where none does, there is none.)
class TunnelFilter {
 public:
  virtual ~TunnelFilter() = default;
  // All of `bytes` is taken; what goes on is asked for in `effects`. Stay, or Close.
  virtual Outcome filter(Side from, Bytes bytes, bool end, Effects& effects) = 0;
  // Does a plugin let that side wait? Then it is not asked to filter more.
  virtual bool paused(Side from) const = 0;
  // What waited goes on, as far as it may.
  virtual Outcome resume(Effects& effects) = 0;
};

class Tunnelling final : public Stage {
 public:
  // Over the connection that there is, or over a fresh one: what there was is closed.
  enum class Upstream { as_it_is, fresh };
  Tunnelling(Uninspected why, Milliseconds idle, const Clock& clock, std::unique_ptr<TunnelFilter> filter = nullptr,
             Upstream upstream = Upstream::as_it_is);
  ~Tunnelling() override;

  Outcome on_start(bool upstream_connected, Effects& effects) override;
  Taken on_bytes(Side from, Bytes bytes, Effects& effects) override;
  Outcome on_end(Side from, Bytes left, Effects& effects) override;
  Outcome on_connected(Effects& effects) override;
  Outcome on_connect_failed(ConnectFailure failure, Effects& effects) override;
  Outcome on_deadline(Effects& effects) override;
  Outcome on_broken(Side side, Effects& effects) override;
  Outcome on_resumed(Effects& effects) override;
  bool wants(Side side) const override { return connected_ && !paused(side); }
  std::uint64_t passes_unseen(Side from) const override;
  Outcome on_passed(Side, std::uint64_t, Effects&) override { return moved_ = clock_.now(), Stay{}; }
  void on_sent(Side) override { moved_ = clock_.now(); }
  std::optional<Monotonic> deadline() const override { return moved_ + idle_; }
  std::string_view name() const override { return "tunnelling"; }
  Uninspected why() const { return why_; }

 private:
  bool paused(Side side) const { return filter_ && filter_->paused(side); }
  Outcome pass_end(Effects& effects);

  const Uninspected why_;
  const Milliseconds idle_;
  const Clock& clock_;
  const std::unique_ptr<TunnelFilter> filter_;
  LateRequest late_request_;
  const Upstream upstream_;
  bool connected_ = false;
  enum class Half { open, ended, passed_on };  // ended: it is passed on as soon as what came before it is
  Half halves_[2] = {Half::open, Half::open};
  Monotonic moved_;
  std::uint64_t seen_[2] = {0, 0};  // bytes, by the side they came from
};

}  // namespace hyalite
