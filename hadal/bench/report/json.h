#pragma once

#include "hadal/bench/report/report.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace hadal::bench {

/// The report as JSON of the form that schema/bench-report-v1.schema.json describes: members in a
/// fixed order, indented by 2 spaces, a newline at the end, numbers with the digits that give the
/// same double back. Bytes that are not UTF-8 become U+FFFD. A quality figure or metric that is not
/// finite is null. Throws InvalidArgument where validate() refuses the report.
std::string to_json(const Report& report);

/// The report that to_json() wrote. `name` stands for the text in errors. Throws FormatError,
/// naming the JSON path, what was expected and what was found, for text that is not JSON, nests or
/// repeats members, lacks a member or has one too many, has a value that validate() refuses, or has
/// a schema version other than 1.
Report report_from_json(std::string_view text, std::string_view name);

/// Reads a report file. Throws IoError where it cannot be read, and FormatError as above and for a
/// file above 64 MiB.
Report read_report(const std::filesystem::path& path);

}  // namespace hadal::bench
