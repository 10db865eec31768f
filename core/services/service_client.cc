// One service over HTTP, as one worker talks to it.
// SPDX-License-Identifier: MIT
#include "services/service_client.h"

#include <algorithm>

#include "base/text.h"

namespace hyalite {

namespace {

bool is_idempotent(const std::string& method) {
  // RFC 9110, section 9.2.2.
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE" || method == "TRACE";
}

bool has(const FetchRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) { return equals_ignoring_case(header.first, name); });
}

std::string written(const FetchRequest& request, const ServiceSettings& service) {
  std::string out = request.method + ' ' + request.target + " HTTP/1.1\r\n";
  if (!has(request, "host")) out += "Host: " + host_of(service) + "\r\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
  const bool expects_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (expects_body || !request.body.empty()) out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return out + "\r\n" + request.body;
}

Answered how_of(hyalite_status status) {
  switch (status) {
    case HYALITE_OK: return Answered::answered;
    case HYALITE_E_LIMIT: return Answered::too_large;
    case HYALITE_E_TIMED_OUT: return Answered::late;
    default: return Answered::failed;
  }
}

}  // namespace

ServiceClient::Question::Question(ServiceClient& owner, Ref ref_, FetchRequest request_, FetchesHeard& heard_)
    : client(owner), ref(ref_), request(std::move(request_)), heard(heard_), timer(owner.way_.loop, callback<&Question::on_time>(*this)) {}

ServiceClient::ServiceClient(const ServiceWay& way)
    : way_(way), settings_(way_.service), turn_(way_.loop, callback<&ServiceClient::pump>(*this)) {}

ServiceClient::~ServiceClient() = default;

void ServiceClient::start(Ref ref, FetchRequest request, FetchesHeard& heard) {
  const auto within = request.within.count() > 0 ? std::chrono::ceil<Milliseconds>(request.within) : settings_.within;
  auto question = std::make_unique<Question>(*this, ref, std::move(request), heard);
  question->timer.start(std::min(within, settings_.within));
  questions_.emplace(ref, std::move(question));
  waiting_.push_back(ref);
  turn_.ask();
}

bool ServiceClient::cancel(Ref ref) {
  if (!forget(ref)) return false;
  way_.record.answered(Answered::given_up);
  return true;
}

bool ServiceClient::forget(Ref ref) {
  const auto found = questions_.find(ref);
  if (found == questions_.end()) return false;
  ServiceConnection* on = found->second->on;
  questions_.erase(found);
  std::erase(waiting_, ref);
  // Its answer would be taken for that of the next question.
  if (on != nullptr) drop(*on);
  turn_.ask();
  return true;
}

void ServiceClient::late(Ref ref) {
  FetchResult result = failed(HYALITE_E_TIMED_OUT, "the service did not answer in time");
  FetchesHeard& heard = questions_.at(ref)->heard;
  forget(ref);
  way_.record.answered(Answered::late);
  heard.on_fetched(ref, std::move(result));
}

void ServiceClient::finish(Ref ref, FetchResult result) {
  const auto found = questions_.find(ref);
  FetchesHeard& heard = found->second->heard;
  questions_.erase(found);
  way_.record.answered(how_of(result.status));
  heard.on_fetched(ref, std::move(result));
}

ServiceClient::Question* ServiceClient::asked_on(const ServiceConnection& connection) {
  for (const auto& [ref, question] : questions_) {
    if (question->on == &connection) return question.get();
  }
  return nullptr;
}

// ---- connections

ServiceConnection* ServiceClient::free_connection() {
  for (const auto& connection : connections_) {
    if (connection->idle()) return connection.get();
  }
  if (connections_.size() == settings_.connections) return nullptr;
  ServiceConnectionOwner& self = *this;
  return connections_.emplace_back(std::make_unique<ServiceConnection>(way_, self)).get();
}

void ServiceClient::pump() {
  dropped_.clear();
  while (!waiting_.empty()) {
    ServiceConnection* connection = free_connection();
    if (connection == nullptr) return;
    Question& question = *questions_.at(waiting_.front());
    waiting_.pop_front();
    question.on = connection;
    connection->ask(written(question.request, settings_), question.request.method == "HEAD");
  }
}

// Not inside its own call: that comes with the next turn.
void ServiceClient::drop(ServiceConnection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& one) { return one.get() == &connection; });
  if (found == connections_.end()) return;
  dropped_.push_back(std::move(*found));
  connections_.erase(found);
  turn_.ask();
}

void ServiceClient::on_answer(ServiceConnection& connection, FetchResult result, bool reusable) {
  Question* question = asked_on(connection);
  if (!reusable) drop(connection);
  turn_.ask();
  if (question != nullptr) finish(question->ref, std::move(result));
}

void ServiceClient::on_lost(ServiceConnection& connection, FetchResult why, bool unheard) {
  Question* question = asked_on(connection);
  drop(connection);
  if (question == nullptr) return;
  question->on = nullptr;
  if (unheard && !question->retried && is_idempotent(question->request.method)) {
    question->retried = true;
    waiting_.push_front(question->ref);
    return;
  }
  finish(question->ref, std::move(why));
}

}  // namespace hyalite
