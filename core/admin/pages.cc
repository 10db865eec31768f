// The admin pages: what is shown where, and who may ask.
// SPDX-License-Identifier: MIT
#include "admin/pages.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "admin/index_page.h"
#include "admin/json_writer.h"
#include "admin/status.h"
#include "base/address.h"
#include "base/text.h"

namespace hyalite {

namespace {

constexpr char kJson[] = "application/json";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr std::size_t kFlowsShown = 100, kMostFlows = 1'000;

EndpointAnswer json_answer(std::string json) { return {200, kJson, std::move(json)}; }

EndpointAnswer refusal(int status, std::string why) {
  return {status, "text/plain; charset=utf-8", std::move(why) + '\n'};
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// The value of a parameter, which needs no decoding: numbers and words only.
std::string_view parameter(std::string_view query, std::string_view name) {
  for (const std::string_view piece : split(query, '&')) {
    if (piece.size() > name.size() && piece.starts_with(name) && piece[name.size()] == '=') {
      return piece.substr(name.size() + 1);
    }
  }
  return {};
}

std::string outcome_json(const CommandOutcome& outcome) {
  JsonWriter json;
  json.open_object()
      .member("done", outcome.done)
      .member("text", outcome.text)
      .name("mistakes")
      .raw(outcome.mistakes);
  return json.close_object().text() + '\n';
}

std::optional<AdminCommand> command_of(const EndpointRequest& request) {
  if (request.path == "/reload") {
    return parameter(request.query, "release") == "1" ? AdminCommand::release
                                                      : AdminCommand::reload;
  }
  if (request.path == "/upgrade") return AdminCommand::upgrade;
  if (request.path == "/reopen") return AdminCommand::reopen;
  return std::nullopt;
}

}  // namespace

bool is_local_host(std::string_view host) {
  if (host.empty()) return true;
  std::string_view name = without_port(host);
  if (equals_ignoring_case(name, "localhost")) return true;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return IpAddress::parse(name).has_value();
}

void Pages::show(const EndpointRequest& request, EndpointReply reply) {
  // A unix socket cannot be reached from a browser's page.
  const bool foreign =
      !request.peer && !source_.settings().admin.allow_remote && !is_local_host(request.host);
  if (foreign)
    return reply.send(refusal(421, "this name is not ours: ask by address, or as localhost"));
  if (request.method != "GET" && request.method != "HEAD") {
    return reply.send(refusal(405, "commands are taken on the control socket only"));
  }
  look(request, std::move(reply), Onlooker::anybody);
}

void Pages::control(const EndpointRequest& request, EndpointReply reply) {
  const bool allowed = request.peer && (request.peer->uid == 0 || request.peer->uid == owner_);
  if (!allowed) return reply.send(refusal(403, "only root and the service's owner may ask here"));
  if (request.method == "POST") return command(request, std::move(reply));
  if (request.method != "GET" && request.method != "HEAD")
    return reply.send(refusal(405, "GET or POST"));
  look(request, std::move(reply), Onlooker::commander);
}

void Pages::look(const EndpointRequest& request, EndpointReply reply, Onlooker onlooker) {
  const std::string_view path = request.path;
  if (path == "/health") return reply.send(health());
  if (path == "/metrics")
    return reply.send({200, std::string(kExpositionType), source_.totals().exposition()});
  if (path == "/status")
    return reply.send(json_answer(status_json(source_.facts(), source_.totals())));
  if (path == "/plugins") return reply.send(json_answer(source_.facts().plugins + '\n'));
  if (path == "/settings")
    return reply.send(json_answer(settings_json(source_.settings(), onlooker) + '\n'));
  if (path == "/flows") return flows(request, std::move(reply));
  if (const CaFiles* ca = source_.ca_files()) {
    if (const auto answer = ca_answer(*ca, path, "/ca")) return reply.send(*answer);
  }
  if (path == "/") return reply.send({200, kHtml, index_page(source_.facts(), source_.totals())});
  reply.send(refusal(404, "there are / /health /metrics /status /flows /plugins /settings"));
}

EndpointAnswer Pages::health() const {
  return source_.facts().serving() ? EndpointAnswer{200, "text/plain; charset=utf-8", "ok\n"}
                                   : refusal(503, "no generation serves");
}

void Pages::flows(const EndpointRequest& request, EndpointReply reply) {
  const std::string_view asked = parameter(request.query, "most");
  const auto most =
      asked.empty() ? std::optional<std::uint64_t>(kFlowsShown) : parse_decimal(asked);
  if (!most) return reply.send(refusal(400, "most: a number"));
  auto later = std::make_shared<EndpointReply>(std::move(reply));
  source_.flows(std::min<std::size_t>(*most, kMostFlows),
                [later](std::string json) { later->send(json_answer(std::move(json) + '\n')); });
}

void Pages::command(const EndpointRequest& request, EndpointReply reply) {
  if (request.path == "/forget") {
    const CommandOutcome outcome = source_.forget(parameter(request.query, "name"));
    return reply.send({outcome.done ? 200 : 409, kJson, outcome_json(outcome)});
  }
  const auto command = command_of(request);
  if (!command) return reply.send(refusal(404, "there are /reload /upgrade /reopen /forget"));
  auto later = std::make_shared<EndpointReply>(std::move(reply));
  source_.command(*command, [later](const CommandOutcome& outcome) {
    later->send({outcome.done ? 200 : 409, kJson, outcome_json(outcome)});
  });
}

}  // namespace hyalite
