#include "hadal/msp/scan/content.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/data/readers/gzip.h"
#include "hadal/msp/scan/config.h"
#include "hadal/msp/scan/safetensors.h"
#include "hadal/msp/scan/torchscript.h"
#include "hadal/msp/scan/zip/unpack.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace hadal::msp {
namespace {

constexpr int kDeepest = 4;
constexpr std::size_t kMostUnpacked = std::size_t{1} << 28;

bool begins(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()), magic.size()) == magic;
}

bool ends_in(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](auto end) { return name.ends_with(end); });
}

bool claims_pickle(std::string_view name) {
  return ends_in(name, {".pkl", ".pickle", ".debug_pkl", ".p", ".joblib", ".dill"});
}

bool claims_model(std::string_view name) {
  return claims_pickle(name) ||
         ends_in(name,
                 {".pt", ".pth", ".bin", ".ckpt", ".pt2", ".ptl", ".jit", ".mar", ".nemo", ".npz",
                  ".npy", ".h5", ".keras", ".onnx", ".gguf", ".pb", ".tflite", ".tar"});
}

bool is_program(std::span<const std::byte> bytes) {
  if (begins(bytes,
             "\x7f"
             "ELF") ||
      begins(bytes, "\xcf\xfa\xed\xfe"))
    return true;
  // Windows: the two letters alone come up by chance.
  constexpr std::size_t kStub = 0x40;
  return begins(bytes, "MZ") && bytes.size() > kStub &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()),
                          std::min<std::size_t>(bytes.size(), 512))
                 .find("PE\0\0") != std::string_view::npos;
}

/// Goes one level down for as long as it lives.
class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  int& depth_;
};

bool is_harmful(const Finding& finding) {
  return finding.rule == &rules::kDangerousImport || finding.rule == &rules::kExtensionCode;
}

}  // namespace

std::string_view ContentScan::scan(std::span<const std::byte> bytes, std::string_view name,
                                   const Place& place) {
  if (depth_ == kDeepest) {
    findings_.add(rules::kNestedTooDeep, place, {}, "lies within more files than are looked into");
    return "other";
  }
  const Deeper level(depth_);
  const bool is_zip = zip::looks_like_zip(bytes);
  if (is_zip || (!name.ends_with(".safetensors") && zip::ends_like_zip(bytes))) {
    scan_zip(bytes, place);
    return "zip";
  }
  if (begins(bytes, "\x93NUMPY")) {
    scan_numpy(bytes, place);
    return "numpy";
  }
  if (begins(bytes, "\x1f\x8b\x08")) {
    scan_gzip(bytes, name, place);
    return "gzip";
  }
  if (is_program(bytes)) {
    findings_.add(rules::kEmbeddedPayload, place, 0, "is a program of the operating system");
    return "program";
  }
  return scan_claimed(bytes, name, place);
}

std::string_view ContentScan::scan_claimed(std::span<const std::byte> bytes, std::string_view name,
                                           const Place& place) {
  if (name.ends_with(".safetensors")) {
    scan_safetensors(bytes, place, findings_);
    return "safetensors";
  }
  if (ends_in(name, {".py", ".pyc", ".so"})) {
    findings_.add(rules::kPythonCode, place, {}, "the model comes with code");
    return "python";
  }
  if (ends_in(name, {".json", ".jinja"})) {
    scan_config(bytes, place, findings_);
    return "json";
  }
  if (claims_pickle(name) || (claims_model(name) && pickle::looks_like_pickle(bytes))) {
    scan_pickles(bytes, place);
    return "pickle";
  }
  if (!claims_model(name)) {
    probe_pickle(bytes, place);
    return "other";
  }
  // A pickle of the protocols 0 and 1 has no mark: it is one if it can be followed.
  Findings probed;
  pickle::Machine machine;
  const auto result = pickle::scan_pickle(bytes, 0, context_, place, probed, machine);
  if (result.is_whole || std::ranges::any_of(probed.all(), is_harmful)) {
    scan_pickles(bytes, place);
    return "pickle";
  }
  findings_.add(rules::kUnknownFormat, place, {}, "is called a model, but its format is unknown");
  return "other";
}

void ContentScan::scan_pickles(std::span<const std::byte> bytes, const Place& place) {
  std::size_t at = 0;
  // PyTorch's format before 1.6: a magic number, a version, facts of the system, the objects, the
  // names of storages, each a pickle; then the storages.
  std::size_t left = 0;
  do {
    pickle::Machine machine;
    const auto result = pickle::scan_pickle(bytes, at, context_, place, findings_, machine);
    scan_payloads(result, place);
    named_.insert(named_.end(), result.storages.begin(), result.storages.end());
    if (!result.is_whole) return;
    left = at == 0 && result.is_torch_magic ? 5 : left;
    at = result.end;
    if (left > 0 && --left == 0) return;
  } while (at < bytes.size() && (left > 0 || pickle::looks_like_pickle(bytes.subspan(at))));
  if (at < bytes.size()) {
    findings_.add(rules::kTrailingBytes, place, at,
                  concat(bytes.size() - at, " bytes follow the end of the pickle at byte ", at));
    probe_pickle(bytes.subspan(at), place.within(concat("bytes from ", at)));
  }
}

