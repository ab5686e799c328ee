#include "hadal/hpts/train/task.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

namespace hadal::hpts {

void Task::load_state(const std::map<std::string, at::Tensor>& state) {
  if (state.empty()) return;
  throw InvalidArgument(
      concat("the checkpoint is of another task: this one has no ", quote(state.begin()->first)));
}

}  // namespace hadal::hpts
