#include "hadal/draf/server/page/page.h"

#include "server_page.h"

#include <string>

namespace hadal::draf::server {

HttpReply page_reply(std::string_view path) {
  if (path == "/page.css") {
    return {.content_type = "text/css; charset=utf-8", .body = std::string(embedded::page_css)};
  }
  if (path == "/page.js") {
    return {.content_type = "text/javascript; charset=utf-8",
            .body = std::string(embedded::page_js)};
  }
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(embedded::page_html),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; "
                       "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"X-Frame-Options", "DENY"}}};
}

}  // namespace hadal::draf::server
