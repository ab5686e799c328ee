#include "hadal/core/flops.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

namespace hadal {
namespace {

using Inputs = c10::ArrayRef<const c10::IValue>;

/// 2 numel(a) n for a product of `a`, whose last size is summed over, with `b` of n columns.
double product(const at::Tensor& a, const at::Tensor& b) {
  const std::int64_t columns = b.dim() < 2 ? 1 : b.size(-1);
  return 2.0 * static_cast<double>(a.numel()) * static_cast<double>(columns);
}

template <int first>
double product_of(Inputs inputs) {
  return product(inputs[first].toTensor(), inputs[first + 1].toTensor());
}

/// Each of `places` elements meets all weights of one output channel (or input channel, where the
/// convolution is transposed).
double convolution_at(double places, const at::Tensor& weight) {
  return 2.0 * places * static_cast<double>(weight.numel()) / static_cast<double>(weight.size(0));
}

double output_size(std::int64_t size, std::int64_t kernel, std::int64_t stride,
                   std::int64_t padding, std::int64_t dilation) {
  return static_cast<double>((size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1);
}

/// convolution(input, weight, bias, stride, padding, dilation, transposed, ...)
double convolution(Inputs inputs) {
  const at::Tensor& input = inputs[0].toTensor();
  const at::Tensor& weight = inputs[1].toTensor();
  if (inputs[6].toBool()) return convolution_at(static_cast<double>(input.numel()), weight);
  const auto stride = inputs[3].toIntVector();
  const auto padding = inputs[4].toIntVector();
  const auto dilation = inputs[5].toIntVector();
  double places = static_cast<double>(input.size(0)) * static_cast<double>(weight.size(0));
  for (std::int64_t i = 2; i < weight.dim(); ++i) {
    // A single number stands for all dimensions.
    const auto of = [&](const std::vector<std::int64_t>& values) {
      return values[std::min(static_cast<std::size_t>(i - 2), values.size() - 1)];
    };
    places *= output_size(input.size(i), weight.size(i), of(stride), of(padding), of(dilation));
  }
  return convolution_at(places, weight);
}

/// convolution_backward(grad_output, input, weight, bias_sizes, stride, padding, dilation,
/// transposed, output_padding, groups, output_mask)
double convolution_backward(Inputs inputs) {
  const at::Tensor& places = inputs[inputs[7].toBool() ? 1 : 0].toTensor();
  const auto wanted = inputs[10].toBoolList();
  const double each = convolution_at(static_cast<double>(places.numel()), inputs[2].toTensor());
  return each * (static_cast<int>(wanted[0]) + static_cast<int>(wanted[1]));
}

/// Of one product of queries [b, h, n, d] with keys [b, h, m, d], of which query i sees the first
/// i + 1 where `causal`.
double attention_product(const at::Tensor& query, const at::Tensor& key, bool causal) {
  const auto queries = static_cast<double>(query.size(2));
  const auto keys = static_cast<double>(key.size(2));
  const double diagonal = std::min(queries, keys);
  const double pairs =
      causal ? diagonal * (diagonal + 1) / 2 + (queries - diagonal) * keys : queries * keys;
  return 2.0 * pairs * static_cast<double>(query.size(0) * query.size(1) * query.size(3));
}

/// (query, key, value, dropout_p, is_causal, ...): two products.
double attention(Inputs inputs) {
  return 2 * attention_product(inputs[0].toTensor(), inputs[1].toTensor(), inputs[4].toBool());
}

/// (grad_out, query, key, value, out, logsumexp, dropout_p, is_causal, ...): five products.
double attention_backward(Inputs inputs) {
  return 5 * attention_product(inputs[1].toTensor(), inputs[2].toTensor(), inputs[7].toBool());
}

struct Operator {
  std::string_view name;
  double (*flops)(Inputs);
};

constexpr Operator kOperators[] = {
    {"aten::mm", product_of<0>},
    {"aten::bmm", product_of<0>},
    {"aten::mv", product_of<0>},
    {"aten::dot", product_of<0>},
    {"aten::addmm", product_of<1>},
    {"aten::baddbmm", product_of<1>},
    {"aten::addbmm", product_of<1>},
    {"aten::addmv", product_of<1>},
    {"aten::convolution", convolution},
    {"aten::convolution_backward", convolution_backward},
    {"aten::_scaled_dot_product_flash_attention_for_cpu", attention},
    {"aten::_scaled_dot_product_flash_attention_for_cpu_backward", attention_backward},
};

thread_local double total = 0;
thread_local int counters = 0;
thread_local at::CallbackHandle callback = 0;
/// Counted operators that are running: what they call in turn is their own work.
thread_local int depth = 0;

struct Counted : at::ObserverContext {};

std::unique_ptr<at::ObserverContext> started(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  const auto found = std::ranges::find(kOperators, name, &Operator::name);
  if (found == std::end(kOperators)) return nullptr;
  if (depth++ == 0) total += found->flops(call.inputs());
  return std::make_unique<Counted>();
}

void ended(const at::RecordFunction&, at::ObserverContext* context) {
  if (context != nullptr) --depth;
}

}  // namespace

FlopCounter::FlopCounter() : start_(total) {
  if (counters++ > 0) return;
  callback = at::addThreadLocalCallback(
      at::RecordFunctionCallback(started, ended)
          .needsInputs(true)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
}

FlopCounter::~FlopCounter() {
  if (--counters == 0) at::removeCallback(callback);
}

double FlopCounter::flops() const { return total - start_; }

}  // namespace hadal
