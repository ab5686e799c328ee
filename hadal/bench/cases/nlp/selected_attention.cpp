#include "hadal/bench/cases/nlp/selected_attention.h"

#include "hadal/dao/flops.h"
#include "hadal/dao/select/kept.h"

namespace hadal::bench {

at::Tensor SelectedAttention::operator()(const at::Tensor& query, const at::Tensor& key,
                                         const at::Tensor& value, std::int64_t layer) {
  const dao::Selector& selector = *selectors_.at(static_cast<std::size_t>(layer));
  const dao::BlockLists lists = selector.select(query, key);
  kept_ += dao::kept_fraction(lists, query.size(2), key.size(2), /*causal=*/true);
  calls_ += 1;
  flops_ += selector.flops(query, key) + dao::forward_flops(query, key, lists).executed;
  return dao::attention_forward(query, key, value, lists).output;
}

}  // namespace hadal::bench
