#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/data/tokenizer/exercise.h"
#include "hadal/testing/paths.h"

#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

namespace fs = std::filesystem;

struct Refused {
  const char* file;
  /// The kind of error and the start of its text; "F" names the file.
  const char* verdict;
};

constexpr Refused kRefused[] = {
    {"added_empty", R"(FormatError F: added_tokens[0].content: the token is empty)"},
    {"added_hole",
     R"(FormatError F: added_tokens[0]: the token "<s>" has the id 7, but 6 comes next)"},
    {"added_huge",
     R"(FormatError F: added_tokens[0]: the id 18446744073709551615 is above 2147483647)"},
    {"added_long",
     R"(FormatError F: added_tokens[0].content: the token has 1025 bytes, more than 1024)"},
    {"added_moves",
     R"(FormatError F: added_tokens[0]: the token "b" has the id 1, but 2 in the vocabulary)"},
    {"added_twice", R"(FormatError F: added_tokens[1]: the token "<s>" comes twice)"},
    {"added_vanishes",
     R"(Unsupported F: added_tokens[0].content: an added token that is empty once it is normalized is not supported)"},
    {"array", R"(FormatError F: expected an object, found an array)"},
    {"behavior", R"(FormatError F: pre_tokenizer.behavior: "Merged" is no behavior)"},
    {"decoder_null", R"(FormatError F: decoder.decoders[0]: expected a decoder, found nothing)"},
    {"decoder_strip", R"(FormatError F: decoder.content: expected one character, found "ab")"},
    {"decoder_unknown", R"(Unsupported F: decoder: the decoder "WordPiece" is not supported)"},
    {"deep", R"(FormatError F: nested more than 32 levels deep)"},
    {"empty", R"(FormatError F: near byte 0: invalid JSON)"},
    {"field_unknown", R"(Unsupported F: the field "extra" is not supported)"},
    {"id_float",
     R"(FormatError F: model.vocab["b"]: expected an integer that is not negative, found 1.5)"},
    {"id_hole",
     R"(FormatError F: model.vocab: the id 6 of "abab" is not below 6, the number of tokens)"},
    {"id_huge",
     R"(FormatError F: model.vocab: the id 9223372036854775808 of "b" is not below 6, the number of tokens)"},
    {"id_negative",
     R"(FormatError F: model.vocab["b"]: expected an integer that is not negative, found -1)"},
    {"id_twice", R"(FormatError F: model.vocab: the id 1 belongs to both "a" and "b")"},
    {"key_twice", R"(FormatError F: the key "a" comes twice)"},
    {"lone_surrogate", R"(FormatError F: near byte 8: invalid JSON)"},
    {"merge_one", R"(FormatError F: model.merges[0]: expected two tokens)"},
    {"merge_result", R"(FormatError F: model.merges[0]: the vocabulary has no token "ba")"},
    {"merge_spaces",
     R"(FormatError F: model.merges[0]: expected two tokens and a space, found "a b ")"},
    {"merge_string",
     R"(FormatError F: model.merges[0]: expected two tokens and a space, found "ab")"},
    {"merge_unknown", R"(FormatError F: model.merges[0]: the vocabulary has no token "c")"},
    {"merges_none", R"(FormatError F: model.merges: expected an array, found nothing)"},
    {"metaspace_contradiction",
     R"(FormatError F: pre_tokenizer.prepend_scheme: contradicts the add_prefix_space beside it)"},
    {"metaspace_first",
     R"(Unsupported F: pre_tokenizer: the prepend scheme "first" after a normalizer or another pre-tokenizer is not supported)"},
    {"metaspace_long",
     R"(FormatError F: pre_tokenizer.replacement: expected one character, found "__")"},
    {"model_dropout", R"(Unsupported F: model.dropout: dropout is not supported)"},
    {"model_field", R"(Unsupported F: model: the field "x" is not supported)"},
    {"model_flag", R"(FormatError F: model.fuse_unk: expected true or false, found 1)"},
    {"model_prefix",
     R"(Unsupported F: model.continuing_subword_prefix: the affix "##" is not supported)"},
    {"model_suffix",
     R"(Unsupported F: model.end_of_word_suffix: the affix "</w>" is not supported)"},
    {"model_unigram", R"(Unsupported F: model: the model "Unigram" is not supported)"},
    {"no_model", R"(FormatError F: model: expected an object, found nothing)"},
    {"normalizer_field", R"(Unsupported F: normalizer: the field "x" is not supported)"},
    {"normalizer_null",
     R"(FormatError F: normalizer.normalizers[0]: expected a normalizer, found nothing)"},
    {"normalizer_unknown",
     R"(Unsupported F: normalizer: the normalizer "Precompiled" is not supported)"},
    {"not_json", R"(FormatError F: near byte 1: invalid JSON)"},
    {"not_utf8", R"(FormatError F: near byte 2: invalid JSON)"},
    {"nul", R"(FormatError F: byte 2: the text contains a NUL)"},
    {"number_overflow", R"(FormatError F: invalid JSON: number overflow)"},
    {"padding", R"(Unsupported F: padding: a limited or padded text is not supported)"},
    {"pre_tokenizer_unknown",
     R"(Unsupported F: pre_tokenizer: the pre-tokenizer "Punctuation" is not supported)"},
    {"processor_unknown",
     R"(Unsupported F: post_processor: the post-processor "BertProcessing" is not supported)"},
    {"regex_back_reference",
     R"(Unsupported cannot run the regular expression "(a)\\1": the escape \1 is not known (near byte 5))"},
    {"regex_behind",
     R"(Unsupported cannot run the regular expression "(?<=a*)b": lookbehind assertion is not fixed length)"},
    {"regex_brace",
     R"(Unsupported cannot run the regular expression "a{,2}": this { starts no interval (near byte 1))"},
    {"regex_case",
     R"-(Unsupported cannot run the regular expression "(?i:\\p{Lu})": a property of case stands where case is ignored (near byte 6))-"},
    {"regex_close",
     R"-(Unsupported cannot run the regular expression "a)": a ) closes nothing (near byte 1))-"},
    {"regex_escape",
     R"(Unsupported cannot run the regular expression "\\bword\\b": the escape \b is not known (near byte 2))"},
    {"regex_group",
     R"-(Unsupported cannot run the regular expression "a(?<name>b)": this kind of group is not known (near byte 2))-"},
    {"regex_hex_digit",
     R"(Unsupported cannot run the regular expression "\\h": the escape \h is not known (near byte 2))"},
    {"regex_huge",
     R"(Unsupported cannot run the regular expression "(?:a{9999}){9999}": regular expression is too large)"},
    {"regex_long", R"(Unsupported cannot run the regular expression)"},
    {"regex_nested", R"(Unsupported cannot run the regular expression)"},
    {"regex_open",
     R"(Unsupported cannot run the regular expression "(a": a group is not closed (near byte 2))"},
    {"regex_possessive",
     R"(Unsupported cannot run the regular expression "a{2}+": a quantifier follows a quantifier (near byte 4))"},
    {"regex_property",
     R"(Unsupported cannot run the regular expression "\\p{Klingon}": the property "Klingon" is not known (near byte 2))"},
    {"regex_range",
     R"(Unsupported cannot run the regular expression "[z-a]": range out of order in character class)"},
    {"regex_repeat",
     R"(Unsupported cannot run the regular expression "*a": a quantifier follows nothing (near byte 0))"},
    {"regex_set",
     R"(Unsupported cannot run the regular expression "[a-z&&[^b]]": a class has a set operation (near byte 4))"},
    {"replace_both", R"(FormatError F: normalizer.pattern: expected one of "String" and "Regex")"},
    {"replace_dollar",
     R"(Unsupported F: normalizer.content: a $ in the replacement of a regular expression is not supported)"},
    {"replace_empty", R"(FormatError F: normalizer.pattern.String: the pattern is empty)"},
    {"steps",
     R"(Unsupported F: pre_tokenizer.pretokenizers[8]: a sequence of more than 8 pre-tokenizers is not supported)"},
    {"template_id",
     R"(FormatError F: post_processor.special_tokens.<s>.ids[0]: the id 7 is not in the vocabulary)"},
    {"template_no_text",
     R"(Unsupported F: post_processor.single: a template without the text is not supported)"},
    {"template_pair", R"(FormatError F: post_processor.single[0]: expected the sequence "A")"},
    {"template_twice",
     R"(Unsupported F: post_processor.single[1]: a template that has the text twice is not supported)"},
    {"template_unknown",
     R"(FormatError F: post_processor.special_tokens.<s>: the template uses it, but it is not here)"},
    {"truncation", R"(Unsupported F: truncation: a limited or padded text is not supported)"},
    {"version", R"(Unsupported F: version: the version "2.0" is not supported)"},
    {"vocab_array", R"(FormatError F: model.vocab: expected an object, found an array)"},
    {"web_page", R"(FormatError F: near byte 0: invalid JSON)"},
};

fs::path corpus() { return hadal::testing::source_path("hadal/data/tokenizer/testdata/corpus"); }

/// What the reader says of a file.
std::string verdict(const fs::path& file) {
  try {
    parse_tokenizer(read_file(file), "F");
    return "sound";
  } catch (const FormatError& error) {
    return concat("FormatError ", error.what());
  } catch (const Unsupported& error) {
    return concat("Unsupported ", error.what());
  }
}

TEST(TokenizerCorpus, EachRefusedKindHasItsError) {
  for (const auto& [file, expected] : kRefused) {
    const std::string actual = verdict(corpus() / (std::string(file) + ".json"));
    EXPECT_TRUE(actual.starts_with(expected)) << file << ": " << actual;
  }
}

TEST(TokenizerCorpus, IsSoundOrKnownToBeRefused) {
  std::set<std::string> refused;
  for (const auto& [file, expected] : kRefused) refused.insert(file);
  std::size_t sound = 0;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    if (entry.path().extension() != ".json" || refused.contains(entry.path().stem())) continue;
    ++sound;
    EXPECT_EQ(verdict(entry.path()), "sound") << entry.path();
  }
  EXPECT_EQ(sound, 9U);
}

TEST(TokenizerCorpus, ThrowsNothingButErrors) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    const std::string text = read_file(entry.path());
    EXPECT_NO_THROW(exercise_text(text)) << entry.path();
    EXPECT_NO_THROW(exercise_file(text)) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 80U);
}

}  // namespace
}  // namespace hadal::data
