#include "hadal/core/build_info.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/msp/audit/report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace hadal::msp {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchemaUri =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr std::string_view kAtlas = "MITRE ATLAS";
constexpr std::string_view kOwasp = "OWASP Machine Learning Security Top Ten";

Json text_json(std::string_view text) { return {{"text", text}}; }

/// A path as a relative reference of RFC 3986.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != kPlain.npos) {
      uri += c;
    } else {
      uri += '%';
      uri += kDigits[byte >> 4];
      uri += kDigits[byte & 15];
    }
  }
  return uri;
}

Json taxon_reference(std::string_view id, std::string_view taxonomy) {
  return {{"id", id}, {"toolComponent", {{"name", taxonomy}}}};
}

Json rule_json(const Rule& rule) {
  const auto relation = [](std::string_view id, std::string_view taxonomy) {
    return Json{{"target", taxon_reference(id, taxonomy)}, {"kinds", {"relevant"}}};
  };
  return {{"id", rule.id},
          {"name", rule.name},
          {"shortDescription", text_json(rule.text)},
          {"help", text_json(rule.help)},
          {"defaultConfiguration", {{"level", name_of(rule.level)}}},
          {"relationships", {relation(rule.atlas, kAtlas), relation(rule.owasp, kOwasp)}},
          {"properties", {{"tags", {"security", rule.atlas, rule.owasp}}}}};
}

Json taxonomy_json(std::string_view name, std::string_view organization, std::string_view uri,
                   std::span<const Taxon> taxa) {
  Json json = {{"name", name},
               {"organization", organization},
               {"informationUri", uri},
               {"isComprehensive", false},
               {"taxa", Json::array()}};
  for (const Taxon& taxon : taxa) {
    json["taxa"].push_back({{"id", taxon.id}, {"shortDescription", text_json(taxon.name)}});
  }
  return json;
}

Json location_json(const Finding& finding, const AuditReport& report) {
  const auto file = std::ranges::find(report.files, finding.place.file, &ScannedFile::path);
  Json physical = {{"artifactLocation", {{"uri", uri_of(finding.place.file)}}}};
  if (file != report.files.end())
    physical["artifactLocation"]["index"] = file - report.files.begin();
  // Bytes of a member are not those of the file.
  if (finding.place.member.empty() && finding.offset) {
    physical["region"] = {{"byteOffset", *finding.offset}};
  }
  Json json = {{"physicalLocation", physical}};
  if (!finding.place.member.empty()) {
    json["logicalLocations"] = {
        {{"fullyQualifiedName", finding.place.file + " > " + finding.place.member},
         {"kind", "member"}}};
  }
  return json;
}

Json result_json(const Finding& finding, const AuditReport& report) {
  const Rule& rule = *finding.rule;
  const auto rules = all_rules();
  const std::string print =
      concat(rule.id, "\n", finding.place.file, "\n", finding.place.member, "\n", finding.text);
  return {{"ruleId", rule.id},
          {"ruleIndex", std::ranges::find(rules, &rule) - rules.begin()},
          {"level", name_of(rule.level)},
          {"message", text_json(finding.text)},
          {"locations", {location_json(finding, report)}},
          {"partialFingerprints", {{"hadalFinding/v1", sha256(print)}}},
          {"taxa", {taxon_reference(rule.atlas, kAtlas), taxon_reference(rule.owasp, kOwasp)}}};
}

Json tool_json() {
  Json driver = {{"name", "hadal audit"},
                 {"version", build_info().version},
                 {"rules", Json::array()},
                 {"supportedTaxonomies", {{{"name", kAtlas}}, {{"name", kOwasp}}}}};
  for (const Rule* rule : all_rules()) driver["rules"].push_back(rule_json(*rule));
  return {{"driver", driver}};
}

}  // namespace

std::string audit_sarif(const AuditReport& report) {
  Json run = {{"tool", tool_json()},
              {"invocations", {{{"executionSuccessful", true}, {"endTimeUtc", report.audited}}}},
              {"artifacts", Json::array()},
              {"results", Json::array()},
              {"taxonomies",
               {taxonomy_json(kAtlas, "MITRE", "https://atlas.mitre.org/", atlas_taxa()),
                taxonomy_json(kOwasp, "OWASP",
                              "https://owasp.org/www-project-machine-learning-security-top-10/",
                              owasp_taxa())}},
              {"columnKind", "utf16CodeUnits"}};
  for (const ScannedFile& file : report.files) {
    run["artifacts"].push_back({{"location", {{"uri", uri_of(file.path)}}},
                                {"length", file.bytes},
                                {"hashes", {{"sha-256", file.sha256}}}});
  }
  for (const Finding& finding : report.findings) {
    run["results"].push_back(result_json(finding, report));
  }
  const Json json = {{"$schema", kSchemaUri}, {"version", "2.1.0"}, {"runs", {run}}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace hadal::msp
