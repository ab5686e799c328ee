#include "hadal/msp/scan/pickle/opcode.h"

#include <array>

namespace hadal::msp::pickle {
namespace {

using A = Argument;
using E = Effect;

constexpr Opcode kOpcodes[] = {
    // Constants, numbers and empty collections.
    {'N', A::none, E::push},
    {'\x88', A::none, E::push},
    {'\x89', A::none, E::push},
    {'I', A::line, E::push},
    {'L', A::line, E::push},
    {'F', A::line, E::push},
    {'J', A::four, E::push},
    {'K', A::one, E::push},
    {'M', A::two, E::push},
    {'G', A::eight, E::push},
    {'\x8a', A::counted_one, E::push},
    {'\x8b', A::counted_four, E::push},
    {']', A::none, E::push},
    {')', A::none, E::push},
    {'}', A::none, E::push},
    {'\x8f', A::none, E::push},
    // A persistent object by a line, and by the object above; a buffer out of band.
    {'P', A::line, E::push},
    {'Q', A::none, E::persistent},
    {'\x97', A::none, E::push},
    {'\x98', A::none, E::change},
    // Texts and bytes.
    {'X', A::counted_four, E::text},
    {'\x8c', A::counted_one, E::text},
    {'\x8d', A::counted_eight, E::text},
    {'V', A::line, E::escaped_unicode},
    {'S', A::line, E::escaped_string},
    {'T', A::counted_four, E::string},
    {'U', A::counted_one, E::string},
    {'B', A::counted_four, E::bytes},
    {'C', A::counted_one, E::bytes},
    {'\x8e', A::counted_eight, E::bytes},
    {'\x96', A::counted_eight, E::bytes},
    // Collections.
    {'\x85', A::none, E::tuple, 1},
    {'\x86', A::none, E::tuple, 2},
    {'\x87', A::none, E::tuple, 3},
    {'t', A::none, E::tuple_of_mark},
    {'l', A::none, E::push_of_mark},
    {'d', A::none, E::push_of_mark},
    {'\x91', A::none, E::push_of_mark},
    {'a', A::none, E::change, 1},
    {'s', A::none, E::change, 2},
    {'e', A::none, E::change_by_mark},
    {'u', A::none, E::change_by_mark},
    {'\x90', A::none, E::change_by_mark},
    // The stream, the stack and the memo.
    {'.', A::none, E::stop},
    {'\x80', A::one, E::protocol},
    {'\x95', A::eight, E::frame},
    {'(', A::none, E::mark},
    {'0', A::none, E::drop, 1},
    {'1', A::none, E::drop_to_mark},
    {'2', A::none, E::duplicate},
    {'p', A::line, E::put_line},
    {'q', A::one, E::put},
    {'r', A::four, E::put},
    {'\x94', A::none, E::put_next},
    {'g', A::line, E::get_line},
    {'h', A::one, E::get},
    {'j', A::four, E::get},
    // Imports and calls.
    {'c', A::two_lines, E::import},
    {'\x93', A::none, E::import_from_stack},
    {'\x82', A::one, E::extension},
    {'\x83', A::two, E::extension},
    {'\x84', A::four, E::extension},
    {'i', A::two_lines, E::call_of_lines},
    {'o', A::none, E::call_of_mark},
    {'R', A::none, E::call},
    {'\x81', A::none, E::call},
    {'\x92', A::none, E::call_with_names},
    {'b', A::none, E::build, 1},
};

constexpr std::array<Opcode, 256> by_code() {
  std::array<Opcode, 256> table{};
  for (const Opcode& opcode : kOpcodes) table[static_cast<unsigned char>(opcode.code)] = opcode;
  return table;
}

}  // namespace

const Opcode& opcode_of(std::uint8_t code) {
  static constexpr std::array<Opcode, 256> kTable = by_code();
  return kTable[code];
}

}  // namespace hadal::msp::pickle
