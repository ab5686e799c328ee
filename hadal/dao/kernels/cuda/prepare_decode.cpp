#include "hadal/core/error.h"
#include "hadal/dao/check.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/kernels/cuda/grid.h"
#include "hadal/dao/kernels/cuda/prepare.h"
#include "hadal/dao/kernels/cuda/tensors.h"

#include <ATen/ops/empty.h>

namespace hadal::dao::kernels::cuda {
namespace {

std::string described(const at::Tensor& tensor) {
  return tensor.defined() ? concat(tensor.scalar_type(), " ", tensor.sizes()) : "undefined";
}

void check_decode(const at::Tensor& query, const PagedCache& cache) {
  const auto require = [&](bool holds, std::string_view expected) {
    if (holds) return;
    throw InvalidArgument(concat("decode: expected ", expected, ", got query ", described(query),
                                 ", key ", described(cache.key), ", value ", described(cache.value),
                                 ", table ", described(cache.table), ", lengths ",
                                 described(cache.lengths)));
  };
  for (const auto* tensor : {&query, &cache.key, &cache.value, &cache.table, &cache.lengths}) {
    require(tensor->defined(), "all tensors");
  }
  require(query.dim() == 4 && query.size(2) == 1, "query [n, heads, 1, head_dim]");
  require(cache.key.dim() == 4 && cache.key.sizes() == cache.value.sizes() &&
              cache.key.size(2) == kBlock && cache.key.size(3) == query.size(3),
          "key and value [pages, kv_heads, 64, head_dim]");
  require(query.size(3) % kChunk == 0 && query.size(3) >= kChunk && query.size(3) <= kLargestHead,
          "a head_dim that is a multiple of 8, at most 256");
  require(cache.key.scalar_type() == query.scalar_type() &&
              cache.value.scalar_type() == query.scalar_type(),
          "one type");
  require(cache.key.is_contiguous() && cache.value.is_contiguous(), "contiguous pages");
  require(cache.key.size(1) >= 1 && query.size(1) % cache.key.size(1) == 0,
          "kv_heads that divide heads");
  require(cache.table.scalar_type() == at::kInt && cache.table.is_cpu() && cache.table.dim() == 2 &&
              cache.table.size(0) == query.size(0) && cache.table.is_contiguous(),
          "table int32 [n, pages] on the CPU, contiguous");
  require(cache.lengths.scalar_type() == at::kInt && cache.lengths.is_cpu() &&
              cache.lengths.sizes() == query.sizes().slice(0, 1) && cache.lengths.is_contiguous(),
          "lengths int32 [n] on the CPU, contiguous");
}

/// That each sequence's pages are there.
void check_pages(const PagedCache& cache) {
  const auto* page = cache.table.const_data_ptr<std::int32_t>();
  const auto* length = cache.lengths.const_data_ptr<std::int32_t>();
  const std::int64_t columns = cache.table.size(1);
  for (std::int64_t i = 0; i < cache.table.size(0); ++i) {
    if (length[i] < 0 || blocks_of(length[i]) > columns) {
      throw InvalidArgument(concat("decode: expected lengths up to ", columns * kBlock,
                                   ", as table has ", columns, " columns, got ", length[i],
                                   " for sequence ", i));
    }
    for (std::int64_t j = 0; j < blocks_of(length[i]); ++j) {
      if (page[i * columns + j] >= 0 && page[i * columns + j] < cache.key.size(0)) continue;
      throw InvalidArgument(concat("decode: expected pages from 0 to ", cache.key.size(0) - 1,
                                   " in table, got ", page[i * columns + j], " for page ", j,
                                   " of sequence ", i));
    }
  }
}

Pages pages_of(const at::Tensor& x) {
  return {static_cast<const Bf16*>(x.const_data_ptr()), x.stride(0), x.stride(1),
          static_cast<int>(x.stride(2))};
}

/// Of lists with a row a head, or a row for all heads that share keys.
int heads_per_row(const std::optional<BlockLists>& lists, const at::Tensor& query,
                  const PagedCache& cache) {
  const std::int64_t group = query.size(1) / cache.key.size(1);
  if (!lists) return static_cast<int>(group);
  const std::int64_t by_group = query.size(0) * cache.key.size(1);
  const bool shared = lists->offsets.defined() && lists->offsets.numel() == by_group + 1;
  // A row a list, as of one sequence with that many heads and one query.
  check_lists(*lists, {Segments(1, 1), Segments(1, cache.table.size(1) * kBlockSize)},
              shared ? by_group : query.size(0) * query.size(1));
  return shared ? static_cast<int>(group) : 1;
}

}  // namespace

AttentionResult DecodeCall::result() const { return {output, log_sum_exp}; }

DecodeCall prepare_decode(const at::Tensor& query, const PagedCache& cache,
                          const std::optional<BlockLists>& lists, std::optional<double> scale,
                          int multiprocessors) {
  check_decode(query, cache);
  check_type(query);
  check_pages(cache);
  const int shared = heads_per_row(lists, query, cache);
  const auto device = query.device();
  const auto fp32 = query.options().dtype(at::kFloat);
  const std::int64_t heads = query.size(0) * query.size(1);
  const int splits = decode_splits(heads / shared, cache.table.size(1), multiprocessors);
  DecodeCall call{};
  call.query =
      query.contiguous();  // with rows of heads, which the kernel takes for those of tokens
  call.cache = {cache.key, cache.value, cache.table.to(device), cache.lengths.to(device)};
  if (lists) {
    call.offsets = lists->offsets.to(device);
    call.blocks = lists->blocks.to(device);
  }
  call.partial_output = at::empty({splits, heads, query.size(3)}, fp32);
  call.partial_log_sum_exp = at::empty({splits, heads}, fp32);
  call.output = at::empty(query.sizes(), query.options());
  call.log_sum_exp = at::empty(query.sizes().slice(0, 3), fp32);
  call.params = {.batch = static_cast<int>(query.size(0)),
                 .heads = static_cast<int>(query.size(1)),
                 .kv_heads = static_cast<int>(cache.key.size(1)),
                 .head_dim = static_cast<int>(query.size(3)),
                 .heads_per_row = shared,
                 .scale = static_cast<float>(scale_of({.scale = scale}, query.size(3))),
                 .query = view_of(call.query),
                 .key = pages_of(cache.key),
                 .value = pages_of(cache.value),
                 .page_table = call.cache.table.const_data_ptr<std::int32_t>(),
                 .pages = cache.table.size(1),
                 .lengths = call.cache.lengths.const_data_ptr<std::int32_t>(),
                 .lists = lists_of(call.offsets, call.blocks),
                 .splits = splits,
                 .partial_output = call.partial_output.mutable_data_ptr<float>(),
                 .partial_log_sum_exp = call.partial_log_sum_exp.mutable_data_ptr<float>(),
                 .output = view_to(call.output),
                 .log_sum_exp = call.log_sum_exp.mutable_data_ptr<float>()};
  return call;
}

}  // namespace hadal::dao::kernels::cuda
