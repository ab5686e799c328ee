#include "hadal/core/process_group/process_group.h"

#include "hadal/core/process_group/testing.h"
#include "hadal/testing/error_of.h"

#include <csignal>
#include <cstdlib>

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

namespace hadal {
namespace {

using hadal::testing::error_of;
using hadal::testing::run_ranks;

TEST(ProcessGroup, OfOneProcessCommunicatesNothing) {
  const auto group = init_process_group();
  EXPECT_EQ(group->size(), 1);
  EXPECT_EQ(group->backend(), "none");
  const at::Tensor tensor = at::arange(4, at::kFloat);
  group->all_reduce(tensor, "sum").wait();
  EXPECT_TRUE(tensor.equal(at::arange(4, at::kFloat)));
  const at::Tensor copy = at::empty({4});
  group->reduce_scatter(copy, tensor, "scatter").wait();
  EXPECT_TRUE(copy.equal(tensor));
  EXPECT_EQ(group->exchange("text", "texts"), std::vector<std::string>{"text"});
  group->barrier("end");
}

TEST(ProcessGroup, RefusesTensorsOfAnotherSize) {
  const auto group = init_process_group();
  EXPECT_EQ(error_of<InvalidArgument>(
                [&] { group->all_gather(at::empty({4}), at::empty({3}), "gather").wait(); }),
            "gather: expected 1 parts of 3 Float elements, got 4 Float");
  EXPECT_EQ(
      error_of<InvalidArgument>([&] { group->all_reduce(at::empty({4, 4}).t(), "sum").wait(); }),
      "sum: expected a contiguous tensor, got one that is not");
}

TEST(ProcessGroup, CountsWhatARingSends) {
  EXPECT_EQ(all_reduce_bytes_sent(1000, 1), 0);
  EXPECT_EQ(all_reduce_bytes_sent(1000, 2), 1000);
  EXPECT_EQ(all_reduce_bytes_sent(1000, 4), 1500);
}

void check_collectives(ProcessGroup& group, at::ScalarType type) {
  const int rank = group.rank(), size = group.size();
  const at::Tensor sum = at::full({5}, rank + 1, type);
  group.all_reduce(sum, "sum").wait();
  EXPECT_TRUE(sum.equal(at::full({5}, size * (size + 1) / 2, type))) << type << sum;

  const at::Tensor root = at::full({3}, rank, type);
  group.broadcast(root, 1, "broadcast").wait();
  EXPECT_TRUE(root.equal(at::full({3}, 1, type)));

  const at::Tensor reduced = at::full({2}, rank + 1, type);
  group.reduce(reduced, 2, "reduce").wait();
  if (rank == 2) {
    EXPECT_TRUE(reduced.equal(at::full({2}, size * (size + 1) / 2, type)));
  }

  const at::Tensor gathered = at::empty({2 * size}, type);
  group.all_gather(gathered, at::full({2}, rank, type), "gather").wait();
  EXPECT_TRUE(gathered.equal(at::arange(size).repeat_interleave(2).to(type))) << gathered;

  const at::Tensor part = at::empty({2}, type);
  group.reduce_scatter(part, at::arange(2 * size).to(type), "scatter").wait();
  EXPECT_TRUE(part.equal(at::arange(2 * rank, 2 * rank + 2).mul(size).to(type))) << part;
}

TEST(ProcessGroupDistributed, ComputesCollectivesOfThree) {
  run_ranks(3, [] {
    const auto group = init_process_group({.timeout = std::chrono::seconds(20)});
    EXPECT_EQ(group->size(), 3);
    EXPECT_EQ(group->backend(), "gloo");
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kLong}) {
      check_collectives(*group, type);
    }
    const auto sibling = group->sibling();
    // Each in its own order: the two need no common one.
    const at::Tensor a = at::ones({1}), b = at::ones({1});
    const bool first = group->rank() == 0;
    auto one = first ? group->all_reduce(a, "a") : sibling->all_reduce(b, "b");
    auto two = first ? sibling->all_reduce(b, "b") : group->all_reduce(a, "a");
    one.wait();
    two.wait();
    EXPECT_EQ(a.item<float>() + b.item<float>(), 6);
    group->barrier("end");
    const auto texts = group->exchange(std::to_string(group->rank()), "ranks");
    EXPECT_EQ(texts, (std::vector<std::string>{"0", "1", "2"}));
  });
}

TEST(ProcessGroupDistributed, SplitsIntoGroupsOfTheirOwn) {
  run_ranks(5, [] {
    const auto group = init_process_group({.timeout = std::chrono::seconds(20)});
    const int rank = group->rank();
    const auto part = group->split(rank == 4 ? 7 : rank % 2);
    EXPECT_EQ(part->size(), rank == 4 ? 1 : 2);
    EXPECT_EQ(part->rank(), rank == 4 ? 0 : rank / 2);
    const at::Tensor sum = at::full({1}, rank);
    part->all_reduce(sum, "sum").wait();
    EXPECT_EQ(sum.item<std::int64_t>(), rank == 4 ? 4 : 2 * (rank % 2) + 2);
    const auto texts = part->exchange(std::to_string(rank), "ranks");
    EXPECT_EQ(texts.front(), std::to_string(rank == 4 ? 4 : rank % 2));
    EXPECT_EQ(part->sibling()->size(), part->size());
    EXPECT_EQ(part->traffic().bytes, rank == 4 ? 0 : 8);
    EXPECT_EQ(part->traffic().seconds > 0, rank != 4);
    group->barrier("end");
  });
}

