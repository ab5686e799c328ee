#include "hadal/dao/run_forward.h"

#include "hadal/core/isa.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/kernels/pack.h"
#include "hadal/dao/key_bits.h"
#include "hadal/dao/visible.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace kernels {
HADAL_ISA_DECLARE(void forward_fp32(const Task* tasks, int count);
                  void forward_bf16(const Task* tasks, int count);)
constexpr IsaTable kForwardFp32 = HADAL_ISA_TABLE_OF(forward_fp32, avx2, avx512);
}  // namespace kernels

namespace {

using kernels::kBlock;
using kernels::Task;
static_assert(kBlock == kBlockSize);

/// All that the tasks of one call share.
struct Call {
  ForwardKernel kernel;
  const Inputs* inputs;
  at::Tensor query;       // [batch, heads, queries, head_dim], rows dense
  at::Tensor key, value;  // [batch, kv_heads, keys, head_dim], zeros where there is padding
  KeyBits real;
  std::int64_t padded;
  float scale;
  at::Tensor output;       // fp32 or bf16 [batch, heads, queries, head_dim], rows dense
  at::Tensor log_sum_exp;  // fp32 [batch, heads, queries]
};

/// The start of a head's token, or of a head's block where the tensor has those.
void* address(const at::Tensor& tensor, std::int64_t batch, std::int64_t head, std::int64_t token) {
  const auto elements =
      batch * tensor.stride(0) + head * tensor.stride(1) + token * tensor.stride(2);
  return static_cast<char*>(tensor.data_ptr()) + elements * tensor.element_size();
}

/// Packed keys and values.
struct PackedKeys {
  kernels::Packed packed;
  bool careful;  // see Task
};

PackedKeys of_memory(const Call& call, const void* keys, const void* values, bool finite_values) {
  return {{.keys = keys, .values = values, .block_stride = kBlock * call.padded, .pages = nullptr},
          !finite_values};
}

PackedKeys of_place(const Call& call, const kernels::PackedTensors& all, std::int64_t place) {
  const auto part = [&](const at::Tensor& packed) {
    return static_cast<const char*>(packed.const_data_ptr()) +
           place * packed.stride(0) * packed.element_size();
  };
  return of_memory(call, part(all.keys), part(all.values), all.finite_values);
}

/// What a task reads: queries, and what they look at.
void set_operands(const Call& call, std::int64_t head, const SegmentBlock& at, Task& task) {
  const Sequences& sequences = call.inputs->sequences;
  const Segment& queries = sequences.queries[at.segment];
  const Segment& keys = sequences.keys[at.segment];
  const std::int64_t heads = call.query.size(1);
  const std::int64_t first = at.block * kBlock;
  task.queries = address(call.query, queries.batch, head, queries.first + first);
  task.query_stride = call.query.stride(2);
  task.rows = std::min<std::int64_t>(kBlock, queries.tokens - first);
  task.head_dim = call.query.size(3);
  task.padded = call.padded;
  task.keys = keys.tokens;
  task.real = call.real.of(keys.batch);
  task.scale = call.scale;
  const auto& lists = call.inputs->lists;
  const VisibleBlocks visible =
      visible_blocks(lists ? &*lists : nullptr, queries.place(heads, head, at.block), first,
                     task.rows, queries.tokens, keys.tokens, call.inputs->options.causal);
  task.blocks = visible.blocks;
  task.block_count = visible.count;
  task.first_limit = visible.first_limit;
  task.limit_step = visible.limit_step;
  task.window = kernels::kNoWindow;
}

/// Neighbouring query blocks of one head, which run together.
struct Group {
  std::size_t segment;
  std::int64_t first, count;
};

void run_group(const Call& call, std::int64_t head, const Group& group, const PackedKeys& keys,
               const ForwardMemory& memory) {
  Task tasks[kernels::kMostTasks]{};
  for (std::int64_t i = 0; i < group.count; ++i) {
    Task& task = tasks[i];
    const SegmentBlock at{group.segment, group.first + i};
    set_operands(call, head, at, task);
    task.head = keys.packed;
    task.careful = keys.careful;
    const Segment& queries = call.inputs->sequences.queries[at.segment];
    const std::int64_t token = queries.first + at.block * kBlock;
    task.output = address(call.output, queries.batch, head, token);
    task.output_is_bf16 = call.output.scalar_type() == at::kBFloat16;
    task.output_stride = call.output.stride(2);
    task.log_sum_exp = static_cast<float*>(address(call.log_sum_exp, queries.batch, head, token));
    memory.give(task, i);
  }
  call.kernel.run(tasks, static_cast<int>(group.count));
}

/// Calls work(item, memory) for each item, in their order, whichever thread is free.
template <class Work>
void for_each_item(const Call& call, std::int64_t count, const Work& work) {
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    const ForwardMemory memory(call.padded);
    for (std::int64_t i = next++; i < count; i = next++) work(i, memory);
  });
}

/// All query blocks of a head in groups of up to `size`, those of the last blocks first, because
/// causal ones take longest.
std::vector<Group> groups_of(const Segments& queries, std::int64_t size) {
  std::vector<Group> groups;
  for (const auto& [segment, block] : queries.by_number()) {
    if (block % size != 0) continue;
    groups.push_back({segment, block, std::min(size, queries[segment].blocks() - block)});
  }
  std::reverse(groups.begin(), groups.end());
  return groups;
}

