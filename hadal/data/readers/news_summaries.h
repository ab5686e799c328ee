#pragma once

#include "hadal/data/news_article.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hadal::data {

/// The articles of a JSON Lines file (JsonLines) in the layout of REALSumm's CNN/DailyMail sample
/// (Bhandari et al., 2020): {"id", "article": [...], "reference": [...], "systems": {<name>:
/// {"summary": [...], "scores": {<name>: number}}}}; further fields are passed over. Throws IoError
/// where it cannot be read, and FormatError, naming the line and the field, where a field lacks or
/// is of another type, or an article or its reference is empty.
std::vector<NewsArticle> read_news_summaries(const std::filesystem::path& path);

/// The same for the `text` of a file; `source` names it in errors.
std::vector<NewsArticle> parse_news_summaries(std::string text, std::string source);

}  // namespace hadal::data
