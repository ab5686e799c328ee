#pragma once

#include "hadal/data/news_article.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hadal::data {

/// `count` articles in the look of lower-cased news, of 500 to 1,000 words and marks each, with
/// references of three sentences and no published summaries. An article tells of one matter at
/// length and of four others in passing: of each matter it holds the same three kinds of key
/// sentence, but only of its own many others beside them, so that what a summary should hold shows
/// in the whole article and not in a sentence. The reference says in other words what the key
/// sentences of the matter say, the first of which often leads. Ids count from 0. Deterministic for
/// a seed; more articles start with the fewer.
std::vector<NewsArticle> generate_news(std::size_t count, std::uint64_t seed);

}  // namespace hadal::data
