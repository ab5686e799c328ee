#include "hadal/core/safetensors/reader.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/models/resnet_cifar.h"
#include "hadal/models/state.h"
#include "hadal/models/test_support.h"
#include "hadal/testing/paths.h"

#include <c10/core/InferenceMode.h>

namespace hadal::models {
namespace {

using testing::max_difference;

constexpr const char* kImages = "cv/cifar10-4k/data_batch_1-first-4000.bin.gz";

struct Published {
  int depth;
  double accuracy;  // on the test images
};

class ResNetCifarRealData : public ::testing::TestWithParam<Published> {
 protected:
  static std::string checkpoint() {
    return concat("cv/resnet", GetParam().depth, "-cifar10.safetensors");
  }
};

TEST_P(ResNetCifarRealData, GivesTheLogitsOfAnotherImplementation) {
  HADAL_REQUIRE_DATA(weights, checkpoint());
  HADAL_REQUIRE_DATA(images, kImages);
  const c10::InferenceMode no_grad;
  const at::Tensor golden =
      SafetensorsReader(
          hadal::testing::source_path("hadal/models/testdata/resnet_logits.safetensors"))
          .tensor(concat("resnet", GetParam().depth));
  ResNetCifar model(GetParam().depth);
  load_state(*model, SafetensorsReader(weights));
  model->eval();
  const at::Tensor x = normalize_cifar(data::read_cifar10(images).images.slice(0, 0, 8));
  EXPECT_LT(max_difference(model->forward(x), golden), 1e-4);
  model->to(at::kDouble);
  // The images still are fp32.
  EXPECT_LT(max_difference(model->forward(x.to(at::kDouble)), golden), 1e-5);
}

// These are training images, so that the accuracy must be at least that on test images.
TEST_P(ResNetCifarRealData, IsRightAsOftenAsPublishedWithAndWithoutFolding) {
  HADAL_REQUIRE_DATA(weights, checkpoint());
  HADAL_REQUIRE_DATA(images, kImages);
  const c10::InferenceMode no_grad;
  ResNetCifar model(GetParam().depth);
  load_state(*model, SafetensorsReader(weights));
  model->eval();
  const auto cifar = data::read_cifar10(images);
  const auto logits_of = [&](std::int64_t from, std::int64_t to) {
    return model->forward(normalize_cifar(cifar.images.slice(0, from, to)));
  };
  const at::Tensor before = logits_of(0, 250);
  model->fold_batch_norm();
  EXPECT_LT(max_difference(logits_of(0, 250), before), 1e-4);
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < 4000; i += 250) {
    right += (logits_of(i, i + 250).argmax(1) == cifar.labels.slice(0, i, i + 250))
                 .sum()
                 .item<std::int64_t>();
  }
  EXPECT_GE(static_cast<double>(right) / 4000, GetParam().accuracy);
}

INSTANTIATE_TEST_SUITE_P(Published, ResNetCifarRealData,
                         ::testing::Values(Published{20, 0.917}, Published{56, 0.936}),
                         [](const auto& info) { return concat("Depth", info.param.depth); });

}  // namespace
}  // namespace hadal::models
