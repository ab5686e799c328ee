#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf {

/// Looks for texts that end an output, in parts of it that come one after another, and holds back
/// what may be the start of one. What is found does not depend on how the output is cut.
class StopTexts {
 public:
  /// Empty texts are not looked for.
  explicit StopTexts(std::vector<std::string> texts);

  /// What is now known to come before a stop text. Nothing after one was found.
  std::string add(std::string_view part);
  bool found() const { return found_; }
  /// What was held back; nothing where a stop text was found.
  std::string finish();

 private:
  std::size_t holds(std::string_view text) const;

  std::vector<std::string> texts_;
  std::string held_;
  bool found_ = false;
};

}  // namespace hadal::draf
