#include "hadal/hpts/distributed/power_sgd.h"

#include "hadal/core/random.h"
#include "hadal/hpts/distributed/orthogonalize.h"

#include <algorithm>
#include <span>

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::hpts {
namespace {

/// What is kept of one compressed parameter from step to step.
struct Matrix {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t rank = 0;  ///< 0: not compressed
  at::Tensor error;       ///< fp32 [rows, columns]
  at::Tensor q;           ///< fp32 [rank, columns]; the paper's Q, transposed

  std::int64_t p_size() const { return rank * rows; }
  std::int64_t q_size() const { return rank * columns; }
};

std::span<float> values_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// Orthonormal rows in place, wherever they lie; they are few.
std::vector<std::int64_t> orthogonalize_rows(const at::Tensor& rows) {
  if (rows.is_cpu()) return orthogonalize(values_of(rows), rows.size(0));
  const at::Tensor copy = rows.cpu();
  auto dependent = orthogonalize(values_of(copy), copy.size(0));
  rows.copy_(copy);
  return dependent;
}

void fill_randomly(const at::Tensor& row, Random& random) {
  const at::Tensor values = at::empty(row.sizes(), at::kFloat);
  for (float& value : values_of(values)) value = static_cast<float>(random.normal());
  row.copy_(values);
}

class PowerSgd : public GradientHook {
 public:
  explicit PowerSgd(const PowerSgdOptions& options) : options_(options) {}

  void prepare(const std::vector<std::string>& names,
               const std::vector<at::Tensor>& parameters) override;
  void begin_step() override { ++steps_; }
  std::unique_ptr<BucketReduction> begin(GradientBucket bucket, ProcessGroup& group) override;
  std::map<std::string, at::Tensor> state() const override;
  void load_state(const std::map<std::string, at::Tensor>& state) override;

  /// The state of what the bucket's gradient `i` belongs to.
  Matrix& matrix(const GradientBucket& bucket, std::size_t i) {
    return matrices_[bucket.parameters[i]];
  }
  /// New directions for the rows of Q that have become zero, as they would stay so.
  void refill(Matrix& matrix, const std::vector<std::int64_t>& rows) const;
  using GradientHook::all_reduce;

 private:
  Matrix described(const std::string& name, const at::Tensor& parameter) const;

  PowerSgdOptions options_;
  std::int64_t steps_ = 0;        // begun
  std::vector<Matrix> matrices_;  // one a parameter
};

/// A bucket in its steps: P is on its way, Q is on its way, done.
class Compressed : public BucketReduction {
 public:
  Compressed(PowerSgd& hook, GradientBucket bucket, ProcessGroup& group)
      : hook_(hook), bucket_(std::move(bucket)), group_(group) {
    send_p();
  }

  bool advance() override {
    pending_.wait();
    if (!q_.defined()) {
      send_q();
      return false;
    }
    finish();
    return true;
  }

 private:
  void send_p();
  void send_q();
  void finish();

  /// Calls `use` with each gradient's number, matrix and place in a buffer that holds `size` of it.
  template <class Size, class Use>
  void each(const Size& size, const Use& use) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < bucket_.gradients.size(); ++i) {
      Matrix& matrix = hook_.matrix(bucket_, i);
      const std::int64_t length = size(i, matrix);
      use(i, matrix, at, length);
      at += length;
    }
  }
  std::int64_t p_length(std::size_t i, const Matrix& matrix) const {
    return matrix.rank > 0 ? matrix.p_size() : bucket_.gradients[i].numel();
  }
  at::Tensor p_of(const Matrix& matrix, std::int64_t at) const {
    return p_.narrow(0, at, matrix.p_size()).view({matrix.rank, matrix.rows});
  }
  at::Tensor q_of(const Matrix& matrix, std::int64_t at) const {
    return q_.narrow(0, at, matrix.q_size()).view({matrix.rank, matrix.columns});
  }

  PowerSgd& hook_;
  GradientBucket bucket_;
  ProcessGroup& group_;
  at::Tensor p_;  // [all P^T, and all gradients that are not compressed]
  at::Tensor q_;  // [all Q^T]
  std::vector<std::vector<std::int64_t>> dependent_;
  PendingCollective pending_{nullptr};
};

void Compressed::send_p() {
  std::int64_t size = 0;
  const auto length = [&](std::size_t i, const Matrix& matrix) { return p_length(i, matrix); };
  each(length, [&](std::size_t, Matrix&, std::int64_t, std::int64_t own) { size += own; });
  p_ = at::empty({size}, bucket_.buffer.options().dtype(at::kFloat));
  each(length, [&](std::size_t i, Matrix& matrix, std::int64_t at, std::int64_t own) {
    if (matrix.rank == 0) {
      p_.narrow(0, at, own).copy_(bucket_.gradients[i].reshape(-1)).div_(group_.size());
      return;
    }
    matrix.error.add_(bucket_.gradients[i].view({matrix.rows, matrix.columns}));
    at::Tensor p = p_of(matrix, at);
    at::mm_out(p, matrix.q, matrix.error.t());
  });
  pending_ = hook_.all_reduce(group_, p_, bucket_.what + ", P");
}

