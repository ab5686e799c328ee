#include "hadal/core/file.h"

#include "hadal/core/error.h"
#include "hadal/testing/paths.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;
using hadal::testing::TemporaryFolder;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::ptrdiff_t files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

unsigned permissions(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

TEST(MappedFile, ShowsTheContent) {
  const TemporaryFolder folder;
  write_file(folder / "a", std::string("x\0y", 3));
  EXPECT_EQ(text_of(MappedFile(folder / "a")), std::string("x\0y", 3));
}

TEST(MappedFile, OfAnEmptyFileIsEmpty) {
  const TemporaryFolder folder;
  write_file(folder / "a", "");
  EXPECT_TRUE(MappedFile(folder / "a").bytes().empty());
}

TEST(MappedFile, LivesAsLongAsACopyOrAKeeper) {
  const TemporaryFolder folder;
  write_file(folder / "a", "content");
  std::optional<MappedFile> first(folder / "a");
  const MappedFile second = *first;
  const auto keeper = first->keep_alive();
  const auto bytes = first->bytes();
  first.reset();
  EXPECT_EQ(text_of(second), "content");
  EXPECT_EQ(std::memcmp(bytes.data(), "content", 7), 0);
}

TEST(MappedFile, KeepsTheOldContentOfAFileThatIsReplaced) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  const MappedFile file(folder / "a");
  write_file(folder / "a", "new and longer");
  EXPECT_EQ(text_of(file), "old");
}

TEST(ReadFile, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const fs::path& path : {folder.path(), folder / "pipe", fs::path("/dev/null")}) {
    EXPECT_THROW(MappedFile{path}, IoError) << path;
    EXPECT_THROW(read_file(path), IoError) << path;
  }
}

TEST(ReadFile, NamesTheFileThatIsMissing) {
  const TemporaryFolder folder;
  try {
    read_file(folder / "absent");
    FAIL() << "read";
  } catch (const IoError& error) {
    EXPECT_EQ(error.what(),
              "cannot open " + (folder / "absent").string() + ": No such file or directory");
    EXPECT_EQ(error.hint(), "check the path");
  }
}

TEST(ReadFile, ReadsUpToTheLimitAndNoFurther) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 5, 4096, 100'000}) {
    const std::string text(size, 'x');
    write_file(folder / "a", text);
    EXPECT_EQ(read_file(folder / "a"), text);
    EXPECT_EQ(read_file(folder / "a", size), text);
    if (size > 0) {
      EXPECT_THROW(read_file(folder / "a", size - 1), FormatError);
    }
  }
}

TEST(ReadFile, ReadsFilesThatClaimToBeEmpty) {
  const std::string status = read_file("/proc/self/status");
  EXPECT_NE(status.find("VmRSS"), std::string::npos);
  EXPECT_EQ(read_file("/proc/self/status", 1 << 20).substr(0, 5), "Name:");
  EXPECT_THROW(read_file("/proc/self/status", 10), FormatError);
}

TEST(AtomicFile, ReplacesOnlyAtCommit) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new ");
    file.write("content");
    EXPECT_EQ(read_file(folder / "a"), "old");
    file.commit();
    EXPECT_EQ(read_file(folder / "a"), "new content");
  }
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, WithoutCommitLeavesTheOldFileAndNothingElse) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  try {
    AtomicFile file(folder / "a");
    file.write("half");
    throw std::runtime_error("stopped");
  } catch (const std::runtime_error&) {
  }
  {
    AtomicFile never_there(folder / "b");
  }
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, ConcurrentWritersLeaveOneWholeFile) {
  const TemporaryFolder folder;
  {
    std::vector<std::jthread> threads;
    for (char c = 'a'; c < 'e'; ++c) {
      threads.emplace_back([&folder, c] {
        for (int i = 0; i < 5; ++i) write_file(folder / "f", std::string(10'000, c));
      });
    }
  }
  const std::string text = read_file(folder / "f");
  EXPECT_EQ(text, std::string(10'000, text.at(0)));
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, NewFilesGetThePermissionsOfTheProcess) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file(folder / "a", "x");
  ::umask(before);
  EXPECT_EQ(permissions(folder / "a"), 0640u);
}

TEST(AtomicFile, ReplacedFilesKeepTheirPermissions) {
  const TemporaryFolder folder;
  write_file(folder / "secret", "x");
  ASSERT_EQ(::chmod((folder / "secret").c_str(), 0600), 0);
  write_file(folder / "secret", "y");
  EXPECT_EQ(permissions(folder / "secret"), 0600u);
}

TEST(AtomicFile, WritesBehindSymbolicLinks) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "far");
  fs::create_symlink("far/target", folder / "near");  // to nothing yet
  fs::create_symlink("near", folder / "link");
  for (const char* text : {"first", "second"}) {
    write_file(folder / "link", text);
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
    EXPECT_TRUE(fs::is_symlink(folder / "near"));
    EXPECT_EQ(read_file(folder / "far/target"), text);
  }
  EXPECT_EQ(files_in(folder / "far"), 1);
}

TEST(AtomicFile, RefusesALoopOfLinks) {
  const TemporaryFolder folder;
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_THROW(AtomicFile(folder / "a"), IoError);
}

TEST(AtomicFile, RefusesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  fs::create_directory(folder / "folder");
  fs::create_symlink("/dev/null", folder / "device");
  for (const char* name : {"pipe", "folder", "device"}) {
    EXPECT_THROW(write_file(folder / name, "x"), IoError) << name;
  }
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_EQ(files_in(folder.path()), 3);
}

TEST(AtomicFile, NamesTheFolderThatIsMissing) {
  const TemporaryFolder folder;
  try {
    AtomicFile file(folder / "absent/a");
    FAIL() << "made";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("absent/a: No such file"), std::string::npos)
        << error.what();
  }
}

TEST(AtomicFile, TakesRelativePathsAndTheLongestNames) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file("plain", "x");
  write_file(std::string(255, 'n'), "y");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "plain"), "x");
  EXPECT_EQ(read_file(folder / std::string(255, 'n')), "y");
}

/// Writes more than a tiny file system holds. Runs in a child, which alone sees the mount.
int write_to_full_disk(const fs::path& folder) {
  constexpr int kNotPermitted = 77;
  if (::unshare(CLONE_NEWNS) != 0) return kNotPermitted;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNotPermitted;
  if (::mount("tiny", folder.c_str(), "tmpfs", 0, "size=64k") != 0) return kNotPermitted;
  write_file(folder / "a", "old");
  try {
    write_file(folder / "a", std::string(1 << 20, 'x'));
    return 1;
  } catch (const IoError& error) {
    if (std::string(error.what()).find("No space left") == std::string::npos) return 2;
    if (error.hint().empty()) return 3;
  }
  if (read_file(folder / "a") != "old") return 4;
  return files_in(folder) == 1 ? 0 : 5;
}

TEST(AtomicFile, KeepsTheOldFileWhereTheDiskIsFull) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_to_full_disk(folder.path()));
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "only root may mount a small file system";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Sha256, EqualsTheStandardsExamples) {
  // FIPS 180-4, and the empty message.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, OfAFileIsThatOfItsContent) {
  const TemporaryFolder folder;
  write_file(folder / "a", "abc");
  write_file(folder / "empty", "");
  EXPECT_EQ(sha256_of_file(folder / "a"), sha256("abc"));
  EXPECT_EQ(sha256_of_file(folder / "empty"), sha256(""));
}

}  // namespace
}  // namespace hadal
