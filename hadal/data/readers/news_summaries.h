#pragma once

#include <cstdint>
#include <filesystem>
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

/// A news article with the summary that its reader should get. Texts are as they are in the file:
/// one or more parts, whose words and marks are parted by blanks.
struct NewsArticle {
  std::int64_t id = 0;
  std::vector<std::string> article;
  std::vector<std::string> reference;
  std::vector<PublishedSummary> summaries;  ///< by system, in the order of their names; maybe none
};

/// The articles of a JSON Lines file (JsonLines) in the layout of REALSumm's CNN/DailyMail sample
/// (Bhandari et al., 2020): {"id", "article": [...], "reference": [...], "systems": {<name>:
/// {"summary": [...], "scores": {<name>: number}}}}; further fields are passed over. Throws IoError
/// where it cannot be read, and FormatError, naming the line and the field, where a field lacks or
/// is of another type, or an article or its reference is empty.
std::vector<NewsArticle> read_news_summaries(const std::filesystem::path& path);

/// The same for the `text` of a file; `source` names it in errors.
std::vector<NewsArticle> parse_news_summaries(std::string text, std::string source);

}  // namespace hadal::data
