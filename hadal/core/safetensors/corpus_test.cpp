#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/exercise.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;

struct Malformed {
  const char* file;
  /// Without the source. What follows "invalid JSON: " is the JSON library's affair.
  const char* error;
};

constexpr Malformed kMalformed[] = {
    {"bool_of_two.safetensors",
     R"(tensor "a": BOOL takes the bytes 0 and 1, but the file's byte 64 is 2)"},
    {"dtype_case.safetensors", R"(near byte 26: tensor "a" has the unknown dtype "u8")"},
    {"dtype_number.safetensors",
     R"(near byte 24: expected a string for dtype of tensor "a", found the number 8)"},
    {"duplicate_empty_shape.safetensors", R"(near byte 32: tensor "a" has shape twice)"},
    {"duplicate_field.safetensors", R"(near byte 34: tensor "a" has dtype twice)"},
    {"duplicate_metadata.safetensors", R"(near byte 41: the header has "__metadata__" twice)"},
    {"duplicate_metadata_key.safetensors", R"(near byte 36: __metadata__ has "k" twice)"},
    {"duplicate_offsets.safetensors", R"(near byte 49: tensor "a" has data_offsets twice)"},
    {"duplicate_tensor.safetensors", R"(near byte 64: the header has "a" twice)"},
    {"empty.safetensors", "byte 0: expected 8 bytes of header length, but the file has 0"},
    {"empty_in_the_void.safetensors",
     R"(tensor "a" begins at data offset 1, after the start of the data at 0)"},
    {"gguf.safetensors",
     "byte 0: the header length is 14064895815, but at most 100000000 is allowed"},
    {"git_lfs_pointer.safetensors",
     "byte 0: the header length is 2336927755350992246, but at most 100000000 is allowed"},
    {"hole_at_start.safetensors",
     R"(tensor "a" begins at data offset 2, after the start of the data at 0)"},
    {"hole_between.safetensors",
     R"(tensor "b" begins at data offset 3, after the end of tensor "a" at 2)"},
    {"index_absolute.json",
     R"(tensor "a": the file name "/etc/passwd" is not that of a file in the index's folder)"},
    {"index_array.json", R"(expected an object with an object "weight_map")"},
    {"index_backslash.json",
     R"(tensor "a": the file name "..\\x.safetensors" is not that of a file in the index's folder)"},
    {"index_cut.json", "near byte 15: invalid JSON: "},
    {"index_duplicate_map.json", R"(the key "weight_map" comes twice)"},
    {"index_duplicate_tensor.json", R"(the key "a" comes twice)"},
    {"index_empty_name.json",
     R"(tensor "a": the file name "" is not that of a file in the index's folder)"},
    {"index_escape.json",
     R"(tensor "a": the file name "../x.safetensors" is not that of a file in the index's folder)"},
    {"index_file_number.json", R"(tensor "a": expected a file name, found number)"},
    {"index_map_array.json", R"(expected an object with an object "weight_map")"},
    {"index_nested.json", "nested more than 16 levels deep"},
    {"index_no_map.json", R"(expected an object with an object "weight_map")"},
    {"index_nul.json", "byte 17: the text contains a NUL"},
    {"index_nul_name.json",
     R"(tensor "a": the file name "x.safetensors\u0000y" is not that of a file in the index's folder)"},
    {"index_number_overflow.json", "invalid JSON: "},
    {"index_parent.json",
     R"(tensor "a": the file name ".." is not that of a file in the index's folder)"},
    {"index_subfolder.json",
     R"(tensor "a": the file name "sub/x.safetensors" is not that of a file in the index's folder)"},
    {"json_cut.safetensors", "near byte 13: invalid JSON: "},
    {"json_lone_surrogate.safetensors", "near byte 16: invalid JSON: "},
    {"json_nan.safetensors", "near byte 36: invalid JSON: "},
    {"json_not_utf8.safetensors", "near byte 11: invalid JSON: "},
    {"json_number_overflow.safetensors", "near byte 40: invalid JSON: "},
    {"json_overlong_utf8.safetensors", "near byte 10: invalid JSON: "},
    {"json_trailing_comma.safetensors", "near byte 61: invalid JSON: "},
    {"json_trailing_nul.safetensors", "byte 10: the header contains a NUL"},
    {"json_trailing_text.safetensors", "near byte 10: invalid JSON: "},
    {"json_two_values.safetensors", "near byte 10: invalid JSON: "},
    {"leading_space.safetensors", "byte 8: the header does not start with '{'"},
    {"length_overflow.safetensors",
     "byte 0: the header length is 18446744073709551615, but at most 100000000 is allowed"},
    {"length_past_end.safetensors", "byte 0: the header length is 3, but only 2 bytes follow it"},
    {"length_too_large.safetensors",
     "byte 0: the header length is 100000001, but at most 100000000 is allowed"},
    {"metadata_array.safetensors",
     "near byte 25: expected an object of strings for __metadata__, found an array"},
    {"metadata_like_tensor.safetensors",
     R"(near byte 47: expected a string for "shape" of __metadata__, found an array)"},
    {"metadata_nested.safetensors",
     R"(near byte 30: expected a string for "k" of __metadata__, found an object)"},
    {"metadata_null.safetensors",
     "near byte 28: expected an object of strings for __metadata__, found null"},
    {"metadata_number.safetensors",
     R"(near byte 31: expected a string for "k" of __metadata__, found the number 1)"},
    {"nested_arrays.safetensors",
     R"(near byte 14: expected an object for tensor "a", found an array)"},
    {"nested_objects.safetensors", R"(near byte 17: tensor "a" has the unknown field "a")"},
    {"no_header.safetensors", "byte 8: the header does not start with '{'"},
    {"no_offsets.safetensors", R"(near byte 39: tensor "a" has no data_offsets)"},
    {"no_shape.safetensors", R"(near byte 48: tensor "a" has no shape)"},
    {"not_a_brace.safetensors", "byte 8: the header does not start with '{'"},
    {"offsets_huge.safetensors",
     R"(tensor "a": data_offsets [0, 18446744073709551615] reach past the data, which has 2 bytes)"},
    {"offsets_negative.safetensors",
     R"(near byte 58: expected an array of two integers from 0 to 2^64 - 1 for data_offsets of tensor "a", found a negative number)"},
    {"offsets_object.safetensors",
     R"(near byte 55: expected an array of two integers from 0 to 2^64 - 1 for data_offsets of tensor "a", found an object)"},
    {"offsets_one.safetensors",
     R"(near byte 57: expected an array of two integers from 0 to 2^64 - 1 for data_offsets of tensor "a", found an array of 1)"},
    {"offsets_past_end.safetensors",
     R"(tensor "a": data_offsets [0, 3] reach past the data, which has 2 bytes)"},
    {"offsets_reversed.safetensors", R"(tensor "a": data_offsets [2, 0] begin after they end)"},
    {"offsets_three.safetensors",
     R"(near byte 61: expected an array of two integers from 0 to 2^64 - 1 for data_offsets of tensor "a", found the number 2)"},
    {"overlap.safetensors",
     R"(tensor "b" begins at data offset 1, before the end of tensor "a" at 2)"},
    {"overlap_same.safetensors",
     R"(tensor "b" begins at data offset 0, before the end of tensor "a" at 2)"},
    {"part_of_a_byte.safetensors", R"(tensor "a": F4 [3] takes 12 bits, which are no whole bytes)"},
    {"rest.safetensors", "the tensors end at data offset 2, but the data has 3 bytes"},
    {"rest_without_tensors.safetensors",
     "the tensors end at data offset 0, but the data has 1 bytes"},
    {"scalar_f4.safetensors", R"(tensor "a": F4 [] takes 4 bits, which are no whole bytes)"},
    {"shape_beyond_63_bits.safetensors",
     R"(near byte 56: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found the number 9223372036854775808)"},
    {"shape_beyond_64_bits.safetensors",
     R"(near byte 57: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found the number 18446744073709551616)"},
    {"shape_boolean.safetensors",
     R"(near byte 40: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found a boolean)"},
    {"shape_float.safetensors",
     R"(near byte 40: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found the number 2.0)"},
    {"shape_negative.safetensors",
     R"(near byte 39: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found a negative number)"},
    {"shape_nested.safetensors",
     R"(near byte 37: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found an array)"},
    {"shape_number.safetensors",
     R"(near byte 37: expected an array for shape of tensor "a", found the number 2)"},
    {"shape_overflow.safetensors",
     R"(tensor "a": the size of U8 [4294967296, 4294967296] overflows 2^63 - 1 bits)"},
    {"shape_overflow_of_empty.safetensors",
     R"(tensor "a": the size of U8 [0, 9223372036854775807, 3] overflows 2^63 - 1 bits)"},
    {"shape_overflow_to_fit.safetensors",
     R"(tensor "a": the size of I16 [9223372036854775807, 2] overflows 2^63 - 1 bits)"},
    {"shape_string.safetensors",
     R"(near byte 39: expected an integer from 0 to 2^63 - 1 in shape of tensor "a", found the string "2")"},
    {"short.safetensors", "byte 0: expected 8 bytes of header length, but the file has 7"},
    {"size_of_empty.safetensors",
     R"(tensor "a": data_offsets [0, 2] hold 2 bytes, but U8 [0] takes 0)"},
    {"size_too_large.safetensors",
     R"(tensor "a": data_offsets [0, 2] hold 2 bytes, but U8 [1] takes 1)"},
    {"size_too_small.safetensors",
     R"(tensor "a": data_offsets [0, 2] hold 2 bytes, but U8 [3] takes 3)"},
    {"tensor_array.safetensors",
     R"(near byte 14: expected an object for tensor "a", found an array)"},
    {"tensor_empty.safetensors", R"(near byte 15: tensor "a" has no dtype)"},
    {"tensor_null.safetensors", R"(near byte 17: expected an object for tensor "a", found null)"},
    {"torch_pickle.safetensors",
     "byte 0: the header length is 5088219219985302144, but at most 100000000 is allowed"},
    {"torch_zip.safetensors",
     "byte 0: the header length is 578712552184433488, but at most 100000000 is allowed"},
    {"unknown_dtype.safetensors", R"(near byte 28: tensor "a" has the unknown dtype "F128")"},
    {"unknown_field.safetensors", R"(near byte 63: tensor "a" has the unknown field "x")"},
    {"web_page.safetensors",
     "byte 0: the header length is 5789751444030890300, but at most 100000000 is allowed"},
};

