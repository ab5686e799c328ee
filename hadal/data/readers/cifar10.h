#pragma once

#include "hadal/data/labelled_images.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace hadal::data {

/// A batch of CIFAR-10 in the binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records
/// of a label byte, 0 to 9, and 3,072 bytes of red, green and blue planes. Gives uint8
/// [n, 3, 32, 32] images and int64 [n] labels. Gzip is unpacked. Throws IoError where the file
/// cannot be read, and FormatError where it is empty, ends within a record or has another label.
LabelledImages read_cifar10(const std::filesystem::path& path);

/// The same for the `bytes` of a file that is not packed; `source` names them in errors.
LabelledImages parse_cifar10(std::span<const std::byte> bytes, const std::string& source);

}  // namespace hadal::data
