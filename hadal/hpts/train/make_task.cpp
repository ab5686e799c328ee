#include "hadal/hpts/train/make_task.h"

#include "hadal/core/random.h"
#include "hadal/data/sets/sets.h"
#include "hadal/hpts/train/text_task.h"

namespace hadal::hpts {

std::unique_ptr<Task> make_task(const TrainConfig& config,
                                const std::optional<std::filesystem::path>& data) {
  seed_aten(config.seed);
  if (const auto* network = std::get_if<ImageTaskOptions>(&config.model)) {
    return make_image_task(*network, data::load_image_set(config.data_set, data, config.seed));
  }
  return make_text_task(std::get<models::DecoderLmOptions>(config.model),
                        data::load_text_set(config.data_set, data, config.seed));
}

}  // namespace hadal::hpts
