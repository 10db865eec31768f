// The pages we answer with in our own name.
// SPDX-License-Identifier: MIT
#include "flow/pages.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "http/writer.h"

namespace hyalite {

std::string error_page(int status, std::string_view sentence, std::string_view reference, bool to_head) {
  const std::string title = std::to_string(status) + " " + std::string(usual_reason(status));
  std::string body = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + escape_html(title) +
                     "</title></head>\n<body><h1>" + escape_html(title) + "</h1>\n<p>" + escape_html(sentence) +
                     ".</p>\n";
  if (!reference.empty()) body += "<p><small>Reference: " + escape_html(reference) + "</small></p>\n";
  body += "</body></html>\n";
  const std::pair<Bytes, Bytes> fields[] = {{"Cache-Control", "no-store"}};
  Page page;
  page.status = status;
  page.content_type = "text/html; charset=utf-8";
  page.body = body;
  page.fields = fields;
  page.to_head = to_head;
  Buffer out;
  write(page, out);
  return std::string(out.bytes());
}

namespace {

std::string plugin_page(const Respond& respond, Page page) {
  const std::vector<std::pair<Bytes, Bytes>> fields(respond.headers.begin(), respond.headers.end());
  page.status = static_cast<int>(respond.status);
  page.body = respond.body;
  page.fields = fields;
  Buffer out;
  write(page, out);
  return std::string(out.bytes());
}

}  // namespace

std::string plugin_page(const Respond& respond, bool to_head, bool keeps_alive) {
  Page page;
  page.to_head = to_head;
  page.keeps_alive = keeps_alive;
  return plugin_page(respond, page);
}

std::string head_of_stream(const Respond& respond, bool in_chunks) {
  Page page;
  page.sent = in_chunks ? Page::Body::in_chunks : Page::Body::until_close;
  return plugin_page(respond, page);
}

}  // namespace hyalite
