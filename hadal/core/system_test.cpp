#include "hadal/core/system.h"

#include "hadal/core/file.h"
#include "hadal/testing/paths.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;

/// A folder that stands for the root of a machine.
class SystemInfoTest : public ::testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    write_file(root_ / file, text);
  }
  SystemInfo info() const { return system_info(root_.path()); }

  hadal::testing::TemporaryFolder root_;
};

TEST(SystemInfo, DescribesThisMachine) {
  const SystemInfo info = system_info();
  EXPECT_NE(info.cpu, "unknown");
  EXPECT_GE(info.physical_cores, 1);
  EXPECT_GE(info.logical_cores, info.physical_cores);
  EXPECT_LE(info.logical_cores, static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_GT(info.memory_bytes, std::int64_t{100} << 20);
  EXPECT_NE(info.os.find("Linux"), std::string::npos) << info.os;
}

TEST(SystemInfo, CountsOnlyTheCoresOfTheAffinityMask) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const SystemInfo info = system_info();
  ::sched_setaffinity(0, sizeof all, &all);
  EXPECT_EQ(info.logical_cores, 1);
  EXPECT_EQ(info.physical_cores, 1);
}

TEST_F(SystemInfoTest, ReadsNamesAndMemory) {
  put("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nflags : fpu\n");
  put("proc/meminfo", "MemTotal:        2048 kB\nMemFree:  10 kB\n");
  put("etc/os-release", "NAME=\"X\"\nPRETTY_NAME=\"Some Linux 12\"\n");
  EXPECT_EQ(info().cpu, "Some CPU @ 2.0GHz");
  EXPECT_EQ(info().memory_bytes, 2048 * 1024);
  EXPECT_EQ(info().os.rfind("Some Linux 12, Linux ", 0), 0u) << info().os;
}

TEST_F(SystemInfoTest, SaysUnknownWhereNothingCanBeRead) {
  EXPECT_EQ(info().cpu, "unknown");
  EXPECT_EQ(info().memory_bytes, 0);
  EXPECT_GE(info().logical_cores, 1);
}

TEST_F(SystemInfoTest, CountsHardwareThreadsOfOneCoreOnce) {
  for (int cpu = 0; cpu < 1024; ++cpu) {
    const std::string topology = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    fs::create_directories(root_ / topology);
    write_file(root_ / (topology + "physical_package_id"), "0\n");
    write_file(root_ / (topology + "core_id"), "0\n");
    if (cpu + 1 >= static_cast<int>(std::thread::hardware_concurrency())) break;
  }
  EXPECT_EQ(info().physical_cores, 1);
}

TEST_F(SystemInfoTest, KeepsTheLimitsOfControlGroupsVersion2) {
  put("proc/meminfo", "MemTotal: 1000000 kB\n");
  put("proc/self/cgroup", "0::/outer/inner\n");
  put("sys/fs/cgroup/outer/cpu.max", "50000 100000\n");  // half a core, of the group above
  put("sys/fs/cgroup/outer/memory.max", "max\n");
  put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  put("sys/fs/cgroup/outer/inner/memory.max", "300000000\n");
  EXPECT_EQ(info().logical_cores, 1);
  EXPECT_EQ(info().physical_cores, 1);
  EXPECT_EQ(info().memory_bytes, 300'000'000);
}

TEST_F(SystemInfoTest, KeepsTheLimitsOfControlGroupsVersion1) {
  put("proc/meminfo", "MemTotal: 1000000 kB\n");
  put("proc/self/cgroup", "9:memory:/box\n4:cpu,cpuacct:/box\n0::/\n");
  put("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n");
  put("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "200000000\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(info().logical_cores, 1);
  EXPECT_EQ(info().memory_bytes, 200'000'000);
}

TEST_F(SystemInfoTest, FindsTheLimitsWhereTheContainerSeesOnlyItsOwnGroup) {
  put("proc/meminfo", "MemTotal: 1000000 kB\n");
  put("proc/self/cgroup", "0::/system.slice/docker-1234.scope\n");
  put("sys/fs/cgroup/memory.max", "400000000\n");
  EXPECT_EQ(info().memory_bytes, 400'000'000);
}

TEST_F(SystemInfoTest, IgnoresLimitsThatAreNoNumbers) {
  put("proc/meminfo", "MemTotal: 1000 kB\n");
  const int cores = info().logical_cores;
  put("proc/self/cgroup", "nonsense\n0:\n::\n0::/\n");
  put("sys/fs/cgroup/cpu.max", "-5 0\n");
  put("sys/fs/cgroup/memory.max", "99999999999999999999999\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(info().logical_cores, cores);
  EXPECT_EQ(info().memory_bytes, 1000 * 1024);
}

}  // namespace
}  // namespace hadal
