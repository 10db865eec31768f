// Questions of plugins to services that the settings name.
// SPDX-License-Identifier: MIT
#include "plugin/fetches.h"

#include "plugin/abi.h"

namespace hyalite {

namespace {

void tell(void* instance, hyalite_fetch_done done, Ref ref, void* user, const FetchResult& result) {
  std::vector<hyalite_field> headers;
  headers.reserve(result.headers.size());
  for (const auto& [name, value] : result.headers) headers.push_back({abi(name), abi(value)});
  hyalite_fetch_result out{};
  out.size = sizeof out;
  out.status = result.status;
  out.http_status = result.http_status;
  out.headers = headers.data();
  out.header_count = headers.size();
  out.body = abi(result.body);
  out.why = abi(result.why);
  done(instance, ref, user, &out);
}

}  // namespace

Ref Fetches::add(InstanceHost& owner, FetchRequest request, hyalite_fetch_done done, void* user) {
  if (table_.full()) return 0;
  const Ref ref = table_.add({&owner, done, user});
  outbound_->start(ref, std::move(request), *this);
  return ref;
}

void Fetches::on_fetched(Ref ref, FetchResult result) {
  const auto fetch = table_.take(ref);
  if (!fetch) return;
  errands_.add(owed(*fetch->owner, Hook::fetched,
                    [done = fetch->done, user = fetch->user, ref, told = std::move(result)](void* instance) {
                      tell(instance, done, ref, user, told);
                    }));
}

bool Fetches::end(const InstanceHost& owner, Ref ref, hyalite_status status) {
  const Fetch* fetch = table_.find(ref);
  if (fetch == nullptr || fetch->owner != &owner) return false;
  give_up(ref, status);
  return true;
}

void Fetches::end_all(hyalite_status status) {
  for (const Ref ref : table_.all()) give_up(ref, status);
}

void Fetches::give_up(Ref ref, hyalite_status status) {
  outbound_->cancel(ref);
  FetchResult result;
  result.status = status;
  on_fetched(ref, std::move(result));
}

}  // namespace hyalite
