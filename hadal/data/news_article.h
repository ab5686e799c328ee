#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hadal::data {

/// What a system made of an article.
struct PublishedSummary {
  std::string system;
  std::vector<std::string> sentences;
  std::map<std::string, double> scores;  ///< as published, by name ("rouge_1_f_score")
};

/// A news article with the summary that its reader should get. Texts are lists of one or
/// more parts, whose words and marks are parted by blanks.
struct NewsArticle {
  std::int64_t id = 0;
  std::vector<std::string> article;
  std::vector<std::string> reference;
  std::vector<PublishedSummary> summaries;  ///< by system, in the order of their names; maybe none
};

}  // namespace hadal::data
