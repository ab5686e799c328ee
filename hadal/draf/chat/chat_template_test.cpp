#include "hadal/draf/chat/chat_template.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/draf/chat/exercise.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using nlohmann::ordered_json;

const std::string kTestdata = std::string(HADAL_SOURCE_DIR) + "/hadal/draf/chat/testdata";

const ordered_json& goldens() {
  static const ordered_json kGoldens = ordered_json::parse(read_file(kTestdata + "/goldens.json"));
  return kGoldens;
}

std::string render(const std::string& source, const ordered_json& more = {}) {
  return ChatTemplate(source, "test").render({.messages = ordered_json::array(), .more = more}, {});
}

/// The text, or which error it is with its message.
std::string outcome(const std::string& source, const ordered_json& more = {}) {
  try {
    return render(source, more);
  } catch (const FormatError& error) {
    return concat("broken: ", error.what());
  } catch (const Unsupported& error) {
    return concat("unsupported: ", error.what());
  } catch (const InvalidArgument& error) {
    return concat("refused: ", error.what());
  }
}

void expect_outcome(const std::string& found, std::string_view part) {
  EXPECT_NE(found.find(part), std::string::npos) << found.substr(0, 300);
}

class ChatTemplateGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(ChatTemplateGolden, RendersAsThePythonPackage) {
  const ordered_json& cases = goldens()["groups"][GetParam()];
  ASSERT_GT(cases.size(), 15U);
  for (const auto& one : cases) {
    const auto source = one["template"].get<std::string>();
    const std::string found = outcome(source, goldens()["variables"]);
    if (one.contains("text")) {
      EXPECT_EQ(found, one["text"].get<std::string>()) << source;
    } else if (one.contains("broken")) {
      EXPECT_TRUE(found.starts_with("broken: ")) << source << " gives " << found;
    } else {
      EXPECT_TRUE(found.starts_with("refused: ")) << source << " gives " << found;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, ChatTemplateGolden,
                         ::testing::Values("syntax", "statements", "filters", "methods", "tests",
                                           "broken", "refused"),
                         [](const auto& group) { return std::string(group.param); });

TEST(ChatTemplate, PassesTheConversationAndTheSpecialTokens) {
  const ChatTemplate chat(
      "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
      "{{ tools }}{{ documents }}{{ mode }}{% if add_generation_prompt %}<assistant>{% endif %}",
      "test");
  const ordered_json messages = {{{"role", "user"}, {"content", "Hi"}}};
  Conversation conversation{.messages = messages, .more = {{"mode", 2}}};
  const ordered_json special = {{"bos_token", "<s>"}};
  EXPECT_EQ(chat.render(conversation, special), "<s><user>HiNoneNone2<assistant>");
  conversation.add_generation_prompt = false;
  conversation.tools = ordered_json::array({1});
  EXPECT_EQ(chat.render(conversation, special), "<s><user>Hi[1]None2");
}

TEST(ChatTemplate, SaysWhereItIsBroken) {
  expect_outcome(outcome("a\n\n{% if %}"), "chat template \"test\", line 3: expected");
  expect_outcome(outcome("a\n{{ 1\n}"), "line 3");
  expect_outcome(outcome("\n{% include 'x' %}"), "line 2: the tag \"include\"");
  EXPECT_TRUE(outcome("{% include 'x' %}").starts_with("unsupported: "));
  EXPECT_TRUE(outcome("{% for x in [] recursive %}{% endfor %}").starts_with("unsupported: "));
  EXPECT_TRUE(outcome("{{ 99999999999999999999 }}").starts_with("unsupported: "));
  EXPECT_TRUE(outcome("a\xFF").starts_with("broken: "));
}

TEST(ChatTemplate, SaysWhereItFails) {
  expect_outcome(outcome("\n{{ x|nofilter }}"), "line 2: No filter named 'nofilter'.");
  expect_outcome(outcome("\n{{ x is notest }}"), "line 2: No test named 'notest'.");
  expect_outcome(outcome("\n\n{{ x.y }}"), "line 3: 'x' is undefined");
  expect_outcome(outcome("{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}\n{{ m() }}"),
                 "line 2: division by zero");
  expect_outcome(outcome("{{ raise_exception('roles must alternate') }}"), "roles must alternate");
}

TEST(ChatTemplate, EndsWhatRunsTooLong) {
  expect_outcome(outcome("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
                         "{% endfor %}"),
                 "4000000 steps");
  expect_outcome(outcome("{% set ns = namespace(x='aaaaaaaaaa') %}{% for a in range(99) %}"
                         "{% set ns.x = ns.x + ns.x %}{% endfor %}"),
                 "256 MiB");
  expect_outcome(outcome("{{ 'a' * 999999999999 }}"), "256 MiB");
  expect_outcome(outcome("{{ 'a'.ljust(999999999999) }}"), "256 MiB");
  expect_outcome(outcome("{{ [1] * 9223372036854775807 }}"), "256 MiB");
}

TEST(ChatTemplate, EndsWhatIsNestedTooDeeply) {
  expect_outcome(outcome("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "too deeply");
  expect_outcome(outcome("{% set ns = namespace(x=[]) %}{% for a in range(999) %}"
                         "{% set ns.x = [ns.x] %}{% endfor %}"),
                 "nested more than 100 deep");
  // A ring: Python stops at its own limit.
  expect_outcome(outcome("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"),
                 "nested too deeply");
  const auto many = [](const std::string& text) {
    std::string all;
    for (int i = 0; i < 20000; ++i) all += text;
    return all;
  };
  const std::pair<const char*, const char*> kPairs[] = {
      {"(", ")"},   {"[", "]"},  {"{1:", "}"}, {"-", ""},
      {"not ", ""}, {"a[", "]"}, {"a(", ")"},  {"a if b else ", ""}};
  for (const auto& [open, close] : kPairs) {
    expect_outcome(outcome("{{ " + many(open) + "1" + many(close) + " }}"),
                   "nested more than 100 deep");
  }
  for (const char* open : {"{% if a %}", "{% for a in b %}", "{% if a %}{% else %}{% if b %}"}) {
    expect_outcome(outcome(many(open)), "nested more than 100 deep");
  }
  for (const char* link : {".a", "[0]", "()", "|trim", " if a"}) {
    expect_outcome(outcome("{{ a" + many(link) + " }}"), "expected fewer");
  }
  EXPECT_EQ(outcome("{{ 0" + many(" + 1") + " }}"), "20000");
  ordered_json deep = 1;
  for (int i = 0; i < 200; ++i) deep = ordered_json::array({deep});
  expect_outcome(outcome("a", {{"deep", deep}}), "nested more than 100 deep");
}

TEST(ChatTemplate, HoldsItsPromisesOnTheFuzzCorpusAndPartsOfIt) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kTestdata + "/corpus")) {
    const std::string bytes = read_file(entry.path());
    EXPECT_EQ(outcome(bytes).find("broken: "), std::string::npos) << entry.path();
    for (std::size_t size = 0; size < bytes.size(); size += 7) {
      exercise_template(std::string_view(bytes).substr(0, size));
      exercise_template(std::string_view(bytes).substr(size));
    }
    ++files;
  }
  EXPECT_EQ(files, 5U);
}

TEST(ChatTemplate, ServesThreadsAtOnce) {
  const ChatTemplate chat("{% for m in messages %}{{ m|upper }}{{ 'a' * 3 }}{% endfor %}", "test");
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 200; ++turn) {
        texts[i] = chat.render({.messages = ordered_json::array({"m" + std::to_string(i)})}, {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i], "M" + std::to_string(i) + "aaa");
  }
}

}  // namespace
}  // namespace hadal::draf
