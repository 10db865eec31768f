// A small HTTP server for the admin pages: evhttp behind our own words.
// SPDX-License-Identifier: MIT
#include "event/http_endpoint.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <list>
#include <utility>
#include <vector>

#include "event/numeric_names.h"
#include "event/timer.h"

namespace hyalite {

// A request between its handler and its answer. It stays in its server's list, so that neither
// outlives the other unaware.
struct EndpointReply::Pending : Link {
  explicit Pending(evhttp_request* r) : request(r) {}
  ~Pending() { detach(); }

  // evhttp frees a request when it is answered; one whose connection is gone is ours to free.
  void detach() {
    leave();
    if (request != nullptr && evhttp_request_get_connection(request) == nullptr)
      evhttp_request_free(request);
    request = nullptr;
  }

  evhttp_request* request;  // null once answered, or when the endpoint is gone
};

EndpointReply::EndpointReply(std::unique_ptr<Pending> pending) : pending_(std::move(pending)) {}
EndpointReply::EndpointReply(EndpointReply&& other) noexcept = default;

EndpointReply& EndpointReply::operator=(EndpointReply&& other) noexcept {
  std::swap(pending_, other.pending_);
  return *this;
}

EndpointReply::~EndpointReply() {
  if (pending_ && pending_->request != nullptr)
    send({.status = 500, .content_type = "text/plain", .body = "no answer\n"});
}

void EndpointReply::send(const EndpointAnswer& answer) {
  assert(pending_);
  evhttp_request* request = std::exchange(pending_->request, nullptr);
  pending_.reset();
  if (request == nullptr) return;
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", answer.content_type.c_str());
  evhttp_add_header(headers, "Content-Length", std::to_string(answer.body.size()).c_str());
  evhttp_add_header(headers, "Cache-Control", "no-store");
  evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
  evbuffer* body = evbuffer_new();
  if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD) {
    evbuffer_add(body, answer.body.data(), answer.body.size());
  }
  evhttp_send_reply(request, answer.status, nullptr, body);
  evbuffer_free(body);
}

namespace {

// The file of a unix socket; removed in the end, unless somebody else has put his own there.
class SocketFile {
 public:
  explicit SocketFile(std::string path) : path_(std::move(path)), made_(identity()) {}
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile() {
    if (made_ && identity() == made_) unlink(path_.c_str());
  }

 private:
  std::optional<std::pair<dev_t, ino_t>> identity() const {
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0) return std::nullopt;
    return std::pair{now.st_dev, now.st_ino};
  }

  std::string path_;
  std::optional<std::pair<dev_t, ino_t>> made_;
};

// Without descriptors a listener would spin: it rests until the next tick.
void rest(evconnlistener* listener, void*) { evconnlistener_disable(listener); }

// The kernel gives the lowest number that is free. `any`: some descriptor that is open.
bool are_descriptors_few(int any, std::size_t spare) {
  if (spare == 0) return false;
  const Fd lowest(fcntl(any, F_DUPFD_CLOEXEC, 0));
  rlimit may{};
  if (!lowest || getrlimit(RLIMIT_NOFILE, &may) != 0) return true;
  return static_cast<rlim_t>(lowest.get()) + spare >= may.rlim_cur;
}

}  // namespace

struct HttpEndpoint::Server {
  Server(Loop& loop, Handler h, const EndpointLimits& limits)
      : handler(std::move(h)),
        http(evhttp_new(loop.base())),
        spare_descriptors(limits.spare_descriptors),
        tick(loop, limits.rest, callback<&Server::wake_listeners>(*this)) {}
  ~Server() {
    while (!pending.empty()) static_cast<EndpointReply::Pending*>(pending.first())->detach();
    evhttp_free(http);
  }

  static void on_request(evhttp_request* request, void* self) {
    static_cast<Server*>(self)->handle(request);
  }
  // Asked for each connection that was accepted; null: evhttp makes the usual one.
  static bufferevent* on_accepted(event_base*, void* self) {
    static_cast<Server*>(self)->rest_when_short();
    return nullptr;
  }
  void handle(evhttp_request* request);
  bool is_short() const {
    return !listeners.empty() &&
           are_descriptors_few(evconnlistener_get_fd(listeners.front()), spare_descriptors);
  }
  void rest_when_short() {
    if (!is_short()) return;
    for (evconnlistener* listener : listeners) evconnlistener_disable(listener);
  }
  void wake_listeners() {
    if (is_short()) return;
    for (evconnlistener* listener : listeners) evconnlistener_enable(listener);
  }

  Handler handler;
  evhttp* http;
  const std::size_t spare_descriptors;
  std::vector<evhttp_bound_socket*> bound;
  std::vector<evconnlistener*> listeners;
  std::list<SocketFile> files;
  Link pending;
  Ticker tick;
};

namespace {

const char* method_name(evhttp_request* request) {
  switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_PUT:
      return "PUT";
    case EVHTTP_REQ_DELETE:
      return "DELETE";
    default:
      return "";
  }
}

