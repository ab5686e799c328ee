#pragma once

#include <memory>
#include <string>

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace hadal {

/// `store` with values that only those who know `secret` can read or write: sealed by AES-256-GCM
/// under a key from the secret, and bound to their names. Names, counters and how often something
/// is written stay open, and whoever reaches the store can still delete. To read a value that was
/// sealed with another secret, or not at all, throws c10::DistStoreError.
c10::intrusive_ptr<c10d::Store> sealed(c10::intrusive_ptr<c10d::Store> store,
                                       const std::string& secret);

}  // namespace hadal