void ContentScan::probe_pickle(std::span<const std::byte> bytes, const Place& place) {
  Findings probed;
  pickle::Machine machine;
  const auto result = pickle::scan_pickle(bytes, 0, context_, place, probed, machine);
  const bool is_marked = pickle::looks_like_pickle(bytes);
  if (!is_marked && !result.is_whole) return;
  if (std::ranges::any_of(probed.all(), is_harmful)) {
    for (const Finding& finding : probed.all()) {
      findings_.add(*finding.rule, finding.place, finding.offset, finding.text);
    }
  }
  if (result.is_whole) scan_payloads(result, place);
}

void ContentScan::scan_payloads(const pickle::Result& result, const Place& place) {
  for (const auto& payload : result.payloads) {
    const Place there = place.within(concat("bytes at ", payload.at));
    if (zip::looks_like_zip(payload.bytes)) {
      scan(payload.bytes, "", there);
    } else if (depth_ == kDeepest) {
      findings_.add(rules::kNestedTooDeep, there, {},
                    "lies within more files than are looked into");
    } else {
      const Deeper level(depth_);
      payload.is_unpickled ? scan_pickles(payload.bytes, there)
                           : probe_pickle(payload.bytes, there);
    }
  }
}

void ContentScan::scan_gzip(std::span<const std::byte> bytes, std::string_view name,
                            const Place& place) {
  try {
    const std::string content = data::gunzip(bytes, kMostUnpacked, place.file);
    if (name.ends_with(".gz")) name.remove_suffix(3);
    scan(std::as_bytes(std::span(content)), name, place.within("unpacked"));
  } catch (const FormatError& error) {
    findings_.add(rules::kUnreadable, place, {}, printable(error.what()));
  }
}

void ContentScan::scan_numpy(std::span<const std::byte> bytes, const Place& place) {
  // Magic, two bytes of version, the header's length in two bytes or, from version 2, four.
  constexpr std::size_t kVersionAt = 6, kLengthAt = 8;
  const auto byte = [&](std::size_t at) {
    return at < bytes.size() ? std::to_integer<std::size_t>(bytes[at]) : 0;
  };
  const std::size_t wide = byte(kVersionAt) >= 2 ? 4 : 2;
  std::size_t length = 0;
  for (std::size_t i = wide; i-- > 0;) length = length << 8 | byte(kLengthAt + i);
  const std::size_t begin = kLengthAt + wide;
  if (begin > bytes.size() || length > bytes.size() - begin) {
    findings_.add(rules::kUnreadable, place, 0, "the header of the array is cut");
    return;
  }
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + begin, length);
  // Of a dtype's letters, only that of objects is O.
  const std::size_t descr = header.find("'descr'");
  const std::size_t order = header.find("'fortran_order'");
  const std::string_view type = header.substr(0, order).substr(std::min(descr, header.size()));
  if (descr != header.npos && type.find('O') == type.npos) return;
  findings_.add(rules::kObjectArray, place, begin, "the array holds Python objects");
  scan_pickles(bytes.subspan(begin + length), place.within(concat("bytes from ", begin + length)));
}

void ContentScan::scan_zip(std::span<const std::byte> bytes, const Place& place) {
  const zip::Directory directory = zip::read_directory(bytes, place, findings_);
  zip::check_members(directory, place, findings_);
  const bool outer = context_.in_torchscript;
  context_.in_torchscript = is_torchscript(directory);
  std::size_t budget = 4 * kMostUnpacked;
  for (const zip::Member& member : directory.members) {
    if (member.data_at == 0 || member.is_folder()) continue;
    const Place there = place.within(printable(member.name));
    if (member.is_encrypted() || (member.method != 0 && member.method != 8)) continue;  // is told
    const auto unpacked =
        zip::unpack(bytes, member, std::min(budget, kMostUnpacked), there, findings_);
    budget -= unpacked.own.size();
    if (unpacked.is_cut) {
      findings_.add(rules::kUnreadable, there, {}, "unpacks to more than is looked into");
    }
    if (context_.in_torchscript && is_script(member.name)) {
      scan_script(unpacked.bytes, there, findings_);
    } else {
      scan(unpacked.bytes, member.name, there);
    }
  }
  context_.in_torchscript = outer;
  if (depth_ == 1) keep_storages(directory);
}

void ContentScan::keep_storages(const zip::Directory& directory) {
  std::map<std::string_view, std::string_view> type_of;
  for (const auto& [type, key] : named_) type_of.emplace(key, type);
  for (const zip::Member& member : directory.members) {
    // "archive/data/0"
    const std::string_view name = member.name;
    const std::size_t key = name.rfind('/') + 1;
    const auto type = type_of.find(name.substr(key));
    const bool is_storage = key > 6 && name.substr(0, key).ends_with("/data/");
    if (!is_storage || type == type_of.end() || !member.is_stored() || member.data_at == 0)
      continue;
    storages_.push_back({.member = printable(name),
                         .type = std::string(type->second),
                         .at = member.data_at,
                         .bytes = member.packed});
  }
}

}  // namespace hadal::msp
