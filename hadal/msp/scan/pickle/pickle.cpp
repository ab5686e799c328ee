#include "hadal/msp/scan/pickle/pickle.h"

#include "hadal/core/error.h"
#include "hadal/msp/scan/pickle/escapes.h"
#include "hadal/msp/scan/pickle/opcode.h"
#include "hadal/msp/scan/pickle/reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hadal::msp::pickle {
namespace {

/// 0x1950a86a20f9469cfc6c as an opcode has it.
constexpr std::string_view kTorchMagic("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12);
constexpr std::size_t kMostPayloads = 4096;
constexpr std::size_t kMostStorages = 100'000;

bool looks_like_file(std::string_view text) {
  return looks_like_pickle(std::as_bytes(std::span(text))) || text.starts_with("PK\x03\x04");
}

std::uint64_t parse_index(std::string_view line) {
  std::uint64_t value = 0;
  for (const char c : line) {
    if (c == ' ' || c == '\r' || c == '\t') continue;  // as Python's int() does
    if (c < '0' || c > '9' || value > (std::uint64_t{1} << 58)) {
      throw Malformed{"a place in the memo is no number"};
    }
    value = 10 * value + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

class Scan {
 public:
  Scan(std::span<const std::byte> bytes, std::size_t begin, const Context& context,
       const Place& place, Findings& findings, Machine& machine)
      : begin_(begin),
        reader_(bytes.subspan(begin)),
        machine_(machine),
        imports_(context, place, findings),
        place_(place),
        findings_(findings) {}

  Result run() {
    try {
      while (step()) {
      }
      result_.is_whole = true;
    } catch (const Malformed& error) {
      findings_.add(rules::kMalformedPickle, place_, at(), concat("byte ", at(), ": ", error.what));
    }
    imports_.report();
    result_.end = begin_ + reader_.at();
    result_.is_torch_magic = result_.is_whole && is_magic_;
    return std::move(result_);
  }

 private:
  std::size_t at() const { return begin_ + opcode_at_; }

  /// Runs an opcode, and returns whether more may follow.
  bool step() {
    opcode_at_ = reader_.at();
    const Opcode& opcode = opcode_of(reader_.byte());
    const Read read = read_argument(reader_, opcode.argument);
    if (opcode.effect == Effect::stop) {
      machine_.pop();
      return false;
    }
    if (opcode.code == '\x8a') is_magic_ = is_magic_ || read.text == kTorchMagic.substr(2);
    if (opcode.effect == Effect::unknown) throw Malformed{"there is no such opcode"};
    if (opcode.effect >= Effect::import) {
      import_or_call(opcode, read);
    } else if (opcode.effect >= Effect::protocol) {
      shuffle(opcode, read);
    } else {
      make(opcode, read);
    }
    return true;
  }

  void pop(int count) {
    for (int i = 0; i < count; ++i) machine_.pop();
  }

  /// Makes or changes a plain object.
  void make(const Opcode& opcode, const Read& read) {
    switch (opcode.effect) {
      case Effect::push:
        pop(opcode.pops);
        return machine_.push({});
      case Effect::change:
        pop(opcode.pops);
        machine_.top();
        return;
      case Effect::push_of_mark:
        machine_.drop_to_mark();
        return machine_.push({});
      case Effect::change_by_mark:
        machine_.drop_to_mark();
        machine_.top();
        return;
      case Effect::persistent: {
        const Value name = machine_.pop();
        const bool is_class = name.kind == Kind::class_reference;
        return machine_.push(is_class ? Value{.kind = Kind::global, .global = name.global}
                                      : Value());
      }
      case Effect::tuple:
        return push_tuple(opcode.pops);
      case Effect::tuple_of_mark:
        return push_tuple(machine_.pop_to_mark());
      case Effect::text:
        return machine_.push({.kind = Kind::text, .text = read.text});
      case Effect::escaped_unicode:
        return machine_.push(
            {.kind = Kind::text, .text = machine_.own(unescape_unicode(read.text))});
      case Effect::bytes:
        return push_bytes(Kind::bytes, read.text);
      case Effect::escaped_string:
        return push_bytes(Kind::text, machine_.own(unescape_string(read.text)));
      default:
        return push_bytes(Kind::text, read.text);
    }
  }

  void push_bytes(Kind kind, std::string_view bytes) {
    if (looks_like_file(bytes)) note_payload(bytes, false);
    machine_.push({.kind = kind, .text = bytes});
  }

  /// As PyTorch names a storage: the word, a class, a key, a device and a number of elements.
  void note_storage(const std::vector<Value>& items) {
    const bool is_storage = items.size() == 5 && items[0].text == "storage" &&
                            items[1].kind == Kind::global && items[2].kind == Kind::text;
    if (!is_storage || result_.storages.size() == kMostStorages) return;
    result_.storages.push_back({imports_.name_of(items[1]), std::string(items[2].text)});
  }

  void push_tuple(const std::vector<Value>& items) {
    note_storage(items);
    const auto first = std::ranges::find_if(
        items, [](const Value& v) { return v.kind == Kind::bytes || v.kind == Kind::text; });
    const bool is_reference = items.size() == 4 && items[0].text == "module" &&
                              items[0].kind == Kind::text && items[1].kind == Kind::global;
    machine_.push({.kind = is_reference ? Kind::class_reference : Kind::tuple,
                   .text = first == items.end() ? std::string_view() : first->text,
                   .global = is_reference ? items[1].global : 0});
  }

  void push_tuple(int count) {
    std::vector<Value> items;
    for (int i = 0; i < count; ++i) items.insert(items.begin(), machine_.pop());
    push_tuple(items);
  }

  /// The stream, the stack and the memo.
  void shuffle(const Opcode& opcode, const Read& read) {
    switch (opcode.effect) {
      case Effect::protocol:
        if (read.number > 5) throw Malformed{"the protocol is later than 5"};
        return;
      case Effect::frame:
        if (read.number > reader_.size() - reader_.at()) throw Malformed{"a frame is cut"};
        return;
      case Effect::mark:
        return machine_.push({.kind = Kind::mark});
      case Effect::drop:
        return pop(opcode.pops);
      case Effect::drop_to_mark:
        return machine_.drop_to_mark();
      case Effect::duplicate:
        return machine_.push(Value(machine_.top()));
      case Effect::put_line:
        return machine_.memoize(parse_index(read.text));
      case Effect::put:
        return machine_.memoize(read.number);
      case Effect::put_next:
        return machine_.memoize_next();
      case Effect::get_line:
        return machine_.push_memo(parse_index(read.text));
      default:
        return machine_.push_memo(read.number);
    }
  }

  void call(const Value& callable, std::string_view first_text) {
    const Imports::Callee callee = imports_.call(callable, at());
    if (callee == Imports::Callee::encodes) {
      if (auto bytes = as_latin1(first_text)) {
        return push_bytes(Kind::bytes, machine_.own(std::move(*bytes)));
      }
    } else if (callee == Imports::Callee::unpickles && !first_text.empty()) {
      note_payload(first_text, true);
    } else if (callee == Imports::Callee::unpickles) {
      findings_.add(rules::kComputedCall, place_, at(),
                    concat("byte ", at(), ": unpickles bytes that are computed"));
    }
    machine_.push({});
  }

  void import_or_call(const Opcode& opcode, const Read& read) {
    switch (opcode.effect) {
      case Effect::import:
        return machine_.push(imports_.add(read.text, read.second, at()));
      case Effect::import_from_stack: {
        const Value name = machine_.pop(), module = machine_.pop();
        return machine_.push(imports_.add(module, name, at()));
      }
      case Effect::extension:
        imports_.extension(at());
        return machine_.push({});
      case Effect::call_of_lines:
        machine_.drop_to_mark();
        return call(imports_.add(read.text, read.second, at()), {});
      case Effect::call_of_mark: {
        const std::vector<Value> items = machine_.pop_to_mark();
        if (items.empty()) throw Malformed{"a call has nothing to call"};
        return call(items.front(), {});
      }
      case Effect::build:
        pop(opcode.pops);
        machine_.top();
        return;
      default: {
        if (opcode.effect == Effect::call_with_names) machine_.pop();
        const Value arguments = machine_.pop();
        return call(machine_.pop(), arguments.text);
      }
    }
  }

  void note_payload(std::string_view text, bool is_unpickled) {
    auto& payloads = result_.payloads;
    if (payloads.size() < kMostPayloads) {
      payloads.push_back({std::as_bytes(std::span(text)), at(), is_unpickled});
    } else if (!std::exchange(told_many_payloads_, true)) {
      findings_.add(rules::kUnreadable, place_, at(),
                    "a pickle holds more files than are looked into");
    }
  }

  std::size_t begin_;
  Reader reader_;
  Machine& machine_;
  Imports imports_;
  const Place& place_;
  Findings& findings_;
  std::size_t opcode_at_ = 0;
  bool is_magic_ = false;
  bool told_many_payloads_ = false;
  Result result_;
};

}  // namespace

Result scan_pickle(std::span<const std::byte> bytes, std::size_t begin, const Context& context,
                   const Place& place, Findings& findings, Machine& machine) {
  return Scan(bytes, begin, context, place, findings, machine).run();
}

bool looks_like_pickle(std::span<const std::byte> bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{1} &&
         bytes[1] <= std::byte{5};
}

}  // namespace hadal::msp::pickle
