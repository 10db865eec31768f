// What the settings say about HTTP, as the stage that inspects it needs them.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "http/body.h"
#include "http/reader.h"
#include "settings/settings.h"

namespace hyalite {

struct HttpRules {
  HttpRules(const Settings& settings, const ListenerSettings& listener)
      : head{settings.limits.head_bytes, settings.limits.fields},
        body{settings.limits.chunk_line_bytes, settings.limits.trailer_bytes, settings.limits.fields},
        target_bytes(settings.limits.target_bytes),
        held_body_bytes(settings.limits.held_body_bytes),
        at_once_bytes(std::min<std::size_t>(64 * 1024, settings.limits.buffered_bytes_per_flow / 4)),
        interim_responses(settings.limits.interim_responses),
        timeouts(settings.timeouts),
        upgrades(listener.upgrades),
        connect(listener.connect),
        on_timeout(settings.upstream.on_timeout),
        host_mismatch(settings.policy.host_mismatch) {}

  HeadLimits head;
  BodyLimits body;
  std::size_t target_bytes;
  std::size_t held_body_bytes;
  std::size_t at_once_bytes;  // that leave of a held body before its reader has taken them
  std::size_t interim_responses;
  TimeoutSettings timeouts;
  UpgradeSettings upgrades;
  Treatment connect;
  TimeoutAnswer on_timeout;
  FindingAction host_mismatch;
};

}  // namespace hyalite