std::optional<PeerCredentials> peer_of(evhttp_request* request) {
  evhttp_connection* connection = evhttp_request_get_connection(request);
  const int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
  int domain = 0;
  socklen_t size = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
    return std::nullopt;
  ucred peer{};
  size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return PeerCredentials{peer.pid, peer.uid, peer.gid};
}

std::string_view or_empty(const char* text) { return text == nullptr ? std::string_view{} : text; }

Result<Fd> listening_socket(const sockaddr* address, socklen_t size, const std::string& what) {
  Fd fd(socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Error::system(Fault::operator_, "cannot listen on " + what, errno);
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd.get(), address, size) != 0)
    return Error::system(Fault::operator_, "cannot listen on " + what, errno);
  return fd;
}

// A socket file that a process left behind when it died: nobody answers there any more.
void remove_abandoned(const sockaddr_un& address) {
  Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  if (connect(probe.get(), at, sizeof address) != 0 && errno == ECONNREFUSED)
    unlink(address.sun_path);
}

}  // namespace

void HttpEndpoint::Server::handle(evhttp_request* request) {
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  evbuffer* body = evhttp_request_get_input_buffer(request);
  const std::size_t size = evbuffer_get_length(body);
  EndpointRequest asked{
      .method = method_name(request),
      .path = or_empty(uri != nullptr ? evhttp_uri_get_path(uri) : nullptr),
      .query = or_empty(uri != nullptr ? evhttp_uri_get_query(uri) : nullptr),
      .host = or_empty(evhttp_find_header(evhttp_request_get_input_headers(request), "Host")),
      .body = size == 0
                  ? std::string_view{}
                  : std::string_view(reinterpret_cast<char*>(evbuffer_pullup(body, -1)), size),
      .peer = peer_of(request),
  };
  if (asked.path.empty()) asked.path = "/";
  auto waiting = std::make_unique<EndpointReply::Pending>(request);
  waiting->join(pending);
  handler(asked, EndpointReply(std::move(waiting)));
}

HttpEndpoint::HttpEndpoint(Loop& loop, Handler handler, EndpointLimits limits)
    : server_(std::make_unique<Server>(loop, std::move(handler), limits)) {
  use_numeric_names();
  evhttp* http = server_->http;
  evhttp_set_max_headers_size(http, static_cast<ev_ssize_t>(limits.most_header_bytes));
  evhttp_set_max_body_size(http, static_cast<ev_ssize_t>(limits.most_body_bytes));
  evhttp_set_timeout(http, static_cast<int>(limits.idle.count()));
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                       EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE);
  evhttp_set_default_content_type(http, nullptr);
  evhttp_set_gencb(http, &Server::on_request, server_.get());
  evhttp_set_bevcb(http, &Server::on_accepted, server_.get());
}

HttpEndpoint::~HttpEndpoint() = default;

Result<Address> HttpEndpoint::listen(const Address& address) {
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, address.ip.is_v4() ? AF_INET : AF_INET6);
  auto fd = listening_socket(reinterpret_cast<sockaddr*>(&storage), size, address.text());
  if (!fd) return fd.error();
  socklen_t bound_size = sizeof storage;
  getsockname(fd->get(), reinterpret_cast<sockaddr*>(&storage), &bound_size);
  const Address bound = *Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  if (auto served = serve(*std::move(fd)); !served) return served.error();
  return bound;
}

Result<void> HttpEndpoint::listen_unix(const std::string& path, mode_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error::system(Fault::operator_, "cannot listen on " + path, ENAMETOOLONG);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  remove_abandoned(address);
  auto fd = listening_socket(reinterpret_cast<sockaddr*>(&address), sizeof address, path);
  if (!fd) return fd.error();
  // Before listen(): until then nobody can connect, whatever the umask made of it.
  if (chmod(path.c_str(), mode) != 0)
    return Error::system(Fault::operator_, "cannot set the mode of " + path, errno);
  if (auto served = serve(*std::move(fd)); !served) return served.error();
  server_->files.emplace_back(path);
  return {};
}

Result<void> HttpEndpoint::serve(Fd listening) {
  const int flags = fcntl(listening.get(), F_GETFL);
  fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK);
  if (::listen(listening.get(), 64) != 0)
    return Error::system(Fault::operator_, "cannot listen", errno);
  evhttp_bound_socket* bound = evhttp_accept_socket_with_handle(server_->http, listening.get());
  if (bound == nullptr) return Error::system(Fault::us, "cannot serve a socket", errno);
  (void)listening.release();  // evhttp closes it
  server_->bound.push_back(bound);
  server_->listeners.push_back(evhttp_bound_socket_get_listener(bound));
  evconnlistener_set_error_cb(server_->listeners.back(), &rest);
  return {};
}

void HttpEndpoint::stop_accepting() {
  server_->listeners.clear();
  for (evhttp_bound_socket* bound : server_->bound) evhttp_del_accept_socket(server_->http, bound);
  server_->bound.clear();
  server_->files.clear();
}

}  // namespace hyalite
