// What plugins see of a flow's TLS.
// SPDX-License-Identifier: MIT
#include "flow/tls_view.h"

#include <new>

#include "plugin/abi.h"

namespace hyalite {

static_assert(HYALITE_DEFECT_WRONG_NAME == 1u << static_cast<unsigned>(Defect::wrong_name));
static_assert(HYALITE_DEFECT_OTHER == 1u << static_cast<unsigned>(Defect::other));
static_assert(HYALITE_SIDE_CLIENT == index_of(Side::client) && HYALITE_SIDE_UPSTREAM == index_of(Side::upstream));

void show_tls(Side side, const TlsFacts& facts, bool certificate, FlowSubject& flow) {
  Arena& arena = flow.arena();
  auto* view = ::new (arena.allocate(sizeof(hyalite_tls_info))) hyalite_tls_info{};
  view->size = sizeof *view;
  view->side = static_cast<hyalite_side>(index_of(side));
  view->done = facts.done ? 1 : 0;
  view->resumed = facts.resumed ? 1 : 0;
  view->version = facts.version;
  view->alert = facts.alert;
  view->verified = facts.verified ? 1 : 0;
  view->defects = facts.defects.bits();
  view->version_text = abi(arena.copy(version_text(facts.version)));
  view->cipher = abi(arena.copy(facts.cipher));
  view->group = abi(arena.copy(facts.group));
  view->alpn = abi(arena.copy(facts.alpn));
  if (facts.certificate_digest != Digest256{}) view->certificate_sha256 = abi(arena.copy(hex(facts.certificate_digest)));
  if (certificate && facts.certificate) view->certificate = abi(arena.copy(facts.certificate.der()));
  view->defect_text = abi(arena.copy(facts.defect_text));
  view->error = abi(arena.copy(facts.error));
  flow.set_tls(view->side, view);
}

}  // namespace hyalite
