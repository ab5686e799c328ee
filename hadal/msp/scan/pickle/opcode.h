#pragma once

#include <cstdint>

namespace hadal::msp::pickle {

enum class Argument : std::uint8_t {
  none,
  one,  ///< bytes of a number, as are two, four and eight
  two,
  four,
  eight,
  line,
  two_lines,
  counted_one,  ///< a text after its length in one byte, and so on
  counted_four,
  counted_eight,
};

enum class Effect : std::uint8_t {
  unknown,  ///< no opcode
  // All of these pop `pops` objects first.
  push,          ///< then push one of which nothing matters
  change,        ///< then change the top
  push_of_mark,  ///< the same two, with all objects down to the mark
  change_by_mark,
  persistent,  ///< the object that the one above names
  text,
  escaped_unicode,
  escaped_string,  ///< of Python 2: text or bytes
  string,          ///< the same without escapes
  bytes,
  tuple,  ///< of `pops` objects
  tuple_of_mark,
  stop,
  protocol,
  frame,
  mark,
  drop,  ///< `pops` objects
  drop_to_mark,
  duplicate,
  put_line,
  put,
  put_next,
  get_line,
  get,
  import,
  import_from_stack,
  extension,
  call_of_lines,  ///< a class by two lines, arguments to the mark
  call_of_mark,   ///< a class and arguments to the mark
  call,
  call_with_names,
  build,
};

struct Opcode {
  char code = 0;
  Argument argument = Argument::none;
  Effect effect = Effect::unknown;
  std::uint8_t pops = 0;
};

/// What Python's pickletools says of the opcode `code`, protocols 0 to 5.
const Opcode& opcode_of(std::uint8_t code);

}  // namespace hadal::msp::pickle
