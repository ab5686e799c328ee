#include "hadal/msp/audit/report.h"

#include <nlohmann/json.hpp>

namespace hadal::msp {
namespace {

using Json = nlohmann::ordered_json;

Json finding_json(const Finding& finding) {
  const Rule& rule = *finding.rule;
  Json json = {{"rule", rule.id},
               {"level", name_of(rule.level)},
               {"file", finding.place.file},
               {"member", finding.place.member},
               {"offset", nullptr},
               {"text", finding.text},
               {"atlas", rule.atlas},
               {"owasp", rule.owasp}};
  if (finding.offset) json["offset"] = *finding.offset;
  return json;
}

Json tensor_json(const TensorStatistics& s) {
  return {{"name", s.name},
          {"dtype", s.dtype},
          {"shape", s.shape},
          {"not_finite", s.not_finite},
          {"mean", s.mean},
          {"deviation", s.deviation},
          {"largest", s.largest},
          {"rows", s.rows},
          {"outlier_rows", s.outlier_rows},
          {"dead_rows", s.dead_rows},
          {"low_byte_entropy", s.entropy < 0 ? Json(nullptr) : Json(s.entropy)},
          {"low_text", s.text_run}};
}

Json trigger_json(const ReversedTrigger& trigger, double index) {
  return {{"size", trigger.size}, {"success", trigger.success}, {"anomaly_index", index}};
}

Json backdoor_json(const BackdoorScan& scan) {
  Json json = {{"architecture", scan.architecture},
               {"images", scan.images},
               {"clean_models", scan.clean_models},
               {"p", nullptr},
               {"statistic", nullptr},
               {"most_suspicious", scan.suspect},
               {"classes", Json::array()}};
  if (scan.decision) {
    json["p"] = scan.decision->p;
    json["statistic"] = scan.decision->statistic;
  }
  for (const ClassScan& one : scan.classes) {
    json["classes"].push_back({{"mask", trigger_json(one.mask, one.mask_index)},
                               {"change", trigger_json(one.change, one.change_index)}});
  }
  return json;
}

}  // namespace

std::string audit_json(const AuditReport& report) {
  Json json = {{"schema", "hadal-audit"},   {"schema_version", 1},        {"model", report.model},
               {"audited", report.audited}, {"clean", report.is_clean()}, {"files", Json::array()},
               {"findings", Json::array()}, {"weights", Json::array()},   {"backdoor", nullptr}};
  for (const ScannedFile& file : report.files) {
    json["files"].push_back(
        {{"path", file.path}, {"kind", file.kind}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  for (const Finding& finding : report.findings) json["findings"].push_back(finding_json(finding));
  for (const TensorStatistics& tensor : report.weights) {
    json["weights"].push_back(tensor_json(tensor));
  }
  if (report.backdoor) json["backdoor"] = backdoor_json(*report.backdoor);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace hadal::msp