TEST(ProcessGroupDistributed, MeetsUnderASecretThatTheStoreDoesNotTell) {
  run_ranks(2, [] {
    const Rendezvous place = find_rendezvous();
    const auto group = init_process_group(
        {.rendezvous = {.secret = "sixteen letters!"}, .timeout = std::chrono::seconds(20)});
    const auto texts = group->exchange("what nobody else reads", "texts");
    EXPECT_EQ(texts, std::vector<std::string>(2, "what nobody else reads"));
    KeyStore stranger = KeyStore::connect(place.address, place.port, std::chrono::seconds(20));
    const auto seen = stranger.get({"hadal/0/exchange/0/0/1"}).front();
    EXPECT_GE(seen.size(), texts[1].size());
    EXPECT_EQ(seen.find("nobody"), seen.npos);
    group->barrier("end");
  });
}

TEST(ProcessGroupDistributed, RefusesARankOfAnotherSecret) {
  run_ranks(2, [] {
    const bool first = process_environment("RANK") == "0";
    const std::string text = error_of<IoError>([&] {
      init_process_group({.rendezvous = {.secret = first ? "sixteen letters!" : "sixteen numbers!"},
                          .timeout = std::chrono::seconds(20)});
    });
    EXPECT_NE(text.find("with another secret, or with none"), text.npos) << text;
  });
}

TEST(ProcessGroupDistributed, NamesWhoDidNotCome) {
  run_ranks(2, [] {
    const auto start = std::chrono::steady_clock::now();
    if (process_environment("RANK") == "1") return;
    const std::string text = error_of<PeerError>(
        [] { init_process_group({.timeout = std::chrono::milliseconds(300)}); });
    EXPECT_NE(text.find("rank 1 of 2 did not come to 127.0.0.1:"), text.npos) << text;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  });
}

TEST(ProcessGroupDistributed, NamesANetworkInterfaceThatIsNotThere) {
  run_ranks(2, [] {
    const std::string text = error_of<InvalidArgument>([] {
      init_process_group({.timeout = std::chrono::seconds(20), .network_interface = "none0"});
    });
    EXPECT_TRUE(text.starts_with("gloo cannot use the network interface none0: ")) << text;
  });
}

TEST(ProcessGroupDistributed, SaysThatTheStoreCannotBeReached) {
  const std::string text = error_of<Error>([] {
    init_process_group(
        {.rendezvous = {.rank = 1, .world_size = 2, .port = 9, .address = "127.0.0.1"},
         .timeout = std::chrono::milliseconds(300)});
  });
  EXPECT_TRUE(text.starts_with("cannot reach the store at 127.0.0.1:9")) << text;
}

/// Starts a group whose store rank 0 hosts, as without `hadal launch`, at a port that was free.
std::shared_ptr<ProcessGroup> group_hosted_by_rank_0(std::chrono::milliseconds timeout) {
  const Rendezvous place = find_rendezvous();
  KeyStore meeting = KeyStore::connect(place.address, place.port, std::chrono::seconds(20));
  if (place.rank == 0) {
    meeting.set("free", std::to_string(KeyStore::host(0, std::chrono::seconds(1)).port()));
  }
  const int port = std::stoi(meeting.get({"free"}).at(0));
  ::unsetenv("TORCHELASTIC_USE_AGENT_STORE");
  return init_process_group({.rendezvous = {.port = port}, .timeout = timeout});
}

/// Rank 0 sends itself `signal` between two collectives; the others have to name it.
void check_loss_of_host(int signal) {
  const auto outcomes = hadal::testing::outcomes_of_ranks(
      3,
      [signal] {
        const auto group = group_hosted_by_rank_0(std::chrono::seconds(3));
        const at::Tensor sum = at::ones({1});
        group->all_reduce(sum, "first").wait();
        EXPECT_EQ(sum.item<float>(), 3);
        if (group->rank() == 0) std::raise(signal);
        try {
          group->all_reduce(sum, "second").wait();
          ADD_FAILURE() << "rank 0 is gone, and nobody noticed";
        } catch (const PeerError& error) {
          EXPECT_EQ(error.ranks(), std::vector<int>{0}) << error.what();
        }
      },
      /*seconds=*/40);
  for (const std::size_t rank : {1, 2}) {
    EXPECT_TRUE(outcomes[rank].passed()) << outcomes[rank].output;
  }
}

TEST(ProcessGroupDistributed, NamesRankZeroWhereItHostsTheStoreAndDies) {
  check_loss_of_host(SIGKILL);
}

TEST(ProcessGroupDistributed, NamesRankZeroWhereItHostsTheStoreAndStops) {
  check_loss_of_host(SIGSTOP);
}

}  // namespace
}  // namespace hadal
