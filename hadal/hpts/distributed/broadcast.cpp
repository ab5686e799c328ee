#include "hadal/hpts/distributed/broadcast.h"

#include <cstdint>
#include <map>

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

namespace hadal::hpts {
namespace {

// What is copied to be sent at once.
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

void broadcast_together(ProcessGroup& group, const std::vector<at::Tensor>& tensors, int root,
                        const std::string& what) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& tensor : tensors) flat.push_back(tensor.reshape(-1));
  const at::Tensor sent = at::cat(flat);
  group.broadcast(sent, root, what).wait();
  if (group.rank() == root) return;
  std::int64_t at = 0;
  for (const at::Tensor& tensor : tensors) {
    tensor.copy_(sent.narrow(0, at, tensor.numel()).view(tensor.sizes()));
    at += tensor.numel();
  }
}

}  // namespace

void broadcast_all(ProcessGroup& group, const std::vector<at::Tensor>& tensors, int root,
                   const std::string& what) {
  const c10::AutoGradMode without_gradients(false);
  struct Pile {
    std::vector<at::Tensor> tensors;
    std::size_t bytes = 0;
  };
  std::map<at::ScalarType, Pile> piles;
  for (const at::Tensor& tensor : tensors) {
    Pile& pile = piles[tensor.scalar_type()];
    pile.tensors.push_back(tensor.detach());
    pile.bytes += tensor.nbytes();
    if (pile.bytes < kMostBytes) continue;
    broadcast_together(group, pile.tensors, root, what);
    pile = {};
  }
  for (const auto& [type, pile] : piles) {
    if (!pile.tensors.empty()) broadcast_together(group, pile.tensors, root, what);
  }
}

}  // namespace hadal::hpts
