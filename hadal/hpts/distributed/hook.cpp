#include "hadal/hpts/distributed/hook.h"

namespace hadal::hpts {
namespace {

/// One collective on `sent`, which may be the bucket's buffer itself or another form of it.
class OneCollective : public BucketReduction {
 public:
  OneCollective(at::Tensor buffer, at::Tensor sent, PendingCollective pending)
      : buffer_(std::move(buffer)), sent_(std::move(sent)), pending_(std::move(pending)) {}

  bool advance() override {
    pending_.wait();
    if (!sent_.is_same(buffer_)) buffer_.copy_(sent_);
    return true;
  }

 private:
  at::Tensor buffer_;
  at::Tensor sent_;
  PendingCollective pending_;
};

class AllReduce : public GradientHook {
 public:
  std::unique_ptr<BucketReduction> begin(GradientBucket bucket, ProcessGroup& group) override {
    return begin_mean(bucket, group);
  }
};

class Bf16 : public GradientHook {
 public:
  std::unique_ptr<BucketReduction> begin(GradientBucket bucket, ProcessGroup& group) override {
    const at::Tensor sent = bucket.buffer.div_(group.size()).to(at::kBFloat16);
    auto pending = all_reduce(group, sent, bucket.what);
    return std::make_unique<OneCollective>(bucket.buffer, sent, std::move(pending));
  }
};

}  // namespace

PendingCollective GradientHook::all_reduce(ProcessGroup& group, const at::Tensor& tensor,
                                           const std::string& what) {
  bytes_ += static_cast<std::int64_t>(tensor.nbytes());
  ++collectives_;
  return group.all_reduce(tensor, what);
}

std::unique_ptr<BucketReduction> GradientHook::begin_mean(const GradientBucket& bucket,
                                                          ProcessGroup& group) {
  auto pending = all_reduce(group, bucket.buffer.div_(group.size()), bucket.what);
  return std::make_unique<OneCollective>(bucket.buffer, bucket.buffer, std::move(pending));
}

std::unique_ptr<GradientHook> all_reduce_hook() { return std::make_unique<AllReduce>(); }
std::unique_ptr<GradientHook> bf16_hook() { return std::make_unique<Bf16>(); }

}  // namespace hadal::hpts