void Compressed::send_q() {
  std::int64_t size = 0, at_q = 0;
  for (std::size_t i = 0; i < bucket_.gradients.size(); ++i) {
    size += hook_.matrix(bucket_, i).q_size();
  }
  q_ = at::empty({size}, p_.options());
  const auto length = [&](std::size_t i, const Matrix& matrix) { return p_length(i, matrix); };
  each(length, [&](std::size_t i, Matrix& matrix, std::int64_t at, std::int64_t own) {
    dependent_.emplace_back();
    if (matrix.rank == 0) {
      bucket_.gradients[i].copy_(p_.narrow(0, at, own).view_as(bucket_.gradients[i]));
      return;
    }
    const at::Tensor p = p_of(matrix, at);
    dependent_.back() = orthogonalize_rows(p);
    at::Tensor q = q_of(matrix, at_q);
    at::mm_out(q, p, matrix.error);
    matrix.error.addmm_(p.t(), q, /*beta=*/1, /*alpha=*/-1);
    at_q += matrix.q_size();
  });
  if (size > 0) pending_ = hook_.all_reduce(group_, q_.div_(group_.size()), bucket_.what + ", Q");
}

void Compressed::finish() {
  std::int64_t at_q = 0;
  const auto length = [&](std::size_t i, const Matrix& matrix) { return p_length(i, matrix); };
  each(length, [&](std::size_t i, Matrix& matrix, std::int64_t at, std::int64_t) {
    if (matrix.rank == 0) return;
    matrix.q.copy_(q_of(matrix, at_q));
    at_q += matrix.q_size();
    const at::Tensor result = bucket_.gradients[i].view({matrix.rows, matrix.columns});
    if (result.scalar_type() == at::kFloat) {
      at::Tensor out = result;
      at::mm_out(out, p_of(matrix, at).t(), matrix.q);
    } else {
      result.copy_(at::mm(p_of(matrix, at).t(), matrix.q));
    }
    hook_.refill(matrix, dependent_[i]);
  });
}

Matrix PowerSgd::described(const std::string& name, const at::Tensor& parameter) const {
  Matrix matrix{.name = name, .error = {}, .q = {}};
  if (parameter.dim() < 2 || parameter.numel() == 0) return matrix;
  matrix.rows = parameter.size(0);
  matrix.columns = parameter.numel() / matrix.rows;
  const std::int64_t rank = std::min({options_.rank, matrix.rows, matrix.columns});
  const double sent = static_cast<double>(rank * (matrix.rows + matrix.columns));
  if (static_cast<double>(parameter.numel()) < options_.least_compression * sent) return matrix;
  matrix.rank = rank;
  const auto options = parameter.options().dtype(at::kFloat).requires_grad(false);
  matrix.error = at::zeros({matrix.rows, matrix.columns}, options);
  matrix.q = at::empty({rank, matrix.columns}, options);
  Random random(options_.seed, "PowerSGD " + name);
  fill_randomly(matrix.q, random);
  return matrix;
}

void PowerSgd::prepare(const std::vector<std::string>& names,
                       const std::vector<at::Tensor>& parameters) {
  matrices_.clear();
  for (std::size_t i = 0; i < names.size(); ++i) {
    matrices_.push_back(described(names[i], parameters[i]));
  }
}

std::unique_ptr<BucketReduction> PowerSgd::begin(GradientBucket bucket, ProcessGroup& group) {
  if (steps_ <= options_.dense_steps) return begin_mean(bucket, group);
  return std::make_unique<Compressed>(*this, std::move(bucket), group);
}

void PowerSgd::refill(Matrix& matrix, const std::vector<std::int64_t>& rows) const {
  if (rows.empty()) return;
  Random random(options_.seed, "PowerSGD " + matrix.name, static_cast<std::uint64_t>(steps_));
  for (const std::int64_t row : rows) fill_randomly(matrix.q[row], random);
}

std::map<std::string, at::Tensor> PowerSgd::state() const {
  std::map<std::string, at::Tensor> state;
  state["power_sgd.steps"] = at::scalar_tensor(steps_, at::kLong);
  for (const Matrix& matrix : matrices_) {
    if (matrix.rank == 0) continue;
    state["power_sgd.error." + matrix.name] = matrix.error;
    state["power_sgd.q." + matrix.name] = matrix.q;
  }
  return state;
}

void PowerSgd::load_state(const std::map<std::string, at::Tensor>& state) {
  const auto own = this->state();
  for (const auto& [name, tensor] : own) {
    const auto found = state.find(name);
    if (found == state.end()) throw InvalidArgument(concat("PowerSGD's state lacks ", name));
    if (found->second.sizes() != tensor.sizes()) {
      throw InvalidArgument(
          concat(name, ": expected shape ", tensor.sizes(), ", got ", found->second.sizes()),
          "PowerSGD's rank and the model have to be those that were saved");
    }
  }
  for (const auto& [name, tensor] : own) tensor.copy_(state.at(name));
  steps_ = state.at("power_sgd.steps").item<std::int64_t>();
}

}  // namespace

std::unique_ptr<GradientHook> power_sgd_hook(const PowerSgdOptions& options) {
  if (options.rank < 1 || options.dense_steps < 0 || !(options.least_compression >= 1)) {
    throw InvalidArgument(
        concat("PowerSGD: expected a rank from 1, dense_steps from 0 and "
               "least_compression from 1, got ",
               options.rank, ", ", options.dense_steps, " and ", options.least_compression));
  }
  return std::make_unique<PowerSgd>(options);
}

}  // namespace hadal::hpts
