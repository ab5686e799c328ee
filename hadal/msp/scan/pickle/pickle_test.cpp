#include "hadal/msp/scan/pickle/pickle.h"

#include "hadal/msp/scan/pickle/escapes.h"
#include "hadal/msp/scan/test_support.h"

#include <string>

#include <gtest/gtest.h>

namespace hadal::msp::pickle {
namespace {

using msp::testing::rules_of;
using msp::testing::told;
using namespace std::string_literals;

// Pickles by hand, opcode by opcode.
std::string text(const std::string& value) {
  return "\x8c"s + static_cast<char>(value.size()) + value;
}
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string called(const std::string& callable) { return callable + text("x") + "\x85R"; }

TEST(PickleScan, TellsWhatIsImportedAndCalledAndWhere) {
  EXPECT_EQ(told("\x80\x02"s + called(global("os", "system")) + ".", "a.pkl"),
            "pickle/dangerous-import: byte 2: imports os.system, and calls it at byte 17\n");
  EXPECT_EQ(told("\x80\x04"s + text("my.net") + text("Net") + "\x93.", "a.pkl"),
            "pickle/unknown-import: byte 15: imports my.net.Net\n");
}

TEST(PickleScan, IsSilentOnWhatCheckpointsNeed) {
  EXPECT_EQ(told("\x80\x02"s + global("collections", "OrderedDict") + ")R.", "a.pkl"), "");
  EXPECT_EQ(told("\x80\x02"s + global("torch._utils", "_rebuild_tensor_v2") + "0" +
                     global("torch", "FloatStorage") + "0" + global("__builtin__", "set") + ".",
                 "a.pkl"),
            "");
}

TEST(PickleScan, KnowsTheClassesThatOldCheckpointsReferTo) {
  const auto built = [](const std::string& module, const std::string& name) {
    return "\x80\x02("s + text("module") + global(module, name) + "NNtQ)\x81.";
  };
  EXPECT_EQ(told(built("torch.nn.modules.linear", "Linear"), "a.pkl"), "");
  EXPECT_EQ(rules_of(built("os", "system"), "a.pkl"), "pickle/dangerous-import");
}

TEST(PickleScan, SeesTheNamesThatEscapesAndTheMemoHide) {
  const std::string hidden = "pickle/dangerous-import";
  EXPECT_EQ(rules_of("V\\u006fs\nS'\\x73ystem'\n\x93.", "a.pkl"), hidden);
  EXPECT_EQ(rules_of("\x80\x04"s + text("os") + "\x94" + text("system") + "\x94" + "00h\0h\1\x93."s,
                     "a.pkl"),
            hidden);
  EXPECT_EQ(rules_of("\x80\x04"s + text("torch") + text("os.system") + "\x93.", "a.pkl"), hidden);
  EXPECT_EQ(rules_of("Vos\np70000\n0g70000\nVsystem\n\x93.", "a.pkl"), hidden);
}

TEST(PickleScan, RefusesNamesAndCallsThatAreComputed) {
  EXPECT_EQ(rules_of("\x80\x04"s + text("os") + "N\x93.", "a.pkl"), "pickle/computed-import");
  EXPECT_EQ(rules_of("\x80\x02"s + called(called(global("builtins", "str"))) + ".", "a.pkl"),
            "pickle/computed-call");
  EXPECT_EQ(rules_of("\x80\x02\x82\x01.", "a.pkl"), "pickle/extension-code");
}

TEST(PickleScan, SeesEveryOpcodeThatCalls) {
  const std::string popen = global("subprocess", "Popen");
  for (const std::string& pickle :
       {"(Vx\nisubprocess\nPopen\n."s, "\x80\x02(" + popen + text("x") + "o.",
        "\x80\x02" + popen + text("x") + "\x85\x81.",
        "\x80\x04" + popen + text("x") + "\x85}\x92."}) {
    const std::string found = told(pickle, "a.pkl");
    EXPECT_NE(found.find("imports subprocess.Popen, and calls it"), found.npos) << found;
  }
}

TEST(PickleScan, TellsWhatRanBeforeAPickleBreaks) {
  const std::string call = "\x80\x02"s + called(global("os", "system"));
  for (const std::string& rest : {""s, "\xff"s, "000."s, "h\x09."s, "X\xff\xff\xff\x7f"s}) {
    EXPECT_EQ(rules_of(call + rest, "a.pkl"), "pickle/malformed pickle/dangerous-import");
  }
}

TEST(PickleScan, LooksIntoBytesThatArePickles) {
  const std::string inner = "\x80\x02"s + called(global("os", "system")) + ".";
  const std::string bytes = "C"s + static_cast<char>(inner.size()) + inner;
  EXPECT_EQ(told("\x80\x03"s + bytes + ".", "a.pkl"),
            "pickle/dangerous-import: byte 2: imports os.system, and calls it at byte 17\n");
  // Without a mark, but unpickled by what PyTorch calls.
  const std::string old = called(global("os", "system")) + ".";
  EXPECT_EQ(rules_of("\x80\x03"s + global("torch.storage", "_load_from_bytes") + "C" +
                         static_cast<char>(old.size()) + old + "\x85R.",
                     "a.pkl"),
            "pickle/dangerous-import");
  EXPECT_EQ(
      rules_of("\x80\x03"s + global("torch.storage", "_load_from_bytes") + "N\x85R.", "a.pkl"),
      "pickle/computed-call");
}

TEST(PickleScan, ReadsWhatFollowsTheFirst) {
  const std::string clean = "\x80\x02N.", bad = "\x80\x02"s + global("os", "system") + ".";
  EXPECT_EQ(rules_of(clean + bad, "a.pkl"), "pickle/dangerous-import");
  EXPECT_EQ(rules_of(clean + "abc", "a.pkl"), "pickle/trailing-bytes");
}

TEST(PickleScan, TakesBoundedTimeAndMemory) {
  // More marks, more kept objects and more imports than any model has.
  EXPECT_EQ(rules_of(std::string(1 << 22, '('), "a.pkl"), "pickle/malformed");
  std::string imports = "\x80\x02";
  for (int i = 0; i < 5000; ++i) imports += global("m" + std::to_string(i), "x") + "0";
  EXPECT_EQ(msp::testing::findings_of(imports + "N.", "a.pkl").size(), Findings::kMost);
}

TEST(PickleEscapes, AreThoseOfPython) {
  EXPECT_EQ(unescape_string(R"('a\'\x62\143\n\q')"), "a'bc\n\\q");
  EXPECT_EQ(unescape_unicode(R"(\u006f\U00000073\x)"), "os\\x");
  EXPECT_EQ(as_latin1("a\xc3\xbf"), "a\xff");
  EXPECT_EQ(as_latin1("\xe2\x82\xac"), std::nullopt);
}

}  // namespace
}  // namespace hadal::msp::pickle
