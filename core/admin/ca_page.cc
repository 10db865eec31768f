// Where clients find the CA's certificate, and how to install it.
// SPDX-License-Identifier: MIT
#include "admin/ca_page.h"

#include <utility>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr char kHtml[] = "text/html; charset=utf-8";

// One screen per kind of device: no script, no style from elsewhere, nothing of the operator's but
// the names.
constexpr std::string_view kHow = R"(<h2>iPhone, iPad</h2>
<ol><li>Open <a href="/ca.mobileconfig">the profile</a> with Safari and allow the download.</li>
<li>Settings, <i>Profile Downloaded</i>, Install.</li>
<li>Settings, General, About, <i>Certificate Trust Settings</i>: switch it on. Without this step nothing works.</li></ol>
<h2>Mac</h2>
<ol><li>Open <a href="/ca.mobileconfig">the profile</a>, then System Settings, <i>Profiles</i> (under Privacy &amp; Security, or
General, Device Management), Install.</li></ol>
<h2>Windows</h2>
<ol><li>Save <a href="/ca.cer">the certificate</a> and open it: Install Certificate, Local Machine.</li>
<li>Place it in <i>Trusted Root Certification Authorities</i>. Or, as administrator:
<code>certutil -addstore Root ca.cer</code></li></ol>
<h2>Android</h2>
<ol><li>Save <a href="/ca.cer">the certificate</a>.</li>
<li>Settings, Security, Encryption &amp; credentials, Install a certificate, <i>CA certificate</i>; the names differ a little from
maker to maker.</li>
<li>Browsers take it. Most apps do not: they trust the system's certificates only.</li></ol>
<h2>Debian, Ubuntu</h2>
<ol><li>Save <a href="/ca.pem">the certificate</a> as <code>/usr/local/share/ca-certificates/hyalite.crt</code>, then
<code>update-ca-certificates</code> as root.</li></ol>
<h2>Firefox</h2>
<ol><li>On Windows and Mac it takes what the system trusts. Elsewhere: Settings, Privacy &amp; Security, Certificates, View
Certificates, Authorities, Import <a href="/ca.pem">the certificate</a>, <i>Trust this CA to identify websites</i>.</li></ol>
)";

std::string page(const CaFiles& files) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width\">"
         "<title>Install this network's certificate</title>\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">\n"
         "<style>body{font:16px/1.5 sans-serif;margin:2em auto;max-width:42em;padding:0 1em}"
         "code{overflow-wrap:anywhere}</style></head><body>\n"
         "<h1>Install this network's certificate</h1>\n"
         "<p>This network inspects encrypted connections. Devices that trust its certificate show "
         "pages "
         "as usual; others warn. Whoever installs it lets this network read what they do "
         "online.</p>\n"
         "<p><b>" +
         escape_html(files.subject) + "</b>, valid until " + escape_html(files.valid_until) +
         ".<br>Compare before you trust it, with what your administrator gave "
         "you:<br><code>SHA-256 " +
         escape_html(files.sha256) + "</code></p>\n" + std::string(kHow) + "</body></html>\n";
}

}  // namespace

std::optional<EndpointAnswer> ca_answer(const CaFiles& files, std::string_view path,
                                        std::string_view page_path) {
  if (path == page_path) return EndpointAnswer{200, kHtml, page(files)};
  if (path == "/ca.pem") return EndpointAnswer{200, "application/x-pem-file", files.pem};
  if (path == "/ca.cer") return EndpointAnswer{200, "application/x-x509-ca-cert", files.der};
  if (path == "/ca.mobileconfig")
    return EndpointAnswer{200, "application/x-apple-aspen-config", files.mobileconfig};
  return std::nullopt;
}

EndpointAnswer answer_client(const CaFiles* files, const EndpointRequest& request) {
  constexpr char kText[] = "text/plain; charset=utf-8";
  if (request.method != "GET" && request.method != "HEAD") return {405, kText, "GET or HEAD\n"};
  if (files == nullptr) return {503, kText, "there is no certificate at this moment\n"};
  auto answer = ca_answer(*files, request.path, "/");
  return answer ? std::move(*answer)
                : EndpointAnswer{404, kText, "there are / /ca.pem /ca.cer /ca.mobileconfig\n"};
}

}  // namespace hyalite
