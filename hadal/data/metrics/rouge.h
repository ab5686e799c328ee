#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

/// Shares from 0 to 1: of what a summary has, of what the reference has, and their harmonic mean,
/// each 0 where there is nothing to share.
struct RougeScore {
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};

struct RougeScores {
  RougeScore rouge_1;     ///< words in common, each as often as both have it
  RougeScore rouge_2;     ///< the same of pairs of neighbours
  RougeScore rouge_l;     ///< the longest common subsequence of words, over line ends
  RougeScore rouge_lsum;  ///< for each line of the reference, the union over the summary's lines
};

/// Scores of a summary against one reference (Lin, 2004), equal to those of the Python package
/// `rouge-score` 0.1.2 as it comes: without stemmer, and with sentences that are lines ("\n"). Only
/// ROUGE-Lsum sees lines. Takes time in the product of the two lengths.
RougeScores rouge(std::string_view reference, std::string_view summary);

/// The words that are compared: runs of a-z and 0-9 after lower-casing. All else, letters outside
/// of ASCII as well, parts words, but for the Kelvin sign, whose lower case is "k", and the dotted
/// capital I, which ends a word as "i".
std::vector<std::string> rouge_words(std::string_view text);

}  // namespace hadal::data