fs::path corpus() { return hadal::testing::source_path("hadal/core/safetensors/testdata/corpus"); }

/// Reads all that `file` has, as what its extension says.
void read_all(const std::string& file) {
  const std::string text = read_file(corpus() / file);
  if (file.ends_with(".json")) {
    safetensors::parse_index(text, "F");
    return;
  }
  const SafetensorsFile opened(std::as_bytes(std::span(text)), nullptr, "F");
  for (const auto& [name, info] : opened.header().tensors) opened.tensor(name);
}

std::string format_error(const std::string& file) {
  try {
    return hadal::testing::without_json_reason(
        hadal::testing::error_of<FormatError>([&] { read_all(file); }));
  } catch (const Unsupported&) {
    return "no error";  // it is sound, but ATen cannot hold it
  }
}

TEST(SafetensorsCorpus, EachMalformedKindHasItsError) {
  for (const auto& [file, error] : kMalformed) {
    EXPECT_EQ(format_error(file), concat("F: ", error)) << file;
  }
}

TEST(SafetensorsCorpus, IsValidOrKnownToBeMalformed) {
  std::set<std::string> malformed;
  for (const auto& [file, error] : kMalformed) malformed.insert(file);
  std::size_t valid = 0;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    const std::string file = entry.path().filename().string();
    if (malformed.contains(file)) continue;
    ++valid;
    EXPECT_EQ(format_error(file), "no error") << file;
  }
  EXPECT_EQ(valid, 14U);
}

