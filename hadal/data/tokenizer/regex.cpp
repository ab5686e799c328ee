#include "hadal/data/tokenizer/regex.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/json_node.h"
#include "hadal/data/tokenizer/regex_syntax.h"

#include <optional>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace hadal::data {
namespace {

/// Bounds on one match. No pattern in use comes near them: they stop those that backtrack without
/// end, whether by accident or by design.
constexpr std::uint32_t kMaxSteps = 10'000'000;
constexpr std::uint32_t kMaxHeapKibibytes = 64 * 1024;
constexpr std::size_t kMaxPatternBytes = 16 * 1024;
constexpr std::uint32_t kMaxNesting = 50;

struct Deleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

std::string pcre2_message(int code) {
  PCRE2_UCHAR text[128];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

/// What a thread needs to match.
struct Matcher {
  Owned<pcre2_match_data> data{pcre2_match_data_create(1, nullptr)};
  Owned<pcre2_jit_stack> stack{pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr)};
  Owned<pcre2_match_context> context{pcre2_match_context_create(nullptr)};

  Matcher() {
    if (!data || !stack || !context) throw std::bad_alloc();
    pcre2_set_match_limit(context.get(), kMaxSteps);
    pcre2_set_depth_limit(context.get(), kMaxSteps);
    pcre2_set_heap_limit(context.get(), kMaxHeapKibibytes);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

}  // namespace

struct Regex::Compiled {
  std::string pattern;
  Owned<pcre2_code> code;

  Compiled(std::string_view shown, const std::string& pcre2_pattern, std::uint32_t options);
  /// The first match that begins at `from` or later.
  std::optional<Span> find(std::string_view text, std::size_t from) const;
};

Regex::Compiled::Compiled(std::string_view shown, const std::string& pcre2_pattern,
                          std::uint32_t options)
    : pattern(shown) {
  const Owned<pcre2_compile_context> context{pcre2_compile_context_create(nullptr)};
  if (!context) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kMaxNesting);
  pcre2_set_max_pattern_length(context.get(), 4 * kMaxPatternBytes);
  int error = 0;
  std::size_t place = 0;
  code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pcre2_pattern.data()), pcre2_pattern.size(),
                           options, &error, &place, context.get()));
  if (!code) {
    throw Unsupported(
        concat("cannot run the regular expression ", quote(pattern), ": ", pcre2_message(error)));
  }
  // Where there is no compiler for this machine, PCRE2 interprets, with the same result.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
}

std::optional<Span> Regex::Compiled::find(std::string_view text, std::size_t from) const {
  thread_local const Matcher matcher;
  const int result =
      pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                  PCRE2_NO_UTF_CHECK, matcher.data.get(), matcher.context.get());
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw InvalidArgument(
        concat("the regular expression ", quote(pattern), " fails on a text of ", text.size(),
               " bytes, at byte ", from, ": ", pcre2_message(result)),
        "the pattern backtracks without end on such text; cut the text shorter");
  }
  const std::size_t* range = pcre2_get_ovector_pointer(matcher.data.get());
  return Span{range[0], range[1], true};
}

Regex::Regex(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    throw Unsupported(concat("cannot run the regular expression ", quote(pattern), ": it has ",
                             pattern.size(), " bytes, more than ", kMaxPatternBytes));
  }
  compiled_ = std::make_shared<const Compiled>(pattern, to_pcre2_syntax(pattern),
                                               PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE);
}

Regex Regex::literal(std::string_view text) {
  return Regex(
      std::make_shared<const Compiled>(text, std::string(text), PCRE2_UTF | PCRE2_LITERAL));
}

std::vector<Span> Regex::cut(std::string_view text) const {
  if (text.empty()) return {{0, 0, false}};
  std::vector<Span> spans;
  std::size_t from = 0;
  std::size_t end_of_last = 0;
  while (from <= text.size()) {
    const auto found = compiled_->find(text, from);
    if (!found) break;
    if (found->begin == found->end && !spans.empty() && found->end == end_of_last) {
      from += from < text.size() ? utf8_length(text[from]) : 1;
      continue;
    }
    if (found->begin > end_of_last) spans.push_back({end_of_last, found->begin, false});
    spans.push_back(*found);
    end_of_last = from = found->end;
  }
  if (end_of_last < text.size()) spans.push_back({end_of_last, text.size(), false});
  return spans;
}

}  // namespace hadal::data
