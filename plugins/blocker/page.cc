// The page that a client gets instead of what was blocked.
// SPDX-License-Identifier: MIT
#include "page.h"

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return out;
}

std::string block_page(std::string_view host, std::string_view rule) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Blocked</title>\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n"
         "<style>body{font-family:sans-serif;max-width:40em;margin:4em auto;padding:0 "
         "1em}</style></head>\n"
         "<body><h1>This site is blocked</h1>\n<p>The network you are in does not allow <strong>" +
         escape_html(host) + "</strong>.</p>\n<p>Rule: <code>" + escape_html(rule) +
         "</code></p></body></html>\n";
}
