#pragma once

#include "hadal/draf/server/http/message.h"

#include <string_view>

namespace hadal::draf::server {

/// The page for people: "/", "/page.css" and "/page.js".
HttpReply page_reply(std::string_view path);

}  // namespace hadal::draf::server
