#include "hadal/data/readers/corpus.h"
#include "hadal/data/readers/exercise.h"

namespace hadal::data {
namespace {

using corpus::bytes_of;
using corpus::content;
using hadal::testing::TemporaryFolder;

constexpr std::size_t kMost = 1 << 20;

std::string unpacked(const std::string& file) {
  return gunzip(bytes_of(content("gzip", file)), kMost, "F");
}

TEST(Gzip, UnpacksWhatPythonPacked) {
  EXPECT_EQ(unpacked("hello.gz"), "hello\n");
  EXPECT_EQ(unpacked("empty_content.gz"), "");
  EXPECT_EQ(unpacked("named.gz"), "named\n");
  EXPECT_EQ(unpacked("all_fields.gz"), "all fields\n");
}

TEST(Gzip, JoinsMembersAndPassesOverPadding) {
  EXPECT_EQ(unpacked("two_members.gz"), "hello\nworld\n");
  EXPECT_EQ(unpacked("padded.gz"), "hello\n");
}

TEST(Gzip, NamesWhatIsMalformed) {
  corpus::expect_errors(
      "gzip",
      {{"bomb.gz", "unpacks to more than the 1048576 bytes that are read"},
       {"empty.gz", "gzip byte 0: the stream ends early"},
       {"not_gzip.gz", "gzip byte 2: incorrect header check"},
       {"zlib_stream.gz", "gzip byte 2: incorrect header check"},
       {"header_cut.gz", "gzip byte 5: the stream ends early"},
       {"data_cut.gz", "gzip byte 13: the stream ends early"},
       {"trailer_cut.gz", "gzip byte 23: the stream ends early"},
       {"second_member_cut.gz", "gzip byte 51: the stream ends early"},
       {"second_member_magic_only.gz", "gzip byte 28: the stream ends early"},
       {"wrong_crc.gz", "gzip byte 22: incorrect data check"},
       {"wrong_length.gz", "gzip byte 26: incorrect length check"},
       {"wrong_header_crc.gz", "gzip byte 31: header crc mismatch"},
       {"unknown_method.gz", "gzip byte 4: unknown compression method"},
       {"reserved_flags.gz", "gzip byte 4: unknown header flags set"},
       {"reserved_block.gz", "gzip byte 11: invalid block type"},
       {"garbage.gz", "gzip byte 26: expected another gzip member or the end, found the byte 103"},
       {"garbage_after_padding.gz",
        "gzip byte 35: expected another gzip member or the end, found the byte 120"}},
      6, [](auto bytes, const std::string& source) { gunzip(bytes, kMost, source); });
}

TEST(Gzip, TakesJustAsManyBytesAsAllowed) {
  const std::string hello = content("gzip", "hello.gz");
  EXPECT_EQ(gunzip(bytes_of(hello), 6, "F"), "hello\n");
  EXPECT_THROW(gunzip(bytes_of(hello), 5, "F"), FormatError);
  const std::string two = content("gzip", "two_members.gz");
  EXPECT_EQ(gunzip(bytes_of(two), 12, "F").size(), 12U);
  EXPECT_THROW(gunzip(bytes_of(two), 11, "F"), FormatError);
}

TEST(Gzip, ThrowsNothingButErrors) { corpus::expect_only_errors("gzip", exercise_gzip); }

TEST(Gzip, KnowsPackedFilesByTheirContent) {
  const TemporaryFolder folder;
  write_file(folder / "plain.gz", "plain");
  write_file(folder / "packed", content("gzip", "hello.gz"));
  write_file(folder / "empty", "");
  EXPECT_EQ(read_maybe_gzip(folder / "plain.gz"), "plain");
  EXPECT_EQ(read_maybe_gzip(folder / "packed"), "hello\n");
  EXPECT_EQ(read_maybe_gzip(folder / "empty"), "");
}

TEST(Gzip, BoundsFilesAndNamesThem) {
  const TemporaryFolder folder;
  write_file(folder / "plain", "plain");
  write_file(folder / "packed", content("gzip", "hello.gz"));
  EXPECT_EQ(read_maybe_gzip(folder / "plain", 5), "plain");
  EXPECT_EQ(corpus::error_of([&] { read_maybe_gzip(folder / "plain", 4); }),
            (folder / "plain").string() + ": 5 bytes, but at most 4 are read");
  EXPECT_EQ(corpus::error_of([&] { read_maybe_gzip(folder / "packed", 4); }),
            (folder / "packed").string() + ": unpacks to more than the 4 bytes that are read");
  EXPECT_THROW(read_maybe_gzip(folder / "absent"), IoError);
  EXPECT_THROW(read_maybe_gzip(folder.path()), IoError);
}

}  // namespace
}  // namespace hadal::data