/// Query blocks that run together: as many as leave several groups for each thread.
std::int64_t group_size(std::int64_t tasks) {
  constexpr std::int64_t kGroupsOfThread = 4;
  return std::clamp<std::int64_t>(tasks / (kGroupsOfThread * at::get_num_threads()), 1,
                                  kernels::kMostTasks);
}

/// Packs all keys and values, then runs all tasks.
void run_blocks(const Call& call) {
  const auto& [queries, keys] = call.inputs->sequences;
  const std::int64_t heads = call.query.size(1);
  const std::int64_t kv_heads = call.key.size(1);
  const auto packed = kernels::pack(call.key, call.value, call.padded, keys);
  const auto tasks = static_cast<std::int64_t>(queries.by_number().size()) * heads;
  const std::vector<Group> groups = groups_of(queries, group_size(tasks));
  for_each_item(call, static_cast<std::int64_t>(groups.size()) * heads,
                [&, &keys = keys](std::int64_t i, const ForwardMemory& memory) {
                  const Group& group = groups[static_cast<std::size_t>(i / heads)];
                  const std::int64_t kv_head = i % heads / (heads / kv_heads);
                  const std::int64_t place = keys[group.segment].place(kv_heads, kv_head, 0);
                  run_group(call, i % heads, group, of_place(call, packed, place), memory);
                });
}

/// Sequences of up to this many blocks of keys are packed where and when they are used, which
/// spares memory that is larger than the caches.
constexpr std::int64_t kShort = 4;

bool is_short(const Call& call) {
  const Segments& keys = call.inputs->sequences.keys;
  const auto items = static_cast<std::int64_t>(keys.size()) * call.key.size(1);
  return (keys.by_number().empty() || keys.by_number().back().block < kShort) &&
         items >= 4 * at::get_num_threads();
}

/// Runs the sequences one head of keys at a time.
void run_sequences(const Call& call) {
  const auto& [queries, keys] = call.inputs->sequences;
  const std::int64_t kv_heads = call.key.size(1);
  const std::int64_t group = call.query.size(1) / kv_heads;
  const auto run_head = [&, &queries = queries, &keys = keys](std::int64_t i,
                                                              const ForwardMemory& memory) {
    const auto segment = static_cast<std::size_t>(i / kv_heads);
    const at::Tensor packed =
        at::empty({2, keys[segment].blocks(), kBlock, call.padded}, call.key.options());
    const bool finite =
        kernels::pack_head(call.key, call.value, call.padded, keys[segment], i % kv_heads,
                           packed[0].mutable_data_ptr(), packed[1].mutable_data_ptr());
    const PackedKeys head =
        of_memory(call, packed[0].const_data_ptr(), packed[1].const_data_ptr(), finite);
    for (std::int64_t j = 0; j < group * queries[segment].blocks(); ++j) {
      run_group(call, i % kv_heads * group + j / queries[segment].blocks(),
                {segment, j % queries[segment].blocks(), 1}, head, memory);
    }
  };
  for_each_item(call, static_cast<std::int64_t>(keys.size()) * kv_heads, run_head);
}

at::Tensor with_dense_rows(const at::Tensor& tensor) {
  return tensor.stride(3) == 1 || tensor.size(3) == 1 ? tensor : tensor.contiguous();
}

}  // namespace

ForwardMemory::ForwardMemory(std::int64_t padded)
    : kept_(at::empty({kernels::kMostTasks, kernels::kept_floats(padded)}, at::kFloat)),
      scratch_(at::empty({kernels::kScratchFloats}, at::kFloat)) {}

void ForwardMemory::give(Task& task, std::int64_t index) const {
  task.kept = kept_.mutable_data_ptr<float>() + index * kept_.stride(0);
  task.scratch = scratch_.mutable_data_ptr<float>();
}

ForwardKernel forward_kernel(at::ScalarType type) {
#if defined(__x86_64__)
  if (product_type(type) == at::kBFloat16) {
    return {isa() >= Isa::amx ? &kernels::amx::forward_bf16 : &kernels::avx512_bf16::forward_bf16,
            at::kBFloat16};
  }
#endif
  return {kernels::kForwardFp32.best(), at::kFloat};
}

AttentionResult run_forward(const ForwardKernel& kernel, const Inputs& inputs, bool tokens_first) {
  const at::Tensor& query = inputs.query;
  const std::int64_t padded = padded_head(query.size(3));
  const auto fp32 = query.options().dtype(at::kFloat);
  const auto real = [&](const at::Tensor& tensor) {
    return without_padding(tensor.detach().to(kernel.type), inputs.options.key_mask);
  };
  const auto sizes = query.sizes();
  const auto output =
      query.options().dtype(query.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat);
  const Call call{
      .kernel = kernel,
      .inputs = &inputs,
      .query = with_dense_rows(query.detach().to(kernel.type)),
      .key = real(inputs.key),
      .value = real(inputs.value),
      .real = KeyBits(inputs.options.key_mask),
      .padded = padded,
      .scale = static_cast<float>(scale_of(inputs.options, query.size(3))),
      .output = tokens_first
                    ? at::empty({sizes[0], sizes[2], sizes[1], sizes[3]}, output).transpose(1, 2)
                    : at::empty(sizes, output),
      .log_sum_exp = at::empty(sizes.slice(0, 3), fp32)};
  is_short(call) ? run_sequences(call) : run_blocks(call);
  return {call.output, call.log_sum_exp};
}

}  // namespace hadal::dao
