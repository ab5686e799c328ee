#include "hadal/core/process_group/rendezvous.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace hadal {
namespace {

using hadal::testing::error_of;
using Variables = std::map<std::string, std::string>;

Rendezvous found(const Variables& variables, const RendezvousOptions& options = {}) {
  return find_rendezvous(options, [&](const std::string& name) -> std::optional<std::string> {
    const auto item = variables.find(name);
    if (item == variables.end() || item->second.empty()) return std::nullopt;
    return item->second;
  });
}

std::string refused(const Variables& variables, const RendezvousOptions& options = {}) {
  return error_of<InvalidArgument>([&] { found(variables, options); });
}

const Variables kTorchrun{{"RANK", "3"},
                          {"WORLD_SIZE", "8"},
                          {"LOCAL_RANK", "1"},
                          {"MASTER_ADDR", "node7"},
                          {"MASTER_PORT", "29500"},
                          {"HADAL_RENDEZVOUS_SECRET", "sixteen letters!"}};

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

TEST(Rendezvous, WithoutVariablesIsOneProcess) {
  const Rendezvous place = found({});
  EXPECT_EQ(place.rank, 0);
  EXPECT_EQ(place.world_size, 1);
}

TEST(Rendezvous, ReadsWhatTorchrunSets) {
  const Rendezvous place = found(with(with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True"),
                                      "TORCHELASTIC_RESTART_COUNT", "2"));
  EXPECT_EQ(place.rank, 3);
  EXPECT_EQ(place.world_size, 8);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.address, "node7");
  EXPECT_EQ(place.port, 29500);
  EXPECT_TRUE(place.hosted);
  EXPECT_EQ(place.attempt, 2);
  EXPECT_FALSE(found(kTorchrun).hosted);
}

TEST(Rendezvous, ReadsWhatSlurmSets) {
  const Variables slurm{{"SLURM_PROCID", "5"},
                        {"SLURM_NTASKS", "6"},
                        {"SLURM_LOCALID", "1"},
                        {"SLURM_JOB_ID", "1234567"},
                        {"SLURM_JOB_NODELIST", "gpu[07-09,11],login"},
                        {"HADAL_RENDEZVOUS_SECRET", "sixteen letters!"}};
  const Rendezvous place = found(slurm);
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.world_size, 6);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.address, "gpu07");
  EXPECT_EQ(place.port, 20'000 + 1234567 % 12'000);
  EXPECT_EQ(found(with(slurm, "SLURM_STEP_NODELIST", "gpu09")).address, "gpu09");
  EXPECT_EQ(found(with(slurm, "MASTER_ADDR", "10.0.0.1")).address, "10.0.0.1");
}

TEST(Rendezvous, ReadsWhatOpenMpiSets) {
  const Variables mpi{{"OMPI_COMM_WORLD_RANK", "1"},
                      {"OMPI_COMM_WORLD_SIZE", "2"},
                      {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                      {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                      {"MASTER_PORT", "1234"}};
  EXPECT_EQ(found(mpi).address, "127.0.0.1");
  EXPECT_EQ(refused(with(mpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "1")),
            "MASTER_ADDR is not set: expected the host name or address of rank 0, where the 2 "
            "processes meet");
}

TEST(Rendezvous, OptionsWinOverTheEnvironment) {
  const Rendezvous place = found(kTorchrun, {.rank = 0, .port = 7, .address = "::1"});
  EXPECT_EQ(place.rank, 0);
  EXPECT_EQ(place.world_size, 8);
  EXPECT_EQ(place.address, "::1");
  EXPECT_EQ(place.port, 7);
  EXPECT_EQ(refused(kTorchrun, {.port = 70'000}),
            "option for MASTER_PORT=70000: expected a whole number from 1 to 65535");
}

TEST(Rendezvous, NamesTheVariableThatIsBad) {
  for (const auto* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"}) {
    for (const auto* bad : {"x", "-1", "3x", " 3", "9999999999", "1e3"}) {
      const std::string text = refused(with(kTorchrun, name, bad));
      EXPECT_TRUE(text.starts_with(concat(name, "=", bad, ": expected a whole number"))) << text;
    }
  }
  for (const auto* name : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) {
    const std::string text = refused(with(kTorchrun, name, ""));
    EXPECT_TRUE(text.starts_with(concat(name, " is not set: expected "))) << text;
  }
  EXPECT_EQ(refused(with(kTorchrun, "RANK", "8")), "RANK=8: expected a number below WORLD_SIZE=8");
  EXPECT_EQ(refused(with(kTorchrun, "MASTER_PORT", "0")),
            "MASTER_PORT=0: expected a whole number from 1 to 65535");
}

TEST(Rendezvous, AsksForASecretWhereOthersMayReachIt) {
  constexpr const char* kSecret = "HADAL_RENDEZVOUS_SECRET";
  EXPECT_EQ(found(kTorchrun).secret, "sixteen letters!");
  EXPECT_EQ(found(kTorchrun, {.secret = "another one of mine"}).secret, "another one of mine");
  EXPECT_EQ(refused(with(kTorchrun, kSecret, "")),
            "HADAL_RENDEZVOUS_SECRET is not set: the processes meet at node7, which others may "
            "reach, and need a secret that all of them share");
  EXPECT_EQ(refused(with(kTorchrun, kSecret, "too short")),
            "HADAL_RENDEZVOUS_SECRET: expected 16 characters or more, got 9");
  for (const char* own : {"127.0.0.1", "localhost", "::1"}) {
    EXPECT_EQ(found(with(with(kTorchrun, kSecret, ""), "MASTER_ADDR", own)).secret, "");
  }
}

TEST(Rendezvous, TakesTheFirstHostOfSlurmsLists) {
  const auto first = [](const char* list) { return first_slurm_host(list, "LIST"); };
  EXPECT_EQ(first("solo"), "solo");
  EXPECT_EQ(first("a,b"), "a");
  EXPECT_EQ(first("node[003-005,7],other"), "node003");
  EXPECT_EQ(first("rack[2,1]-node[12-13]"), "rack2-node12");
  for (const char* bad : {"", ",a", "a[", "a[]", "a]1", "a b"}) {
    EXPECT_TRUE(error_of<InvalidArgument>([&] { first(bad); }).starts_with("LIST=")) << bad;
  }
}

}  // namespace
}  // namespace hadal
