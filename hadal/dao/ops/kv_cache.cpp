// The class torch.classes.hadal.PagedKvCache: decoding, whose state is no tensor.
#include "hadal/dao/decode/kv_cache.h"

#include "hadal/dao/decode/decode.h"
#include "hadal/dao/ops/translate.h"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/custom_class.h>

namespace hadal::dao::ops {
namespace {

using Sequences = std::vector<PagedKvCache::Sequence>;

std::shared_ptr<const BlockScorer> scorer_of(const std::optional<std::string>& selector) {
  if (!selector) return nullptr;
  if (*selector == "pooled_top_k") return std::make_shared<const MeanScorer>();
  if (*selector == "quest_bounds") return std::make_shared<const BoundsScorer>();
  throw InvalidArgument(concat("PagedKvCache: there is no selector of pages \"", *selector, "\""),
                        "use pooled_top_k or quest_bounds");
}

struct KvCache : torch::CustomClassHolder {
  KvCache(std::int64_t pages, std::int64_t kv_heads, std::int64_t head_dim, at::ScalarType dtype,
          const std::optional<std::string>& selector)
      : cache(translating_errors([&] {
          return PagedKvCache({.pages = pages,
                               .kv_heads = kv_heads,
                               .head_dim = head_dim,
                               .type = dtype,
                               .scorer = scorer_of(selector)});
        })) {}

  std::tuple<at::Tensor, at::Tensor, double> decode(const at::Tensor& query,
                                                    const Sequences& sequences,
                                                    std::optional<double> keep,
                                                    std::optional<std::int64_t> blocks,
                                                    std::int64_t sinks, std::int64_t window,
                                                    std::optional<double> scale) const {
    DecodeOptions options{.budget = {}, .scale = scale};
    if (keep || blocks) {
      options.budget = {.keep = keep.value_or(Budget{}.keep),
                        .blocks = blocks,
                        .always = {.sinks = sinks, .window = window}};
    }
    const DecodeResult result = dao::decode(query, cache, sequences, options);
    return {result.output, result.log_sum_exp, result.kept};
  }

  PagedKvCache cache;
};

using Self = c10::intrusive_ptr<KvCache>;

/// `method` of the cache and its arguments, with Hadal's errors as Torch's.
template <class... Arguments, class Method>
auto translated(const Method& method) {
  return [method](const Self& self, Arguments... arguments) {
    return translating_errors([&] { return method(*self, arguments...); });
  };
}

TORCH_LIBRARY_FRAGMENT(hadal, library) {
  using torch::arg;
  const auto none = c10::IValue();
  library.class_<KvCache>("PagedKvCache")
      .def(torch::init<std::int64_t, std::int64_t, std::int64_t, at::ScalarType,
                       std::optional<std::string>>(),
           "",
           {arg("pages"), arg("kv_heads"), arg("head_dim"), arg("dtype"), arg("selector") = none})
      .def("add", translated<>([](KvCache& x) { return x.cache.add(); }))
      .def("fork", translated<std::int64_t, std::int64_t>(
                       [](KvCache& x, std::int64_t from, std::int64_t tokens) {
                         return x.cache.fork(from, tokens);
                       }))
      .def("free", translated<std::int64_t>(
                       [](KvCache& x, std::int64_t sequence) { x.cache.free(sequence); }))
      .def("append", translated<Sequences, at::Tensor, at::Tensor>(
                         [](KvCache& x, const Sequences& sequences, const at::Tensor& key,
                            const at::Tensor& value) { x.cache.append(sequences, key, value); }))
      .def("length", translated<std::int64_t>([](KvCache& x, std::int64_t sequence) {
             return x.cache.length(sequence);
           }))
      .def("free_pages", translated<>([](KvCache& x) { return x.cache.free_pages(); }))
      .def("bytes", translated<>([](KvCache& x) { return x.cache.bytes(); }))
      .def("decode",
           translated<at::Tensor, Sequences, std::optional<double>, std::optional<std::int64_t>,
                      std::int64_t, std::int64_t, std::optional<double>>(
               [](KvCache& x, const auto&... arguments) { return x.decode(arguments...); }),
           "",
           {arg("query"), arg("sequences"), arg("keep") = none, arg("blocks") = none,
            arg("sinks") = std::int64_t{1}, arg("window") = std::int64_t{4}, arg("scale") = none});
}

}  // namespace
}  // namespace hadal::dao::ops
