#include "hadal/hpts/checkpoint/checkpoint.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"

#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace hadal::hpts {
namespace {

// Keys of the file's metadata. A text's key has the prefix, so that no name can be one of the rest.
constexpr std::string_view kStep = "hadal.step";
constexpr std::string_view kDigest = "hadal.sha256";
constexpr std::string_view kTextPrefix = "text/";

std::string digest_of(const at::Tensor& tensor) {
  return sha256(std::span(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()));
}

/// SHA-256 of all that the checkpoint says. Each name is preceded by its length, so that no two
/// checkpoints give the same text. The tensors are contiguous and on the CPU.
std::string digest_of(const Checkpoint& checkpoint) {
  std::string all = concat("hadal checkpoint 1\n", checkpoint.step, '\n');
  for (const auto& [name, text] : checkpoint.texts) {
    all += concat("text ", name.size(), ' ', name, ' ', sha256(text), '\n');
  }
  for (const auto& [name, tensor] : checkpoint.tensors) {
    all += concat("tensor ", name.size(), ' ', name, ' ', tensor.scalar_type(), ' ', tensor.sizes(),
                  ' ', digest_of(tensor), '\n');
  }
  return sha256(all);
}

std::map<std::string, std::string> metadata_of(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata{{std::string(kStep), std::to_string(checkpoint.step)},
                                              {std::string(kDigest), digest_of(checkpoint)}};
  for (const auto& [name, text] : checkpoint.texts) {
    metadata.emplace(std::string(kTextPrefix) + name, text);
  }
  return metadata;
}

std::optional<std::int64_t> parse_step(std::string_view text) {
  std::int64_t step = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, step);
  if (error != std::errc() || stop != end || step < 0) return std::nullopt;
  return step;
}

/// The step and the texts of a file, and the digest that it claims.
std::string read_metadata(const SafetensorsReader& file, const std::string& source,
                          Checkpoint& checkpoint) {
  const auto find = [&](std::string_view key) {
    const auto found = file.metadata().find(std::string(key));
    if (found == file.metadata().end()) {
      throw FormatError(
          concat(source, ": no checkpoint of a training run: its metadata lack ", key));
    }
    return found->second;
  };
  const auto step = parse_step(find(kStep));
  if (!step) throw FormatError(concat(source, ": ", kStep, " is no count of steps"));
  checkpoint.step = *step;
  for (const auto& [key, text] : file.metadata()) {
    if (key.starts_with(kTextPrefix))
      checkpoint.texts.emplace(key.substr(kTextPrefix.size()), text);
  }
  return find(kDigest);
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  if (checkpoint.step < 0) {
    throw InvalidArgument(
        concat("write_checkpoint: expected 0 or more steps, got ", checkpoint.step));
  }
  Checkpoint stored{.step = checkpoint.step, .tensors = {}, .texts = checkpoint.texts};
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.is_meta()) {
      throw InvalidArgument(concat("write_checkpoint: tensor \"", name, "\" has no dense data"));
    }
    stored.tensors.emplace(name, tensor.detach().resolve_conj().resolve_neg().cpu().contiguous());
  }
  write_safetensors(path, stored.tensors, metadata_of(stored));
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const SafetensorsReader file(path);
  Checkpoint checkpoint;
  const std::string claimed = read_metadata(file, path.string(), checkpoint);
  for (const auto& name : file.names()) {
    checkpoint.tensors.emplace(name, file.tensor(name).clone());
  }
  if (digest_of(checkpoint) != claimed) {
    throw FormatError(concat(path.string(), ": its content does not fit its checksum"),
                      "the file was altered or the disk is failing: use an earlier checkpoint");
  }
  return checkpoint;
}

}  // namespace hadal::hpts
