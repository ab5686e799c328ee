#pragma once

#include <string>

namespace hadal::draf::server {

/// 24 hexadecimal digits that no other call of this program or another gave. Any thread may call.
std::string random_id();

}  // namespace hadal::draf::server
