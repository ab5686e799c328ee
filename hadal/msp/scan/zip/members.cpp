#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/scan/zip/directory.h"
#include "hadal/msp/scan/zip/records.h"

#include <algorithm>
#include <set>

namespace hadal::msp::zip {
namespace {

// Deflate packs at most 1032 to 1. Arrays of zeros come near, but do not take this much.
constexpr double kMostRatio = 100;
constexpr std::uint64_t kMostFromRatio = std::uint64_t{1} << 28;
constexpr std::uint64_t kSlack = std::uint64_t{1} << 26;

bool leads_out(const std::string& name) {
  std::string path = name;
  std::ranges::replace(path, '\\', '/');
  if (path.starts_with('/') || (path.size() > 1 && path[1] == ':')) return true;
  return ("/" + path + "/").find("/../") != std::string::npos;
}

void check_name(const Member& member, const Place& place, Findings& findings) {
  if (leads_out(member.name)) {
    findings.add(rules::kPathTraversal, place, member.header_at,
                 concat("the name ", quote(member.name), " leads out of the archive's folder"));
  }
  if (member.name.empty() || printable(member.name) != member.name) {
    findings.add(rules::kOddMember, place, member.header_at,
                 concat("the name ", quote(member.name), " is empty or has control characters"));
  }
}

void check_kind(const Member& member, const Place& place, Findings& findings) {
  const auto odd = [&](const std::string& what) {
    findings.add(rules::kOddMember, place, member.header_at, "the member " + what);
  };
  if (member.is_encrypted()) odd("is encrypted");
  constexpr std::uint32_t kKind = 0170000, kLink = 0120000;
  if ((member.attributes & kKind) == kLink) odd("is a symbolic link");
  if (member.method != 0 && member.method != 8) odd(concat("is packed by method ", member.method));
  if (member.is_stored() && member.packed != member.unpacked && !member.is_encrypted()) {
    odd("is stored, but has two sizes");
  }
}

void check_sizes(const Directory& directory, const Place& place, Findings& findings) {
  std::uint64_t packed = 0, unpacked = 0;
  for (const Member& member : directory.members) {
    packed += std::min(member.packed, std::uint64_t{1} << 48);
    unpacked += std::min(member.unpacked, std::uint64_t{1} << 48);
  }
  if (unpacked > kMostFromRatio + kSlack &&
      static_cast<double>(unpacked) > kMostRatio * static_cast<double>(packed)) {
    findings.add(rules::kBomb, place, {},
                 concat(packed, " packed bytes are said to unpack to ", unpacked));
  }
}

/// Members must lie side by side, from the first byte to the directory.
void check_coverage(const Directory& directory, const Place& place, Findings& findings) {
  std::vector<const Member*> members;
  for (const Member& member : directory.members) {
    if (member.data_at > 0) members.push_back(&member);
  }
  std::ranges::sort(members, {}, &Member::header_at);
  std::uint64_t end = members.empty() ? 0 : members.front()->header_at;
  std::uint64_t descriptor = 0, hidden = 0, hidden_at = 0;
  bool shares = false;
  const auto gap = [&](std::uint64_t from, std::uint64_t to) {
    if (to - from <= descriptor) return;
    if (hidden == 0) hidden_at = from;
    hidden += to - from - descriptor;
  };
  for (const Member* member : members) {
    shares = shares || member->header_at < end;
    if (member->header_at > end) gap(end, member->header_at);
    end = std::max(end, member->data_at + member->packed);
    descriptor = member->has_descriptor() ? 24 : 0;
  }
  if (directory.begin > end) gap(end, directory.begin);
  shares = shares || end > directory.begin;
  if (shares) findings.add(rules::kBomb, place, {}, "members share bytes of the archive");
  if (hidden > 0) {
    findings.add(rules::kHiddenBytes, place, hidden_at,
                 concat(hidden, " bytes between members belong to none, from byte ", hidden_at));
  }
}

}  // namespace

void check_members(const Directory& directory, const Place& place, Findings& findings) {
  std::set<std::string> names;
  for (const Member& member : directory.members) {
    const Place there = place.within(printable(member.name));
    check_name(member, there, findings);
    check_kind(member, there, findings);
    if (!names.insert(member.name).second) {
      findings.add(rules::kDuplicateName, there, member.header_at,
                   concat("the name ", quote(member.name), " comes more than once"));
    }
  }
  check_sizes(directory, place, findings);
  check_coverage(directory, place, findings);
}

}  // namespace hadal::msp::zip
