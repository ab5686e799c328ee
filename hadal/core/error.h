#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace hadal {

/// Joins its arguments as `<<` prints them, with "." and without grouping in every locale.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  (text << ... << parts);
  return text.str();
}

/// Base of everything that Hadal throws. `what()` says what is wrong, naming the value, file or
/// tensor; `hint()` says what to do about it and may be empty.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what, std::string hint = "")
      : std::runtime_error(what), hint_(std::move(hint)) {}
  const std::string& hint() const noexcept { return hint_; }

 private:
  std::string hint_;
};

/// A value that the caller passed is not allowed: wrong shape, dtype, range, option or name.
class InvalidArgument : public Error {
  using Error::Error;
};

/// A file or message is malformed: its text names the file, the place and what was expected.
class FormatError : public Error {
  using Error::Error;
};

/// The operating system refused a file or resource: not found, no permission, disk full.
class IoError : public Error {
  using Error::Error;
};

/// The request is sound, but this build or machine cannot serve it.
class Unsupported : public Error {
  using Error::Error;
};

/// The user asked to stop (Ctrl-C, SIGTERM).
class Interrupted : public Error {
  using Error::Error;
};

}  // namespace hadal
