"""Writes rouge.golden.json beside it: what the Python package rouge-score 0.1.2, as it comes, makes
of short texts and of the published outputs in nlp/cnndm-100.jsonl, for the C++ tests to equal. Of
the latter only numbers are kept.

    make_golden.py <data folder>
"""
import collections
import json
import pathlib
import sys

from rouge_score import rouge_scorer

HERE = pathlib.Path(__file__).resolve().parent
KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
SCORER = rouge_scorer.RougeScorer(KINDS)

# Reference and summary.
PAIRS = [
    ("", ""),
    ("", "a word"),
    ("a word", ""),
    ("...\n!", "? \n"),
    ("one", "one"),
    ("one", "two"),
    ("The quick brown fox jumps over the lazy dog", "The quick brown dog jumps on the log."),
    # Repeated words and pairs count as often as both have them.
    ("the the the the", "the the"),
    ("a b a b a b", "a b a b x a b a b a b"),
    ("to be or not to be", "to be to be to be or not"),
    # What parts words.
    ("don't stop-start U.S. 3.5%", "don t stop start u s 3 5"),
    ("caf\u00e9 na\u00efve \u4f60\u597d r\u00e9sum\u00e9", "caf na ve r sum"),
    ("\u212aelvin and \u0130stanbul \u0130", "kelvin and i stanbul i"),
    ("\U0001f600 smile\u2014now", "smile now"),
    ("a\tb\u00a0c\r\nd", "a b c d"),
    # Lines.
    ("police killed the gunman", "police kill the gunman\nthe gunman kill police"),
    ("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5"),
    ("a b c\nc b a", "a b\nb c\nc a"),
    ("the cat sat\n\nthe cat ran\n", "\nthe cat the cat\nran sat"),
    ("x y z x y z\nz y x", "z y x z y x\nx x y y z z"),
    ("one line only of two", "one line\nonly of\ntwo"),
    # A word counts no oftener than the summary has it.
    ("a\na\nb", "a\nb"),
    # Many longest subsequences: which one is taken shows in the union.
    ("a b c a b c a b c a b c", "b a c b a c b a\nc c b b a a\na c b"),
    (" ".join("abcabdcabdbacdbcbdacbadcbad"), " ".join("badcabdacb") + "\n" + " ".join("dcbadcba")),
    ("c c b b c a a", "c a c b\nc a c a\na c a b"),
    (" ".join("0110100110010110" * 4), " ".join("10010110" * 3) + "\n" + " ".join("001" * 9)),
]


def scores(reference, summary):
    """Precision, recall and F1 of each kind."""
    result = SCORER.score(reference, summary)
    return [[round(float(number), 7) for number in result[kind]] for kind in KINDS]


def published(path):
    """Of each system the mean of all scores over its outputs, and the F1 of each output."""
    outputs = collections.defaultdict(dict)
    for line in path.open():
        record = json.loads(line)
        for name, output in record["systems"].items():
            outputs[name][record["id"]] = scores("\n".join(record["reference"]),
                                                 "\n".join(output["summary"]))
    return {name: {
        "mean": [[round(sum(row[kind][part] for row in rows.values()) / len(rows), 7)
                  for part in range(3)] for kind in range(len(KINDS))],
        "f1": {str(record): [kind[2] for kind in row] for record, row in rows.items()},
    } for name, rows in sorted(outputs.items())}


def main():
    pairs = [{"reference": reference, "summary": summary, "scores": scores(reference, summary)}
             for reference, summary in PAIRS]
    golden = {"pairs": pairs, "cnndm": published(pathlib.Path(sys.argv[1]) / "nlp/cnndm-100.jsonl")}
    (HERE / "rouge.golden.json").write_text(json.dumps(golden) + "\n")


main()
