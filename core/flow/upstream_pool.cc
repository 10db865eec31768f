// Connections to upstreams that wait: one flow left them, another may take them.
// SPDX-License-Identifier: MIT
#include "flow/upstream_pool.h"

#include <optional>

namespace hyalite {

namespace {

// What there is to read says so: nothing, if all is well. The byte is lost, and so is the connection.
std::optional<IdleEnd> look(Transport& transport) {
  char byte;
  switch (transport.read({&byte, 1}).state) {
    case Moved::State::later: return std::nullopt;
    case Moved::State::moved: return IdleEnd::upstream_spoke;
    case Moved::State::ended:
    case Moved::State::broken: break;
  }
  return IdleEnd::upstream_closed;
}

}  // namespace

class UpstreamPool::Idle final : public Link {
 public:
  Idle(UpstreamPool& pool, const UpstreamKey& whose, std::unique_ptr<UpstreamConnection> what)
      : key(whose), connection(std::move(what)), expiry(callback<&Idle::on_expired>(*this)), pool_(pool) {
    connection->watch.set_owner(callback<&Idle::on_ready>(*this));
  }

  const UpstreamKey key;
  std::unique_ptr<UpstreamConnection> connection;
  WheelEntry expiry;

 private:
  // An edge may be told late: what it tells of was read by the flow that left.
  void on_ready(Readiness) {
    if (const auto end = look(*connection->transport)) pool_.close(*this, *end);
  }
  void on_expired() { pool_.close(*this, IdleEnd::expired); }

  UpstreamPool& pool_;
};

UpstreamPool::UpstreamPool(const ReuseSettings& settings, Wheel& wheel, Tally& tally) : settings_(settings), wheel_(wheel), tally_(tally) {}

UpstreamPool::~UpstreamPool() { close_all(IdleEnd::drained); }

UpstreamPool::Idle& UpstreamPool::longest_idle() const { return *static_cast<Idle*>(all_.first()); }

std::unique_ptr<UpstreamConnection> UpstreamPool::take(const UpstreamKey& key, Callback<Readiness> owner) {
  for (auto found = lines_.find(key); found != lines_.end(); found = lines_.find(key)) {
    Idle& last = *found->second.back();
    // The loop may not have told yet what came.
    if (const auto end = look(*last.connection->transport)) {
      close(last, *end);
      continue;
    }
    std::unique_ptr<UpstreamConnection> taken = remove(last);
    taken->watch.set_owner(owner);
    tally_.reused();
    return taken;
  }
  return nullptr;
}

void UpstreamPool::keep(const UpstreamKey& key, std::unique_ptr<UpstreamConnection> connection, bool sure) {
  if (drains_) return tally_.not_kept(NotKept::draining);
  if (!sure && look(*connection->transport)) return tally_.not_kept(NotKept::not_at_rest);
  if (const auto line = lines_.find(key); line != lines_.end() && line->second.size() == settings_.connections_per_client) {
    close(*line->second.front(), IdleEnd::evicted);
  } else if (size_ == settings_.connections_per_worker) {
    close(longest_idle(), IdleEnd::evicted);
  }
  Idle& idle = *lines_[key].emplace_back(std::make_unique<Idle>(*this, key, std::move(connection)));
  idle.join(all_);
  ++size_;
  wheel_.schedule(idle.expiry, settings_.idle);
  tally_.kept();
}

std::unique_ptr<UpstreamConnection> UpstreamPool::remove(Idle& idle) {
  std::unique_ptr<UpstreamConnection> connection = std::move(idle.connection);
  const auto line = lines_.find(idle.key);
  std::erase_if(line->second, [&](const std::unique_ptr<Idle>& one) { return one.get() == &idle; });
  if (line->second.empty()) lines_.erase(line);
  --size_;
  return connection;
}

void UpstreamPool::close(Idle& idle, IdleEnd why) {
  tally_.closed_idle(why);
  remove(idle);
}

void UpstreamPool::close_all(IdleEnd why) {
  while (!all_.empty()) close(longest_idle(), why);
}

void UpstreamPool::drain() {
  drains_ = true;
  close_all(IdleEnd::drained);
}

}  // namespace hyalite
