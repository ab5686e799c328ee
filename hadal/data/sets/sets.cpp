#include "hadal/data/sets/sets.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/data/generate/text.h"
#include "hadal/data/readers/cifar10.h"
#include "hadal/data/readers/idx.h"
#include "hadal/data/readers/text.h"

#include <ATen/ops/from_blob.h>

namespace hadal::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kGeneratedTrain = 20'000;
constexpr std::int64_t kGeneratedTest = 4'000;
constexpr std::int64_t kCifarTest = 400;
constexpr std::int64_t kTextTrainBytes = 2'000'000;
constexpr std::int64_t kTextTestBytes = 100'000;

[[noreturn]] void refuse_name(std::string_view what, std::string_view name,
                              const std::vector<std::string>& names) {
  throw InvalidArgument(concat("no ", what, " is called ", quote(name)),
                        "known are " + join(names));
}

const fs::path& require_folder(std::string_view name, const std::optional<fs::path>& folder) {
  if (!folder) {
    throw InvalidArgument(concat("the set ", quote(name), " needs a folder of data sets"),
                          "let HADAL_DATA name it");
  }
  return *folder;
}

/// Images and labels as MNIST has them.
LabelledImages read_idx_images(const fs::path& folder, const std::string& part) {
  const fs::path images_file = folder / (part + "-images-idx3-ubyte.gz");
  const fs::path labels_file = folder / (part + "-labels-idx1-ubyte.gz");
  const at::Tensor images = read_idx(images_file);
  const at::Tensor labels = read_idx(labels_file);
  if (images.scalar_type() != at::kByte || images.dim() != 3) {
    throw FormatError(concat(images_file.string(), ": expected uint8 images [n, height, width]"));
  }
  if (labels.scalar_type() != at::kByte || labels.dim() != 1 || labels.size(0) != images.size(0) ||
      labels.numel() == 0 || labels.max().item<int>() > 9) {
    throw FormatError(concat(labels_file.string(), ": expected a label from 0 to 9 for each of ",
                             images.size(0), " images"));
  }
  return {.images = images.unsqueeze(1), .labels = labels.to(at::kLong)};
}

ImageSet read_cifar_set(const fs::path& folder) {
  const LabelledImages all = read_cifar10(folder / "cifar10-4k/data_batch_1-first-4000.bin.gz");
  const std::int64_t train = all.images.size(0) - kCifarTest;
  if (train < 1) {
    throw FormatError(
        concat((folder / "cifar10-4k").string(), ": expected more than ", kCifarTest, " images"));
  }
  return {
      .train = {all.images.narrow(0, 0, train), all.labels.narrow(0, 0, train)},
      .test = {all.images.narrow(0, train, kCifarTest), all.labels.narrow(0, train, kCifarTest)},
      .description = concat("CIFAR-10, ", train, " images, tested on ", kCifarTest)};
}

at::Tensor bytes_of(std::string_view text) {
  // from_blob wants a pointer to data that may change; the clone is of its own.
  return at::from_blob(const_cast<char*>(text.data()), {static_cast<std::int64_t>(text.size())},
                       at::kByte)
      .clone();
}

TextSet cut(std::string_view name, std::string_view text) {
  const std::size_t train = text.size() - text.size() / 10;
  return {.train = bytes_of(text.substr(0, train)),
          .test = bytes_of(text.substr(train)),
          .description = concat(name, ", ", train, " bytes, tested on ", text.size() - train)};
}

}  // namespace

const std::vector<std::string>& image_set_names() {
  static const std::vector<std::string> names{"digits", "mnist", "fashion-mnist", "cifar10-4k"};
  return names;
}

ImageSet load_image_set(std::string_view name, const std::optional<fs::path>& folder,
                        std::uint64_t seed) {
  if (name == "digits") {
    return {.train = generate_glyphs(kGeneratedTrain, seed),
            .test = generate_glyphs(kGeneratedTest, seed + 1),
            .description = concat("generated digits, ", kGeneratedTrain, " images, tested on ",
                                  kGeneratedTest)};
  }
  if (name == "cifar10-4k") return read_cifar_set(require_folder(name, folder) / "cv");
  if (name != "mnist" && name != "fashion-mnist") {
    refuse_name("set of images", name, image_set_names());
  }
  const fs::path set = require_folder(name, folder) / "cv" / name;
  ImageSet images{.train = read_idx_images(set, "train"), .test = read_idx_images(set, "t10k")};
  images.description = concat(name, ", ", images.train.images.size(0), " images, tested on ",
                              images.test.images.size(0));
  return images;
}

const std::vector<std::string>& text_set_names() {
  static const std::vector<std::string> names{"stories", "wikitext2", "tinyshakespeare"};
  return names;
}

TextSet load_text_set(std::string_view name, const std::optional<fs::path>& folder,
                      std::uint64_t seed) {
  if (name == "stories") {
    return {.train = bytes_of(generate_text(kTextTrainBytes, seed)),
            .test = bytes_of(generate_text(kTextTestBytes, seed + 1)),
            .description = concat("generated stories, ", kTextTrainBytes, " bytes, tested on ",
                                  kTextTestBytes)};
  }
  if (name == "tinyshakespeare") {
    return cut(name, read_text(require_folder(name, folder) / "nlp/tinyshakespeare.txt"));
  }
  if (name != "wikitext2") refuse_name("set of text", name, text_set_names());
  const fs::path set = require_folder(name, folder) / "nlp/wikitext2";
  const TextSet text{.train = bytes_of(read_text(set / "valid.txt")),
                     .test = bytes_of(read_text(set / "test.txt"))};
  return {.train = text.train,
          .test = text.test,
          .description =
              concat("WikiText-2, ", text.train.numel(), " bytes, tested on ", text.test.numel())};
}

}  // namespace hadal::data
