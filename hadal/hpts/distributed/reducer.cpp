#include "hadal/hpts/distributed/reducer.h"

#include "hadal/core/process_group/impl.h"

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <unordered_map>

#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace hadal::hpts {
namespace {

using Buckets = std::vector<std::vector<std::size_t>>;
using Names = std::unordered_map<std::size_t, std::string>;
using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

/// What all versions of the constructor take.
struct Parts {
  std::vector<at::Tensor> parameters;
  Buckets buckets;
  Group group;
  Names names;
};

// LibTorch 2.13 has the longest list, 2.11 the shortest; more arguments follow in the middle.
template <class Reducer = c10d::Reducer>
std::unique_ptr<Reducer> make_reducer(const Parts& parts, const DataParallelOptions& options) {
  const std::vector<bool> sparse(parts.parameters.size(), false);
  const std::int64_t bytes = options.bucket_bytes, first = options.first_bucket_bytes;
  const bool unused = options.find_unused_parameters, view = options.gradient_as_bucket_view;
  using Caps = std::vector<std::int64_t>;
  if constexpr (std::is_constructible_v<Reducer, std::vector<at::Tensor>, Buckets, Group,
                                        std::vector<bool>, std::int64_t, bool, bool, Names,
                                        std::int64_t, bool, bool, Caps>) {
    return std::make_unique<Reducer>(parts.parameters, parts.buckets, parts.group, sparse, bytes,
                                     unused, view, parts.names, first, false, false, Caps{});
  } else {
    return std::make_unique<Reducer>(parts.parameters, parts.buckets, parts.group, sparse, bytes,
                                     unused, view, parts.names, first, false, false);
  }
}

/// Buckets in the order in which backward is likely to fill them.
Buckets assigned(const std::vector<at::Tensor>& parameters, const DataParallelOptions& options) {
  const std::vector<std::size_t> limits{static_cast<std::size_t>(options.first_bucket_bytes),
                                        static_cast<std::size_t>(options.bucket_bytes)};
  Buckets buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(parameters, limits));
  std::ranges::reverse(buckets);
  return buckets;
}

/// Gives what the Reducer calls to the hook's thread.
class HandOver : public c10d::CommHookInterface {
 public:
  HandOver(HookThread& thread, const std::vector<at::Tensor>& parameters,
           const std::atomic<std::int64_t>& step)
      : thread_(thread), step_(step) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      places_[parameters[i].unsafeGetTensorImpl()] = i;
    }
  }

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    auto future = c10::make_intrusive<c10::ivalue::Future>(c10::TensorType::get());
    GradientBucket ours{
        .buffer = bucket.getBuffer(),
        .gradients = bucket.getGradients(),
        .parameters = {},
        .what = concat("gradients of step ", step_.load(), ", bucket ", bucket.getIndex())};
    for (const at::Tensor& parameter : bucket.getParameters()) {
      ours.parameters.push_back(places_.at(parameter.unsafeGetTensorImpl()));
    }
    thread_.add(std::move(ours), bucket.isLast(),
                [future, buffer = bucket.getBuffer()](std::exception_ptr error) {
                  if (error) {
                    future->setError(std::move(error));
                  } else {
                    future->markCompleted(buffer);
                  }
                });
    return future;
  }

  at::Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }

 private:
  HookThread& thread_;
  const std::atomic<std::int64_t>& step_;
  std::unordered_map<const c10::TensorImpl*, std::size_t> places_;
};

}  // namespace

struct GradientReducer::Impl {
  std::shared_ptr<ProcessGroup::Impl> group;
  std::atomic<std::int64_t> step{0};
  std::unique_ptr<c10d::Reducer> reducer;

  /// Runs `action` of the reducer, and says what its failure means here.
  template <class Action>
  void call(const Action& action) {
    try {
      action();
    } catch (const c10::DistError& error) {
      group->fail("the order of the gradients", first_line(error));
    } catch (const c10::Error&) {
      // Its advice is for Python. It checks that the step before has filled all buckets.
      throw InvalidArgument(
          concat("step ", step.load(), " left parameters without a gradient on rank ",
                 group->job->place.rank),
          "set find_unused_parameters, or let every parameter take part in the loss");
    } catch (const std::exception& error) {
      group->fail("the order of the gradients", first_line(error));
    }
  }
};

GradientReducer::GradientReducer(const std::vector<std::string>& names,
                                 const std::vector<at::Tensor>& parameters, ProcessGroup& group,
                                 HookThread& thread, const DataParallelOptions& options)
    : impl_(std::make_unique<Impl>()) {
  impl_->group = group.impl();
  Parts parts{parameters, assigned(parameters, options), impl_->group->c10d, {}};
  for (std::size_t i = 0; i < names.size(); ++i) parts.names[i] = names[i];
  impl_->reducer = make_reducer(parts, options);
  impl_->reducer->register_comm_hook(std::make_unique<HandOver>(thread, parameters, impl_->step));
}

GradientReducer::~GradientReducer() {
  // Else the parameters would go on to call a reducer that is gone.
  impl_->reducer->remove_autograd_hooks();
}

void GradientReducer::before_forward() {
  impl_->call([this] { impl_->reducer->rebuild_buckets(); });
}

void GradientReducer::before_backward(const at::Tensor& output, std::int64_t step) {
  impl_->call([&] { impl_->reducer->prepare_for_backward({output}); });
  impl_->step = step;
}

}  // namespace hadal::hpts
