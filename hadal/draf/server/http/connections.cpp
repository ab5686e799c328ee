#include "hadal/draf/server/http/connection.h"

namespace hadal::draf::server {

void Connections::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  all_.emplace(connection.get(), connection);
}

void Connections::remove(Connection* connection) {
  const std::lock_guard lock(mutex_);
  all_.erase(connection);
}

void Connections::for_each(const std::function<void(Connection&)>& action) {
  // The last owner of a connection may be this function, and its end locks the mutex.
  std::vector<std::shared_ptr<Connection>> alive;
  {
    const std::lock_guard lock(mutex_);
    alive.reserve(all_.size());
    for (const auto& [pointer, weak] : all_) {
      if (auto connection = weak.lock()) alive.push_back(std::move(connection));
    }
  }
  for (const auto& connection : alive) action(*connection);
}

bool Connections::take_room(std::size_t bytes) {
  if (body_bytes_.fetch_add(bytes) + bytes <= options.max_bodies_bytes) return true;
  body_bytes_ -= bytes;
  return false;
}

}  // namespace hadal::draf::server
