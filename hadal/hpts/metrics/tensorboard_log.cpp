#include "hadal/hpts/metrics/tensorboard_log.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/system.h"
#include "hadal/hpts/metrics/crc32c.h"

#include <bit>

#include <unistd.h>

namespace hadal::hpts {
namespace {

// Fields of event.proto and summary.proto, and the wire types of Protocol Buffers.
constexpr int kWallTime = 1;
constexpr int kStep = 2;
constexpr int kFileVersion = 3;
constexpr int kSummary = 5;
constexpr int kSummaryValue = 1;
constexpr int kTag = 1;
constexpr int kSimpleValue = 2;
enum WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

template <class Number>
std::string little_endian(Number number) {
  std::string text;
  for (std::size_t i = 0; i < sizeof(Number); ++i) text += static_cast<char>(number >> (8 * i));
  return text;
}

std::string varint_of(std::uint64_t number) {
  std::string text;
  for (; number >= 0x80; number >>= 7) text += static_cast<char>(number | 0x80);
  return text + static_cast<char>(number);
}

std::string key(int field, WireType type) {
  return varint_of(static_cast<std::uint64_t>(field) << 3 | type);
}

std::string field_of(int field, double value) {
  return key(field, fixed64) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string field_of(int field, float value) {
  return key(field, fixed32) + little_endian(std::bit_cast<std::uint32_t>(value));
}

std::string field_of(int field, std::int64_t value) {
  return key(field, varint) + varint_of(static_cast<std::uint64_t>(value));
}

std::string field_of(int field, const std::string& value) {
  return key(field, bytes) + varint_of(value.size()) + value;
}

/// The checksum of TFRecord: a rotated and shifted CRC, since a CRC of data with its own CRC is
/// bad.
std::uint32_t masked_crc(const std::string& data) {
  return std::rotr(crc32c(data), 15) + 0xA282EAD8;
}

std::filesystem::path new_file_in(const std::filesystem::path& folder) {
  make_folder(folder);
  const auto microseconds = static_cast<std::int64_t>(unix_time() * 1e6);
  return folder / concat("events.out.tfevents.", microseconds, ".", ::getpid(), ".hadal");
}

}  // namespace

std::string tensorboard_record(const std::string& data) {
  const std::string length = little_endian(std::uint64_t{data.size()});
  return length + little_endian(masked_crc(length)) + data + little_endian(masked_crc(data));
}

std::string tensorboard_version_event(double wall_time) {
  return field_of(kWallTime, wall_time) + field_of(kFileVersion, std::string("brain.Event:2"));
}

std::string tensorboard_event(const StepMetrics& metrics) {
  std::string summary;
  for (const auto& [name, value] : metrics.values) {
    summary += field_of(kSummaryValue,
                        field_of(kTag, name) + field_of(kSimpleValue, static_cast<float>(value)));
  }
  return field_of(kWallTime, metrics.wall_time) + field_of(kStep, metrics.step) +
         field_of(kSummary, summary);
}

TensorBoardLog::TensorBoardLog(const std::filesystem::path& folder)
    : path_(new_file_in(folder)), file_(path_, std::ios::binary | std::ios::app) {
  append(tensorboard_version_event(unix_time()));
}

void TensorBoardLog::write(const StepMetrics& metrics) { append(tensorboard_event(metrics)); }

void TensorBoardLog::append(const std::string& event) {
  file_ << tensorboard_record(event) << std::flush;
  if (!file_) {
    throw IoError(concat("cannot write ", path_.string()), "check its permissions and the disk");
  }
}

}  // namespace hadal::hpts
