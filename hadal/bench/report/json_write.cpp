#include "hadal/bench/report/fields.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/schema.h"
#include "hadal/bench/report/validate.h"
#include "hadal/core/json/write.h"

namespace hadal::bench {

std::string to_json(const Report& report) {
  validate(report);
  return write_document(kReportSchema, report);
}

}  // namespace hadal::bench
