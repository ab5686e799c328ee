// What the tests of the report's schema and page need of the library, as a program:
//   report_probe check            reads a report a line, prints "ok" or the refusal a line
//   report_probe render IN OUT    writes the report IN as the page OUT
#include "hadal/bench/report/html.h"
#include "hadal/bench/report/json.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"

#include <iostream>
#include <string>
#include <string_view>

namespace {

void check_lines() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      hadal::bench::report_from_json(line, "report");
      std::cout << "ok\n";
    } catch (const hadal::FormatError& error) {
      std::cout << error.what() << '\n';
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "";
  try {
    if (mode == "check" && count == 2) {
      check_lines();
      return 0;
    }
    if (mode == "render" && count == 4) {
      hadal::write_file(arguments[3], to_html(hadal::bench::read_report(arguments[2])));
      return 0;
    }
    std::cerr << "usage: report_probe check | report_probe render IN OUT\n";
  } catch (const hadal::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return 2;
}