TEST(SafetensorsCorpus, ThrowsNothingButErrors) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    const std::string text = read_file(entry.path());
    EXPECT_NO_THROW(safetensors::exercise_readers(std::as_bytes(std::span(text)))) << entry.path();
    // Every cut is a file of its own kind, and none may be read past its end.
    for (std::size_t size = 0; size < std::min<std::size_t>(text.size(), 200); ++size) {
      const std::string cut = text.substr(0, size);
      EXPECT_NO_THROW(safetensors::exercise_readers(std::as_bytes(std::span(cut)))) << entry.path();
    }
    ++files;
  }
  EXPECT_GT(files, 100U);
}

struct Foreign {
  const char* file;
  const char* hint;
};

TEST(SafetensorsCorpus, TellsWhatElseAFileMayBe) {
  constexpr Foreign kForeign[] = {{"git_lfs_pointer.safetensors", "git lfs pull"},
                                  {"torch_zip.safetensors", "PyTorch checkpoint"},
                                  {"torch_pickle.safetensors", "PyTorch checkpoint"},
                                  {"gguf.safetensors", "GGUF"},
                                  {"web_page.safetensors", "web page"},
                                  {"short.safetensors", "copied or downloaded whole"}};
  for (const auto& [file, hint] : kForeign) {
    try {
      read_all(file);
      ADD_FAILURE() << file << " was read";
    } catch (const FormatError& error) {
      EXPECT_NE(error.hint().find(hint), std::string::npos) << file << ": " << error.hint();
    }
  }
}

}  // namespace
}  // namespace hadal
