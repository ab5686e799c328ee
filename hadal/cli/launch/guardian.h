#pragma once

#include <sys/types.h>

namespace hadal::cli {

/// A process that does nothing but wait for the end of this one, and then kills the process groups
/// that are still watched: what the ranks have started themselves, too, ends when this process is
/// killed. To be made while this process has one thread, as a fork takes only that along.
class Guardian {
 public:
  /// Throws IoError where the system lacks processes or descriptors.
  Guardian();
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  void watch(pid_t group);
  /// `group` has ended; its number may soon be another's.
  void forget(pid_t group);

 private:
  void send(pid_t message) const;

  pid_t process_ = -1;
  int socket_ = -1;
};

}  // namespace hadal::cli
