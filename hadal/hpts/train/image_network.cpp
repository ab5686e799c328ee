#include "hadal/hpts/train/image_network.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/resnet.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/small_cnn.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace hadal::hpts {
namespace {

constexpr std::array kCifarDepths{20, 32, 44, 56, 110};
constexpr std::array kImageNetDepths{18, 34, 50, 101, 152};

template <class Holder>
ImageNetwork network_of(Holder holder, std::int64_t channels, std::int64_t size) {
  return {.module = holder.ptr(),
          .forward = [holder](const at::Tensor& x) mutable { return holder->forward(x); },
          .channels = channels,
          .size = size};
}

bool is_of_imagenet(int depth) {
  return std::ranges::find(kImageNetDepths, depth) != kImageNetDepths.end();
}

/// The number in "resnet20", 0 where there is none.
int depth_in(std::string_view name) {
  constexpr std::string_view kStart = "resnet";
  int depth = 0;
  if (name.starts_with(kStart)) {
    std::from_chars(name.data() + kStart.size(), name.data() + name.size(), depth);
  }
  return depth;
}

}  // namespace

const std::vector<std::string>& image_model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"glyph-cnn", "small-cnn"};
    for (const int depth : kCifarDepths) all.push_back(concat("resnet", depth));
    for (const int depth : kImageNetDepths) all.push_back(concat("resnet", depth));
    return all;
  }();
  return names;
}

ImageNetwork make_image_network(const std::string& name, std::int64_t classes, std::int64_t size) {
  const auto& names = image_model_names();
  if (std::ranges::find(names, name) == names.end()) {
    throw InvalidArgument(concat("image network: unknown model ", quote(name)));
  }
  const int depth = depth_in(name);
  const bool any_size = is_of_imagenet(depth);
  const std::int64_t own = any_size ? 224 : depth > 0 ? 32 : 28;
  if (size != 0 && size != own && !(any_size && size >= 32)) {
    throw InvalidArgument(concat("image network: ", name, " takes images of ",
                                 any_size ? "32 pixels or more" : "its own size", ", got size ",
                                 size));
  }
  if (name == "glyph-cnn") return network_of(models::GlyphCnn(classes), 1, own);
  if (name == "small-cnn") return network_of(models::SmallCnn(classes), 1, own);
  if (any_size) return network_of(models::ResNet(depth, classes), 3, size == 0 ? own : size);
  return network_of(models::ResNetCifar(depth, classes), 3, own);
}

}  // namespace hadal::hpts
