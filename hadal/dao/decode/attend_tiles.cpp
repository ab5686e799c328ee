#include "hadal/dao/decode/attend_tiles.h"

#include "hadal/core/isa.h"
#include "hadal/dao/finite.h"
#include "hadal/dao/run_forward.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include <ATen/Parallel.h>

namespace hadal::dao {
namespace {

using kernels::Task;

/// The first block of a part that lies in order. A page before those that the window leaves comes
/// along where pages would else be taken in other pairs than by queries that see it.
std::int64_t first_block(const Part& part) {
  const std::int64_t first = part.group->first_block + part.first;
  return part.first == 0 ? first / kernels::kSpan * kernels::kSpan : first;
}

/// What a part's queries of any head look at.
Task keys_of(const PartsCall& call, const Part& part) {
  const Group& group = *part.group;
  const PageMemory& memory = call.shape.cache.memory;
  const CachedSequence& sequence = *call.shape.sequences[static_cast<std::size_t>(group.sequence)];
  const auto* keys = static_cast<const char*>(memory.head(group.kv_head));
  const std::int64_t before = group.first_block + part.first - first_block(part);
  Task task{};
  task.head_dim = call.head_dim();
  task.padded = memory.padded();
  task.head = {.keys = keys,
               .values = keys + kBlockSize * memory.padded() *
                                    static_cast<std::int64_t>(c10::elementSize(memory.type())),
               .block_stride = memory.page_elements(),
               .pages = sequence.pages.data()};
  task.blocks = group.blocks ? group.blocks->data() + part.first : nullptr;
  task.first_block = first_block(part);
  task.block_count = part.count + (group.blocks ? 0 : before);
  task.first_limit = group.row.visible.first_limit;
  task.window = call.shape.window;
  task.keys = sequence.length;
  task.scale = static_cast<float>(call.scale);
  return task;
}

/// Whether the part has values that some of its `tokens` queries do not see and that are not
/// finite. What no token sees yet is zeros, but not what lies before the window.
bool hides_what_is_not_finite(const Task& task, std::int64_t tokens, at::ScalarType type) {
  for (std::int64_t i = 0; i < task.block_count; ++i) {
    const std::int64_t block = task.blocks ? task.blocks[i] : task.first_block + i;
    const std::int64_t seen = task.first_limit - block * kBlockSize;
    const bool hides = (seen < kBlockSize && tokens > 1) || seen + tokens - 1 > task.window;
    if (!hides) continue;
    const auto* values =
        static_cast<const char*>(task.head.values) +
        place_of(task.head, block) * static_cast<std::int64_t>(c10::elementSize(type));
    if (!all_finite(values, kBlockSize * task.padded, type)) return true;
  }
  return false;
}

/// Neighbouring heads whose queries are the rows of one task.
struct Heads {
  std::int64_t first, count;
};

/// Tasks of one query a head take many heads, others one.
std::vector<Heads> tasks_of(const PartsCall& call, const PartPlace& place) {
  const std::int64_t heads = call.shape.group();
  const std::int64_t step = place.log_sum_stride == 1 ? kBlockSize : 1;
  std::vector<Heads> tasks;
  for (std::int64_t head = 0; head < heads; head += step) {
    tasks.push_back({head, std::min(step, heads - head)});
  }
  return tasks;
}

/// `query` is the call's, its rows dense.
void set_rows(const at::Tensor& query, const Group& group, std::int64_t first_head,
              const PartPlace& place, const Heads& heads, Task& task) {
  const bool by_heads = place.log_sum_stride == 1;
  const std::int64_t head = first_head + heads.first;
  const std::int64_t first = group.sequence * query.stride(0) + head * query.stride(1) +
                             group.query_block * kBlockSize * query.stride(2);
  task.queries = static_cast<const std::uint16_t*>(query.const_data_ptr()) + first;
  task.query_stride = query.stride(by_heads ? 1 : 2);
  task.rows = by_heads ? heads.count : group.row.queries;
  task.limit_step = by_heads ? 0 : 1;
  task.output = place.output + heads.first * place.head_stride;
  task.output_stride = by_heads ? place.head_stride : place.token_stride;
  task.log_sum_exp = place.log_sum_exp + heads.first * place.log_sum_stride;
}

void run_part(const PartsCall& call, const at::Tensor& query, const Part& part,
              const ForwardKernel& kernel, const ForwardMemory& memory) {
  const Group& group = *part.group;
  const std::int64_t first_head = group.kv_head * call.shape.group();
  const PartPlace place = place_of(call, part);
  const auto all = tasks_of(call, place);
  Task common = keys_of(call, part);
  common.careful = hides_what_is_not_finite(common, group.row.queries, query.scalar_type());
  for (std::size_t done = 0; done < all.size();) {
    Task tasks[kernels::kMostTasks];
    int count = 0;
    for (; count < kernels::kMostTasks && done < all.size(); ++count, ++done) {
      tasks[count] = common;
      set_rows(query, group, first_head, place, all[done], tasks[count]);
      memory.give(tasks[count], count);
    }
    kernel.run(tasks, count);
  }
}

}  // namespace

bool takes_tiles(at::ScalarType type) { return type == at::kBFloat16 && isa() >= Isa::amx; }

void attend_in_tiles(const PartsCall& call) {
  const at::Tensor query = call.query.stride(3) == 1 ? call.query : call.query.contiguous();
  const ForwardKernel kernel = forward_kernel(query.scalar_type());
  const auto count = static_cast<std::int64_t>(call.parts.size());
  std::atomic<std::int64_t> next{0};
  at::parallel_for(
      0, std::min<std::int64_t>(at::get_num_threads(), count), 1, [&](std::int64_t, std::int64_t) {
        const ForwardMemory memory(call.shape.cache.memory.padded());
        for (std::int64_t i = next++; i < count; i = next++) {
          run_part(call, query, call.parts[static_cast<std::size_t>(i)], kernel, memory);
        }
      });
}

}  // namespace hadal::dao
