#include "hadal/dao/decode/attend_parts.h"

#include "hadal/core/isa.h"
#include "hadal/dao/decode/attend.h"
#include "hadal/dao/decode/attend_tiles.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace kernels {
HADAL_ISA_DECLARE(void attend_fp32(const PagesTask& task); void attend_bf16(const PagesTask& task);)
constexpr IsaTable kAttendFp32 = HADAL_ISA_TABLE(attend_fp32);
constexpr IsaTable kAttendBf16 = HADAL_ISA_TABLE_OF(attend_bf16, avx2, avx512, avx512_bf16);
}  // namespace kernels

namespace {

using kernels::PagesTask;

/// `query` is the call's in fp32, contiguous.
PagesTask task_of(const PartsCall& call, const at::Tensor& query, const Part& part,
                  float* scratch) {
  const Group& group = *part.group;
  const PageMemory& memory = call.shape.cache.memory;
  const PartPlace place = place_of(call, part);
  const std::int64_t head = group.sequence * call.shape.heads + group.kv_head * call.shape.group();
  PagesTask task{};
  task.queries = query.const_data_ptr<float>() +
                 (head * call.shape.queries + group.query_block * kBlockSize) * call.head_dim();
  task.head_stride = call.shape.queries * call.head_dim();
  task.heads = call.shape.group();
  task.tokens = group.row.queries;
  task.head_dim = call.head_dim();
  task.padded = memory.padded();
  task.memory = memory.head(group.kv_head);
  task.page_stride = memory.page_elements();
  task.pages = call.shape.sequences[static_cast<std::size_t>(group.sequence)]->pages.data();
  task.blocks = group.blocks ? group.blocks->data() + part.first : nullptr;
  task.first_block = group.first_block + part.first;
  task.block_count = part.count;
  task.first_limit = group.row.visible.first_limit;
  task.window = call.shape.window;
  task.scale = call.scale;
  task.output = place.output;
  task.output_head_stride = place.head_stride;
  task.output_token_stride = place.token_stride;
  task.log_sum_exp = place.log_sum_exp;
  task.log_sum_stride = place.log_sum_stride;
  task.scratch = scratch;
  return task;
}

void attend_in_vectors(const PartsCall& call) {
  const bool bf16 = call.shape.cache.memory.type() == at::kBFloat16;
  const auto kernel = (bf16 ? kernels::kAttendBf16 : kernels::kAttendFp32).best();
  const at::Tensor query = call.query.to(at::kFloat).contiguous();
  const std::int64_t rows = call.shape.group() * std::min(call.shape.queries, kBlockSize);
  const std::int64_t floats = kernels::pages_scratch_floats(rows, call.shape.cache.memory.padded());
  const auto count = static_cast<std::int64_t>(call.parts.size());
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, std::min<std::int64_t>(at::get_num_threads(), count), 1,
                   [&](std::int64_t, std::int64_t) {
                     const at::Tensor scratch = at::empty({floats}, at::kFloat);
                     for (std::int64_t i = next++; i < count; i = next++) {
                       kernel(task_of(call, query, call.parts[static_cast<std::size_t>(i)],
                                      scratch.mutable_data_ptr<float>()));
                     }
                   });
}

}  // namespace

PartPlace place_of(const PartsCall& call, const Part& part) {
  const Group& group = *part.group;
  if (part.row) {
    const std::int64_t tokens = group.row.queries;
    return {.output = call.part_output.mutable_data_ptr<float>() + *part.row * call.head_dim(),
            .head_stride = tokens * call.head_dim(),
            .token_stride = call.head_dim(),
            .log_sum_exp = call.part_log_sum_exp.mutable_data_ptr<float>() + *part.row,
            .log_sum_stride = tokens};
  }
  const at::Tensor& output = call.output;
  const std::int64_t head = group.kv_head * call.shape.group();
  const std::int64_t token = group.query_block * kBlockSize;
  return {.output = output.mutable_data_ptr<float>() + group.sequence * output.stride(0) +
                    head * output.stride(1) + token * output.stride(2),
          .head_stride = output.stride(1),
          .token_stride = output.stride(2),
          .log_sum_exp = call.log_sum_exp.mutable_data_ptr<float>() +
                         (group.sequence * call.shape.heads + head) * call.shape.queries + token,
          .log_sum_stride = call.shape.queries};
}

void attend_parts(const PartsCall& call) {
  // Of all pages always or never, so that a query's bits do not depend on how many others are with
  // it. What pages are chosen does depend on that, and of few pages one query is faster in vectors.
  const bool chosen = !call.parts.empty() && call.parts.front().group->blocks;
  const bool tiles = takes_tiles(call.shape.cache.memory.type());
  tiles && !(chosen && call.shape.queries == 1) ? attend_in_tiles(call) : attend_in_vectors(call);
}

}  // namespace hadal::dao
