// The class torch.classes.hadal.Gates: trained gates, which live in a file.
#include "hadal/dao/gate/gate_file.h"
#include "hadal/dao/ops/block_mask.h"
#include "hadal/dao/ops/translate.h"
#include "hadal/dao/select/selector.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/custom_class.h>

namespace hadal::dao::ops {
namespace {

struct GatesOfFile : torch::CustomClassHolder {
  explicit GatesOfFile(const std::string& path) {
    translating_errors([&] {
      for (const auto& [layer, gate] : load_gates(path)) {
        scorers.emplace(layer, std::make_shared<const GateScorer>(*gate));
      }
    });
  }

  std::vector<std::int64_t> layers() const {
    std::vector<std::int64_t> result;
    for (const auto& [layer, scorer] : scorers) result.push_back(layer);
    return result;
  }

  at::Tensor select_blocks(std::int64_t layer, const at::Tensor& query, const at::Tensor& key,
                           double keep, std::optional<std::int64_t> blocks, std::int64_t sinks,
                           std::int64_t window, bool causal, std::optional<double> scale,
                           const std::optional<at::Tensor>& key_mask) const {
    return translating_errors([&] {
      const auto scorer = scorers.find(layer);
      if (scorer == scorers.end()) {
        throw InvalidArgument(concat("Gates: there is no gate of layer ", layer));
      }
      const TopK selector(
          scorer->second,
          {.keep = keep, .blocks = blocks, .always = {.sinks = sinks, .window = window}});
      return mask_of(
          selector.select(query, key, {.causal = causal, .scale = scale, .key_mask = key_mask}),
          query, key);
    });
  }

  std::map<std::int64_t, std::shared_ptr<const GateScorer>> scorers;
};

TORCH_LIBRARY_FRAGMENT(hadal, library) {
  using torch::arg;
  const auto none = c10::IValue();
  using Self = c10::intrusive_ptr<GatesOfFile>;
  library.class_<GatesOfFile>("Gates")
      .def(torch::init<std::string>(), "", {arg("path")})
      .def("layers", [](const Self& self) { return self->layers(); })
      .def("select_blocks", &GatesOfFile::select_blocks, "",
           {arg("layer"), arg("query"), arg("key"), arg("keep") = Budget{}.keep,
            arg("blocks") = none, arg("sinks") = std::int64_t{1}, arg("window") = std::int64_t{4},
            arg("causal") = true, arg("scale") = none, arg("key_mask") = none});
}

}  // namespace
}  // namespace hadal::dao::ops
