#include "hadal/core/error.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/hpts/train/image_task.h"
#include "hadal/hpts/train/text_task.h"

#include <cmath>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

TEST(ImageInput, ScalesAndFillsChannels) {
  const at::Tensor grey = at::full({2, 1, 28, 28}, 255, at::kByte);
  const at::Tensor input = network_input(grey, 3, 32);
  EXPECT_EQ(input.sizes(), (std::vector<std::int64_t>{2, 3, 32, 32}));
  EXPECT_TRUE(at::allclose(input, at::full({2, 3, 32, 32}, 0.55 / 0.225)));
}

TEST(ImageInput, ShiftsEachImageByItself) {
  const at::Tensor images = at::arange(1, 3 * 16 * 16 + 1).to(at::kByte).view({3, 1, 16, 16});
  Random random(1);
  bool moved = false;
  for (int i = 0; i < 10; ++i) {
    const at::Tensor shifted = shift_randomly(images, random);
    ASSERT_EQ(shifted.sizes(), images.sizes());
    moved |= !at::equal(shifted, images);
    // The middle is still there, moved by up to 2.
    for (int image = 0; image < 3; ++image) {
      int fits = 0;
      for (int down = 0; down <= 4; ++down) {
        for (int right = 0; right <= 4; ++right) {
          fits += at::equal(shifted[image][0].narrow(0, down, 12).narrow(1, right, 12),
                            images[image][0].narrow(0, 2, 12).narrow(1, 2, 12));
        }
      }
      EXPECT_EQ(fits, 1);
    }
  }
  EXPECT_TRUE(moved);
}

TEST(ImageInput, MirrorsAboutHalf) {
  const at::Tensor images = at::arange(4).to(at::kByte).view({1, 1, 1, 4}).expand({400, 1, 1, 4});
  Random random(1);
  const at::Tensor mirrored = mirror_randomly(images, random);
  const auto count = mirrored.flatten(1).select(1, 0).eq(3).sum().item<int>();
  EXPECT_GT(count, 150);
  EXPECT_LT(count, 250);
  EXPECT_TRUE(at::equal(mirrored.flatten(1).select(1, 0).add(mirrored.flatten(1).select(1, 3)),
                        at::full({400}, 3, at::kByte)));
}

data::ImageSet few_images() {
  seed_aten(1);
  const at::Tensor images = at::zeros({20, 1, 28, 28}, at::kByte);
  const at::Tensor labels = at::arange(20).remainder(2);
  for (std::int64_t i = 0; i < 20; ++i) {
    if (i % 2 == 1) images[i].narrow(1, 0, 14).fill_(255);
  }
  return {
      .train = {images, labels}, .test = {images, labels}, .classes = 2, .description = "halves"};
}

// Trains with plain gradient steps, and sees the loss of an easy set fall.
TEST(ImageTask, LearnsAndScores) {
  const auto task = make_image_task({.model = "glyph-cnn"}, few_images());
  Random random(1);
  const double before = task->loss(at::arange(20), random).item<double>();
  for (int step = 0; step < 8; ++step) {
    task->model().zero_grad();
    task->loss(at::arange(20), random).backward();
    const c10::NoGradGuard no_grad;
    for (const auto& parameter : task->model().parameters()) {
      parameter.sub_(parameter.grad(), 0.05);
    }
  }
  EXPECT_LT(task->loss(at::arange(20), random).item<double>(), 0.5 * before);
  const Score score = task->score();
  EXPECT_EQ(score.name, "accuracy");
  EXPECT_GE(score.value, 0.5);
  EXPECT_TRUE(task->model().is_training());
  EXPECT_EQ(task->description(), "glyph-cnn, halves");
}

TEST(ImageTask, GivesGreyImagesToNetworksOfColour) {
  const auto task = make_image_task(
      {.model = "resnet20", .augmentation = {.crop = true, .flip = true}}, few_images());
  Random random(1);
  task->loss(at::arange(4), random).backward();
  EXPECT_GT(task->model().parameters().front().grad().abs().max().item<double>(), 0);
  EXPECT_LE(task->score().value, 1);
}

TEST(ImageTask, ScalesImagesForNetworksOfImageNet) {
  const auto task = make_image_task({.model = "resnet18", .size = 32}, few_images());
  Random random(1);
  EXPECT_GT(task->loss(at::arange(2), random).item<double>(), 0);
  EXPECT_THROW(make_image_task({.model = "resnet18", .size = 16}, few_images()), InvalidArgument);
}

TEST(ImageTask, RefusesWhatItCannotMake) {
  EXPECT_THROW(make_image_task({.model = "vgg"}, few_images()), InvalidArgument);
  EXPECT_THROW(make_image_task({.model = "resnet20", .size = 64}, few_images()), InvalidArgument);
  EXPECT_THROW(make_image_task({.label_smoothing = 1.0}, few_images()), InvalidArgument);
}

TEST(TextTask, StartsAtUniformPerplexityAndLearns) {
  const at::Tensor text = at::arange(700).remainder(7).to(at::kByte);
  seed_aten(1);
  const auto task = make_text_task(
      {.dim = 16, .layers = 1, .heads = 2, .kv_heads = 2, .hidden = 32, .context = 20},
      {.train = text, .test = text, .description = "sevens"});
  EXPECT_EQ(task->example_count(), 34);
  EXPECT_NEAR(task->score().value, 256, 10);
  Random random(1);
  const double before = task->loss(at::arange(30), random).item<double>();
  for (int step = 0; step < 60; ++step) {
    task->model().zero_grad();
    task->loss(at::arange(30), random).backward();
    const c10::NoGradGuard no_grad;
    for (const auto& parameter : task->model().parameters()) {
      parameter.sub_(parameter.grad(), 0.5);
    }
  }
  const double after = task->loss(at::arange(30), random).item<double>();
  EXPECT_LT(after, 0.5 * before);
  EXPECT_NEAR(task->score().value, std::exp(after), 0.2 * std::exp(after));
}

TEST(TextTask, RefusesATextShorterThanAnExample) {
  const at::Tensor text = at::zeros({20}, at::kByte);
  EXPECT_THROW(make_text_task({.context = 20}, {.train = text, .test = text}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
