#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

/// The inside of ChatTemplate: an interpreter of a part of Jinja2, which behaves as the Python
/// package does (https://jinja.palletsprojects.com, version 3.1).
namespace hadal::draf::jinja {

/// Why a template fails on a conversation: thrown inside, where the line is not at hand.
struct Failure {
  std::string text;
};

/// Containers within containers; deeper would let a template overflow the stack.
inline constexpr int kMostDepth = 100;

/// A name or member that is not there. `why` is the error of those uses that do not allow it.
struct Undefined {
  std::shared_ptr<const std::string> why;
};

struct None {};

/// UTF-8. `markup` says that it is escaped, as the filters `escape` and `safe` do.
struct Text {
  std::string text;
  bool markup = false;
};

/// The functions that a template finds.
enum class Function { cycler, dict, joiner, make_namespace, raise_exception, range, strftime_now };

struct List;
struct Dict;
struct Namespace;
struct Macro;
struct Loop;
struct Method;
struct Cycler;

/// Any value. Containers never change once made, but for namespaces, which `set` changes; those and
/// macros belong to the render, since they can refer to each other.
struct Value {
  using Data =
      std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const Text>,
                   std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*,
                   const Macro*, std::shared_ptr<Loop>, std::shared_ptr<const Method>, Cycler*,
                   Function>;
  Data data;

  template <class Type>
  bool is() const {
    return std::holds_alternative<Type>(data);
  }
  bool is_none() const { return is<None>(); }
  bool is_undefined() const { return is<Undefined>(); }
  const Text* text() const { return pointer<std::shared_ptr<const Text>>(); }
  const List* list() const { return pointer<std::shared_ptr<const List>>(); }
  const Dict* dict() const { return pointer<std::shared_ptr<const Dict>>(); }
  Loop* loop() const { return pointer<std::shared_ptr<Loop>>(); }
  const Method* method() const { return pointer<std::shared_ptr<const Method>>(); }
  Namespace* space() const { return pointer<Namespace*>(); }
  const Macro* macro() const { return pointer<const Macro*>(); }
  Cycler* cycler() const { return pointer<Cycler*>(); }

 private:
  template <class Pointer>
  auto pointer() const -> decltype(&**std::get_if<Pointer>(&data)) {
    const Pointer* found = std::get_if<Pointer>(&data);
    return found ? &**found : nullptr;
  }
};

using Values = std::vector<Value>;
using Named = std::vector<std::pair<std::string, Value>>;

/// What a sequence is to Python. A generator has no length, no items by index, and runs once.
enum class Sequence { list, tuple, range, generator, keys, values, items };

struct List {
  Values items;
  Sequence kind = Sequence::list;
  int depth = 1;
  mutable bool used = false;  ///< of a generator
};

/// Keys in the order in which they came. Keys that Python calls equal (1, 1.0, True) are one.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  std::unordered_map<std::string, std::size_t> index;
  int depth = 1;

  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
  /// Throws Failure for a key that cannot be hashed.
  void set(const Value& key, Value value);
};

struct Namespace {
  Dict attributes;
};

/// What `loop` is inside of a `for`.
struct Loop {
  std::shared_ptr<const List> items;
  std::size_t index = 0;
};

/// A method of a value that is not called yet, `message.items`.
struct Method {
  Value self;
  std::string name;
};

/// `cycler('odd', 'even')` and, with the one item and `joiner`, `joiner(', ')`.
struct Cycler {
  Values items;
  std::size_t next = 0;
  bool joiner = false;
};

int depth_of(const Value& value);
Value make_text(std::string text, bool markup = false);
/// Throws Failure where it is nested too deeply.
Value make_list(Values items, Sequence kind = Sequence::list);
Value make_dict(Dict dict);
Value make_undefined(std::string why);

/// Throws Failure for text that is not UTF-8, a number beyond 64 bits, and too deep a nesting.
Value from_json(const nlohmann::ordered_json& json, int depth = 0);

/// Python's name of the type: "str", "dict".
std::string_view type_name(const Value& value);

/// What Python's `if` makes of it.
bool is_true(const Value& value);
/// The number, where the value is one. A boolean is 0 or 1.
std::optional<std::int64_t> as_integer(const Value& value);
std::optional<double> as_number(const Value& value);

}  // namespace hadal::draf::jinja
