#include "hadal/hpts/train/image_input.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/where.h>

namespace hadal::hpts {
namespace {

// Of photographs, about (ImageNet's channels: .406 to .485, .224 to .229).
constexpr double kMean = 0.45;
constexpr double kDeviation = 0.225;

}  // namespace

at::Tensor network_input(const at::Tensor& images, std::int64_t channels, std::int64_t size) {
  at::Tensor input = images.is_floating_point() ? images : images.to(at::kFloat).div_(255.0);
  if (input.size(2) != size || input.size(3) != size) {
    input = at::upsample_bilinear2d(input, {size, size}, /*align_corners=*/false);
  }
  return input.sub(kMean).div_(kDeviation).expand({-1, channels, -1, -1});
}

at::Tensor shift_randomly(const at::Tensor& images, Random& random) {
  const std::int64_t height = images.size(2), width = images.size(3);
  const std::int64_t down = height / 8, right = width / 8;
  const at::Tensor padded = at::constant_pad_nd(images, {right, right, down, down}, 0);
  std::vector<at::Tensor> shifted;
  for (const at::Tensor& image : padded.unbind()) {
    const std::int64_t top = random.between(0, 2 * down);
    const std::int64_t left = random.between(0, 2 * right);
    shifted.push_back(image.narrow(1, top, height).narrow(2, left, width));
  }
  return at::stack(shifted);
}

at::Tensor mirror_randomly(const at::Tensor& images, Random& random) {
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    chosen.push_back(static_cast<std::int64_t>(random.below(2)));
  }
  return at::where(at::tensor(chosen).to(at::kBool).view({-1, 1, 1, 1}), images.flip({3}), images);
}

at::Tensor augmented(at::Tensor images, const Augmentation& augmentation, Random& random) {
  if (augmentation.crop) images = shift_randomly(images, random);
  if (augmentation.flip) images = mirror_randomly(images, random);
  return images;
}

}  // namespace hadal::hpts
