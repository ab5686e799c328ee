#pragma once

#include "hadal/data/labelled_images.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

/// Data sets by name: those that Hadal makes itself, and those of a folder in the layout of
/// HADAL_DATA.
namespace hadal::data {

/// Images to learn from, and others to test with.
struct ImageSet {
  LabelledImages train;
  LabelledImages test;
  std::int64_t classes = 10;
  std::string description = {};
};

/// "digits" (generated), "mnist", "fashion-mnist", "cifar10-4k".
const std::vector<std::string>& image_set_names();

/// The set `name`. `folder` has the files of the sets that are not generated, as in
/// "fashion-mnist/train-images-idx3-ubyte.gz" below `folder`/cv; `seed` is that of the generated.
/// Of cifar10-4k the last 400 images are the test. Throws InvalidArgument for another name, or
/// where a set needs a folder and there is none, IoError and FormatError as its reader does, and
/// FormatError where images and labels do not go together.
ImageSet load_image_set(std::string_view name, const std::optional<std::filesystem::path>& folder,
                        std::uint64_t seed);

/// Text to learn from, and other text to test with, as bytes.
struct TextSet {
  at::Tensor train;  ///< uint8 [n]
  at::Tensor test;   ///< uint8 [m]
  std::string description = {};
};

/// "stories" (generated), "wikitext2", "tinyshakespeare".
const std::vector<std::string>& text_set_names();

/// The same for texts, below `folder`/nlp. Of WikiText-2 the validation split is learnt from, as
/// the folder has no other, and the test split tested with; of tinyshakespeare the last tenth is
/// the test.
TextSet load_text_set(std::string_view name, const std::optional<std::filesystem::path>& folder,
                      std::uint64_t seed);

}  // namespace hadal::data
