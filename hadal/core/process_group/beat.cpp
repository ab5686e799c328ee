#include "hadal/core/process_group/beat.h"

#include "hadal/core/error.h"

#include <charconv>

namespace hadal {
namespace {

template <class Number>
std::string joined(const std::vector<Number>& numbers) {
  std::string text;
  for (const Number number : numbers) text += concat(text.empty() ? "" : ",", number);
  return text;
}

template <class Number>
Number number_of(std::string_view field, std::string_view line) {
  Number value{};
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || value < Number{}) {
    throw FormatError(concat("\"", line, "\" is no beat: expected a number, got \"", field, "\""));
  }
  return value;
}

/// Cuts `rest` after the next `separator` and returns what was before it.
std::string_view next(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view field = rest.substr(0, at);
  rest = at == rest.npos ? std::string_view() : rest.substr(at + 1);
  return field;
}

template <class Number>
std::vector<Number> numbers_of(std::string_view field, std::string_view line) {
  std::vector<Number> numbers;
  while (!field.empty()) numbers.push_back(number_of<Number>(next(field, ','), line));
  return numbers;
}

}  // namespace

std::string beat_key(int rank) { return concat("beat/", rank); }

std::string to_text(const Beat& beat) {
  return concat(static_cast<char>(beat.state), ' ', beat.uptime.count(), ' ', joined(beat.finished),
                ' ', joined(beat.blamed), ' ', beat.text);
}

Beat parse_beat(std::string_view line) {
  std::string_view rest = line;
  Beat beat;
  const std::string_view state = next(rest, ' ');
  if (state != "r" && state != "l" && state != "f") {
    throw FormatError(concat("\"", line, "\" is no beat: expected r, l or f first"));
  }
  beat.state = static_cast<Beat::State>(state.front());
  beat.uptime = std::chrono::milliseconds(number_of<std::int64_t>(next(rest, ' '), line));
  beat.finished = numbers_of<std::uint64_t>(next(rest, ' '), line);
  beat.blamed = numbers_of<int>(next(rest, ' '), line);
  beat.text = rest;
  return beat;
}

}  // namespace hadal
