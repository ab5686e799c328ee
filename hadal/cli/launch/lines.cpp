#include "hadal/cli/launch/lines.h"

#include <array>
#include <cerrno>

#include <unistd.h>

namespace hadal::cli {
namespace {

// A program that never ends its line shall not fill the memory.
constexpr std::size_t kLongestLine = std::size_t{1} << 16;

}  // namespace

bool Lines::read(int descriptor) {
  std::array<char, 16'384> buffer;
  while (true) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    rest_.append(buffer.data(), static_cast<std::size_t>(count));
    std::size_t at = 0;
    for (std::size_t end; (end = rest_.find('\n', at)) != rest_.npos; at = end + 1) {
      write(rest_.substr(at, end - at));
    }
    rest_.erase(0, at);
    if (rest_.size() > kLongestLine) finish();
  }
}

void Lines::finish() {
  if (!rest_.empty()) write(rest_);
  rest_.clear();
}

void Lines::write(const std::string& line) {
  std::fprintf(target_, "%s%s\n", prefix_.c_str(), line.c_str());
  std::fflush(target_);
  last_.push_back(line);
  if (last_.size() > kLastLines) last_.pop_front();
}

}  // namespace hadal::cli
