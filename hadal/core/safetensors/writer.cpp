#include "hadal/core/safetensors/writer.h"

#include "hadal/core/file.h"
#include "hadal/core/safetensors/layout.h"

#include <cstddef>
#include <span>

namespace hadal {
namespace {

/// The tensor's elements as they are to lie in the file, on the CPU and contiguous.
at::Tensor to_stored(const at::Tensor& tensor) {
  return tensor.detach().resolve_conj().resolve_neg().to(at::kCPU).contiguous();
}

}  // namespace

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const auto placed = safetensors::lay_out(tensors);
  const std::string header = safetensors::header_text(placed, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const auto& item : placed) {
    const at::Tensor stored = to_stored(item.tensor);
    file.write({static_cast<const std::byte*>(stored.const_data_ptr()), item.bytes});
  }
  file.commit();
}

}  // namespace hadal
