#include "hadal/data/readers/news_summaries.h"

#include "hadal/core/error.h"
#include "hadal/data/readers/json_lines.h"

#include <utility>

namespace hadal::data {
namespace {

PublishedSummary summary_of(const std::string& system, const JsonObject& output) {
  PublishedSummary summary{system, output.strings("summary"), {}};
  const JsonObject scores = output.object("scores");
  for (const std::string& name : scores.names()) summary.scores[name] = scores.number(name);
  return summary;
}

NewsArticle article_of(const JsonObject& record) {
  NewsArticle article{
      record.integer("id"), record.strings("article"), record.strings("reference"), {}};
  const JsonObject systems = record.object("systems");
  for (const std::string& name : systems.names()) {
    article.summaries.push_back(summary_of(name, systems.object(name)));
  }
  return article;
}

void require_text(const std::vector<std::string>& parts, const char* field,
                  const std::string& source, std::size_t line) {
  for (const std::string& part : parts) {
    if (part.find_first_not_of(" \t\r\n") != part.npos) return;
  }
  throw FormatError(concat(source, ": line ", line, ": field \"", field, "\": has no text"),
                    "remove the line, or give it the text");
}

std::vector<NewsArticle> read(JsonLines lines, const std::string& source) {
  std::vector<NewsArticle> articles;
  while (const auto record = lines.next()) {
    articles.push_back(article_of(*record));
    // No line between is blank, so that articles and lines have the same numbers.
    require_text(articles.back().article, "article", source, articles.size());
    require_text(articles.back().reference, "reference", source, articles.size());
  }
  return articles;
}

}  // namespace

std::vector<NewsArticle> read_news_summaries(const std::filesystem::path& path) {
  return read(JsonLines(path), path.string());
}

std::vector<NewsArticle> parse_news_summaries(std::string text, std::string source) {
  return read(JsonLines(std::move(text), source), source);
}

}  // namespace hadal::data
