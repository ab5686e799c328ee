#include "hadal/core/safetensors/header_json.h"

#include "hadal/core/error.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"

#include <iterator>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace hadal::safetensors {
namespace {

/// Reads characters and leaves word of how far it came, so that errors in what the JSON says, and
/// not only in its syntax, can name the place.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** reached;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    *reached = ++at;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at == other.at; }
};

/// Takes the events of nlohmann's parser. That parser checks the grammar, so what a value has to be
/// follows from the last key or bracket alone. Every value that is out of place is refused at once,
/// which bounds the nesting, too.
class HeaderEvents {
 public:
  HeaderEvents(std::string_view text, std::size_t first_byte, const std::string& source)
      : begin_(text.data()), reached_(text.data()), first_byte_(first_byte), source_(source) {}

  const char** reached() { return &reached_; }
  RawHeader take() { return std::move(header_); }

  bool null() { refuse("null"); }
  bool boolean(bool) { refuse("a boolean"); }
  bool number_integer(std::int64_t) { refuse("a negative number"); }
  bool number_float(double, const std::string& text) { refuse("the number " + text.substr(0, 40)); }
  bool binary(const nlohmann::json::binary_t&) { refuse("binary data"); }
  bool number_unsigned(std::uint64_t value);
  bool string(const std::string& value);
  bool start_object(std::size_t);
  bool key(std::string& name);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool parse_error(std::size_t position, const std::string&, const std::exception& error);

 private:
  enum class Inside { nothing, header, metadata, tensor };
  enum class Expect { header, metadata, text, tensor, dtype, shape, size, offsets, offset };

  [[noreturn]] void fail(std::size_t byte, const std::string& what) const {
    throw FormatError(concat(source_, ": near byte ", first_byte_ + byte, ": ", what));
  }
  [[noreturn]] void fail(const std::string& what) const {
    fail(static_cast<std::size_t>(reached_ - begin_), what);
  }
  [[noreturn]] void refuse(const std::string& found) const;
  std::string expected() const;
  void field(const std::string& name);

  const char* begin_;
  const char* reached_;
  std::size_t first_byte_;
  const std::string& source_;
  RawHeader header_;
  Inside inside_ = Inside::nothing;
  Expect expect_ = Expect::header;
  std::string name_;
  RawEntry* entry_ = nullptr;
  bool has_shape_ = false;
};

std::string HeaderEvents::expected() const {
  const std::string of_tensor = " of tensor " + quote(name_);
  switch (expect_) {
    case Expect::header:
      return "an object";
    case Expect::metadata:
      return "an object of strings for __metadata__";
    case Expect::text:
      return "a string for " + quote(name_) + " of __metadata__";
    case Expect::tensor:
      return "an object for tensor " + quote(name_);
    case Expect::dtype:
      return "a string for dtype" + of_tensor;
    case Expect::shape:
      return "an array for shape" + of_tensor;
    case Expect::size:
      return "an integer from 0 to 2^63 - 1 in shape" + of_tensor;
    case Expect::offsets:
    case Expect::offset:
      break;
  }
  return "an array of two integers from 0 to 2^64 - 1 for data_offsets" + of_tensor;
}

void HeaderEvents::refuse(const std::string& found) const {
  fail(concat("expected ", expected(), ", found ", found));
}

bool HeaderEvents::number_unsigned(std::uint64_t value) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (expect_ == Expect::size && value <= kLargest) {
    entry_->shape.push_back(static_cast<std::int64_t>(value));
  } else if (expect_ == Expect::offset && entry_->data_offsets.size() < 2) {
    entry_->data_offsets.push_back(value);
  } else {
    refuse(concat("the number ", value));
  }
  return true;
}

bool HeaderEvents::string(const std::string& value) {
  if (expect_ == Expect::text) {
    header_.metadata.emplace(name_, value);
    return true;
  }
  if (expect_ != Expect::dtype) refuse("the string " + quote(value));
  entry_->dtype = find_safetensors_dtype(std::string_view(value));
  if (entry_->dtype == nullptr) {
    fail(concat("tensor ", quote(name_), " has the unknown dtype ", quote(value)));
  }
  return true;
}

bool HeaderEvents::start_object(std::size_t) {
  switch (expect_) {
    case Expect::header:
      inside_ = Inside::header;
      return true;
    case Expect::metadata:
      inside_ = Inside::metadata;
      return true;
    case Expect::tensor:
      inside_ = Inside::tensor;
      return true;
    default:
      refuse("an object");
  }
}

bool HeaderEvents::key(std::string& name) {
  if (inside_ == Inside::tensor) {
    field(name);
    return true;
  }
  name_ = std::move(name);
  if (inside_ == Inside::metadata) {
    if (header_.metadata.contains(name_)) fail("__metadata__ has " + quote(name_) + " twice");
    expect_ = Expect::text;
  } else {
    // Kept among the tensors until the end, so that a second one is noticed.
    const auto [place, is_new] = header_.tensors.try_emplace(name_);
    if (!is_new) fail("the header has " + quote(name_) + " twice");
    entry_ = &place->second;
    has_shape_ = false;
    expect_ = name_ == "__metadata__" ? Expect::metadata : Expect::tensor;
  }
  return true;
}

void HeaderEvents::field(const std::string& name) {
  bool is_new = true;
  if (name == "dtype") {
    is_new = entry_->dtype == nullptr;
    expect_ = Expect::dtype;
  } else if (name == "shape") {
    is_new = !std::exchange(has_shape_, true);
    expect_ = Expect::shape;
  } else if (name == "data_offsets") {
    is_new = entry_->data_offsets.empty();
    expect_ = Expect::offsets;
  } else {
    fail(concat("tensor ", quote(name_), " has the unknown field ", quote(name)));
  }
  if (!is_new) fail(concat("tensor ", quote(name_), " has ", name, " twice"));
}

bool HeaderEvents::end_object() {
  if (inside_ == Inside::tensor) {
    const char* missing = entry_->dtype == nullptr       ? "dtype"
                          : !has_shape_                  ? "shape"
                          : entry_->data_offsets.empty() ? "data_offsets"
                                                         : nullptr;
    if (missing) fail(concat("tensor ", quote(name_), " has no ", missing));
  }
  if (inside_ == Inside::header) header_.tensors.erase("__metadata__");
  inside_ = inside_ == Inside::header ? Inside::nothing : Inside::header;
  return true;
}

bool HeaderEvents::start_array(std::size_t) {
  if (expect_ != Expect::shape && expect_ != Expect::offsets) refuse("an array");
  expect_ = expect_ == Expect::shape ? Expect::size : Expect::offset;
  return true;
}

bool HeaderEvents::end_array() {
  if (expect_ == Expect::offset && entry_->data_offsets.size() != 2) {
    refuse(concat("an array of ", entry_->data_offsets.size()));
  }
  return true;
}

bool HeaderEvents::parse_error(std::size_t position, const std::string&,
                               const std::exception& error) {
  // nlohmann counts the characters read, the offending one among them.
  fail(position > 0 ? position - 1 : 0, "invalid JSON: " + json_error_reason(error));
}

}  // namespace

RawHeader parse_header_json(std::string_view text, std::size_t first_byte,
                            const std::string& source) {
  HeaderEvents events(text, first_byte, source);
  nlohmann::json::sax_parse(Cursor{text.data(), events.reached()},
                            Cursor{text.data() + text.size(), events.reached()}, &events);
  return events.take();
}

}  // namespace hadal::safetensors
