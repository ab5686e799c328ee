#include "hadal/core/file.h"
#include "hadal/data/tokenizer/decoder.h"
#include "hadal/data/tokenizer/normalizer.h"
#include "hadal/data/tokenizer/pattern.h"
#include "hadal/data/tokenizer/pre_tokenizer.h"
#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/testing/paths.h"

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// Equality with the Python package; testdata/make_golden.py makes the files.
namespace hadal::data {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

std::filesystem::path testdata(const std::string& name) {
  return hadal::testing::source_path("hadal/data/tokenizer/testdata/" + name);
}

json golden(const std::string& name) { return json::parse(read_file(testdata(name))); }

class TokenizerGolden : public ::testing::TestWithParam<const char*> {
 protected:
  const std::string name_ = GetParam();
  const std::unique_ptr<Tokenizer> tokenizer_ = load_tokenizer(testdata(name_ + ".tokenizer.json"));
  const json cases_ = golden(name_ + ".golden.json");
};

TEST_P(TokenizerGolden, EncodesAsTheReference) {
  ASSERT_GT(cases_.size(), 60U);
  for (const json& item : cases_) {
    const auto text = item["text"].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text, false), item["ids"].get<Ids>()) << text;
    EXPECT_EQ(tokenizer_->encode(text), item["whole"].get<Ids>()) << text;
  }
}

TEST_P(TokenizerGolden, DecodesAsTheReference) {
  for (const json& item : cases_) {
    const Ids ids = item["whole"].get<Ids>();
    EXPECT_EQ(tokenizer_->decode(ids), item["decoded"].get<std::string>()) << item["text"];
    EXPECT_EQ(tokenizer_->decode(ids, false), item["with_special"].get<std::string>())
        << item["text"];
    const std::size_t begin = ids.size() / 3;
    const std::size_t end = 2 * ids.size() / 3;
    EXPECT_EQ(tokenizer_->decode(std::span(ids).subspan(begin, end - begin)),
              item["half"].get<std::string>())
        << item["text"];
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TokenizerGolden,
                         ::testing::Values("gpt2", "llama3", "qwen2", "sentencepiece", "metaspace",
                                           "flags"),
                         [](const auto& info) { return std::string(info.param); });

class TokenizerComponents : public ::testing::Test {
 protected:
  const json file_ = golden("components.json");
  const Strings texts_ = file_["texts"].get<Strings>();
};

TEST_F(TokenizerComponents, NormalizeAsTheReference) {
  for (const json& item : file_["normalizers"]) {
    const Normalizer normalizer = read_normalizer({item["normalizer"], "normalizer"});
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      EXPECT_EQ(normalizer(texts_[i], max_expansion(texts_[i].size())),
                item["texts"][i].get<std::string>())
          << item["normalizer"] << " " << texts_[i];
    }
  }
}

TEST_F(TokenizerComponents, CutAsTheReference) {
  for (const json& item : file_["pre_tokenizers"]) {
    const auto steps = read_pre_tokenizer({item["pre_tokenizer"], "pre_tokenizer"}, true);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      Strings pieces{texts_[i]};
      for (const PreTokenizer& step : steps) step(pieces, true);
      EXPECT_EQ(pieces, item["pieces"][i].get<Strings>())
          << item["pre_tokenizer"] << " " << texts_[i];
    }
  }
}

TEST_F(TokenizerComponents, DecodeAsTheReference) {
  for (const json& item : file_["decoders"]) {
    const Decoder decoder = read_decoder({item["decoder"], "decoder"});
    for (std::size_t i = 0; i < file_["tokens"].size(); ++i) {
      auto tokens = file_["tokens"][i].get<Strings>();
      decoder(tokens, 1000);
      std::string text;
      for (const std::string& token : tokens) text += token;
      EXPECT_EQ(text, item["texts"][i].get<std::string>())
          << item["decoder"] << " " << file_["tokens"][i];
    }
  }
}

TEST(TokenizerRealData, EncodesThePromptOfATrainedModel) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto tokenizer = load_tokenizer(folder);
  const json expected = json::parse(read_file(folder / "golden.json"));
  const auto prompt = expected["prompt"].get<std::string>();
  const Ids ids = expected["prompt_ids"].get<Ids>();
  EXPECT_EQ(tokenizer->encode(prompt), ids);
  EXPECT_EQ(tokenizer->decode(ids), prompt);
  EXPECT_EQ(tokenizer->vocabulary_size(), 512);
}

}  // namespace
}  // namespace hadal::data
