// The admin pages: what is shown where, and who may ask.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "admin/settings_view.h"
#include "admin/source.h"
#include "event/http_endpoint.h"

namespace hyalite {

// May a request with this Host be answered on a TCP socket? Browsers can be made to ask us under
// foreign names (DNS rebinding), never under the name localhost or an address: "localhost",
// "127.0.0.1:9180", "[::1]"; none at all is no browser.
bool is_local_host(std::string_view host);

// GET / /health /metrics /status /flows /plugins /settings, and with a CA /ca /ca.pem /ca.cer
// /ca.mobileconfig; on the control socket also POST /reload /upgrade /reopen /forget?name=NAME.
class Pages {
 public:
  // The source outlives the pages. `owner`: whose commands are taken beside root's.
  Pages(AdminSource& source, uid_t owner) : source_(source), owner_(owner) {}

  // For those who may look.
  void show(const EndpointRequest& request, EndpointReply reply);
  // For those who may command: root and the owner, by the credentials of their unix socket.
  void control(const EndpointRequest& request, EndpointReply reply);

 private:
  void look(const EndpointRequest& request, EndpointReply reply, Onlooker onlooker);
  void command(const EndpointRequest& request, EndpointReply reply);
  void flows(const EndpointRequest& request, EndpointReply reply);
  EndpointAnswer health() const;

  AdminSource& source_;
  uid_t owner_;
};

}  // namespace hyalite
