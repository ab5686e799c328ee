"""Writes corpus/: the fuzzer's seeds, small sound files, one of each kind that must be refused, and
texts. What the C++ reader says of each is in ../corpus_test.cpp.
"""
import copy
import json
import pathlib
import shutil

from texts import TEXTS

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"

BASE = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": 6, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False,
                      "normalized": False, "special": True}],
    "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None,
    "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
              "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
              "vocab": {"<unk>": 0, "a": 1, "b": 2, "ab": 3, "▁": 4, "abab": 5},
              "merges": [["a", "b"], ["ab", "ab"]]},
}


def changed(path, value):
    """BASE with another value at a path such as `model.vocab.a`."""
    file = copy.deepcopy(BASE)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = file
    for key in parents:
        place = place[key]
    place[last] = value
    return file


def normalizer(**fields):
    return changed("normalizer", fields)


def pre_tokenizer(**fields):
    return changed("pre_tokenizer", fields)


def decoder(**fields):
    return changed("decoder", fields)


def regex(pattern, behavior="Isolated"):
    return pre_tokenizer(type="Split", pattern={"Regex": pattern}, behavior=behavior, invert=False)


def template(single, special_tokens=None):
    return changed("post_processor", {"type": "TemplateProcessing", "single": single, "pair": [],
                                      "special_tokens": special_tokens or {}})


TEXT = {"Sequence": {"id": "A", "type_id": 0}}
BOS = {"SpecialToken": {"id": "<s>", "type_id": 0}}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
ADDED = BASE["added_tokens"][0]

FILES = {
    "valid": BASE,
    "valid_merge_strings": changed("model.merges", ["#version: 0.2", "a b", "ab ab"]),
    "valid_normalizers": normalizer(type="Sequence", normalizers=[
        {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        {"type": "Replace", "pattern": {"Regex": "x+"}, "content": ""},
        {"type": "Strip", "strip_left": True, "strip_right": True}]),
    "valid_pre_tokenizers": pre_tokenizer(type="Sequence", pretokenizers=[
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
        {"type": "Digits", "individual_digits": True}, {"type": "Whitespace"},
        {"type": "Split", "pattern": {"String": "b"}, "behavior": "MergedWithNext", "invert": True},
        BYTE_LEVEL]),
    "valid_regex": regex(r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\w]++[\r\n]*|\s+(?!\S)|\s+"),
    "valid_decoders": decoder(type="Sequence", decoders=[
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
        {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}, BYTE_LEVEL]),
    "valid_template": template([BOS, TEXT, BOS], {"<s>": {"id": "<s>", "ids": [6], "tokens": ["<s>"]}}),
    "valid_flags": changed("added_tokens", [
        dict(ADDED, lstrip=True, rstrip=True), dict(ADDED, id=3, content="ab", single_word=True, normalized=True)]),
    "valid_regex_bomb": regex("(a*)*b|(a|aa)+c"),

    "empty": "", "not_json": "{", "nul": "{}\0", "array": [], "deep": "[" * 100,
    "web_page": "<!DOCTYPE html>", "number_overflow": '{"version":1e999}', "lone_surrogate": '{"\\ud800":1}',
    "key_twice": '{"model":{"vocab":{"a":0,"a":1}}}', "no_model": {"version": "1.0"},
    "field_unknown": dict(BASE, extra=1), "version": changed("version", "2.0"),
    "truncation": changed("truncation", {"max_length": 512}), "padding": changed("padding", {}),
    "model_unigram": changed("model.type", "Unigram"), "model_dropout": changed("model.dropout", 0.1),
    "model_prefix": changed("model.continuing_subword_prefix", "##"),
    "model_suffix": changed("model.end_of_word_suffix", "</w>"), "model_field": changed("model.x", 1),
    "model_flag": changed("model.fuse_unk", 1), "vocab_array": changed("model.vocab", ["a"]),
    "id_huge": changed("model.vocab.b", 2**63), "id_hole": changed("model.vocab.abab", 6),
    "id_negative": changed("model.vocab.b", -1), "id_float": changed("model.vocab.b", 1.5),
    "id_twice": changed("model.vocab.b", 1), "merge_one": changed("model.merges.0", ["a"]),
    "merge_string": changed("model.merges.0", "ab"), "merge_spaces": changed("model.merges.0", "a b "),
    "merge_unknown": changed("model.merges.0", ["a", "c"]), "merge_result": changed("model.merges.0", ["b", "a"]),
    "merges_none": changed("model.merges", None), "added_empty": changed("added_tokens.0.content", ""),
    "added_long": changed("added_tokens.0.content", "x" * 1025), "added_hole": changed("added_tokens.0.id", 7),
    "added_huge": changed("added_tokens.0.id", 2**64 - 1),
    "added_moves": changed("added_tokens", [dict(ADDED, id=1, content="b")]),
    "added_twice": changed("added_tokens", [ADDED, dict(ADDED, id=7)]),
    "added_vanishes": dict(normalizer(type="Strip", strip_left=True, strip_right=True), added_tokens=[
        dict(ADDED, content=" ", normalized=True)]),
    "normalizer_unknown": normalizer(type="Precompiled", precompiled_charsmap=""),
    "normalizer_field": normalizer(type="NFC", x=1), "normalizer_null": normalizer(type="Sequence", normalizers=[None]),
    "replace_dollar": normalizer(type="Replace", pattern={"Regex": "(a)"}, content="$1"),
    "replace_empty": normalizer(type="Replace", pattern={"String": ""}, content="x"),
    "replace_both": normalizer(type="Replace", pattern={"String": "a", "Regex": "b"}, content="x"),
    "pre_tokenizer_unknown": pre_tokenizer(type="Punctuation", behavior="Isolated"),
    "behavior": regex("a", "Merged"), "metaspace_long": pre_tokenizer(type="Metaspace", replacement="__"),
    "metaspace_contradiction": pre_tokenizer(type="Metaspace", replacement="_", add_prefix_space=False,
                                             prepend_scheme="first"),
    "metaspace_first": dict(pre_tokenizer(type="Metaspace", replacement="_", prepend_scheme="first"),
                            normalizer={"type": "NFC"}),
    "steps": pre_tokenizer(type="Sequence", pretokenizers=[BYTE_LEVEL] * 9),
    "regex_group": regex("a(?<name>b)"), "regex_escape": regex(r"\bword\b"), "regex_hex_digit": regex(r"\h"),
    "regex_property": regex(r"\p{Klingon}"), "regex_set": regex("[a-z&&[^b]]"), "regex_open": regex("(a"),
    "regex_close": regex("a)"), "regex_repeat": regex("*a"), "regex_possessive": regex("a{2}+"),
    "regex_range": regex("[z-a]"), "regex_back_reference": regex(r"(a)\1"), "regex_brace": regex("a{,2}"),
    "regex_case": regex(r"(?i:\p{Lu})"), "regex_long": regex("a" * 20000), "regex_huge": regex("(?:a{9999}){9999}"),
    "regex_nested": regex("(" * 60 + "a" + ")" * 60), "regex_behind": regex("(?<=a*)b"),
    "decoder_unknown": decoder(type="WordPiece", prefix="##", cleanup=True),
    "decoder_strip": decoder(type="Strip", content="ab", start=1, stop=0),
    "decoder_null": decoder(type="Sequence", decoders=[None]),
    "template_twice": template([TEXT, TEXT]), "template_no_text": template([]),
    "template_unknown": template([BOS, TEXT]),
    "template_id": template([BOS, TEXT], {"<s>": {"id": "<s>", "ids": [7], "tokens": ["<s>"]}}),
    "template_pair": template([{"Sequence": {"id": "B", "type_id": 0}}]),
    "processor_unknown": changed("post_processor", {"type": "BertProcessing"}),
}


def main():
    shutil.rmtree(CORPUS, ignore_errors=True)
    CORPUS.mkdir()
    for name, content in FILES.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        (CORPUS / f"{name}.json").write_bytes(text.encode())
    (CORPUS / "not_utf8.json").write_bytes(b'{"\xff":1}')
    for i in range(0, len(TEXTS), 12):
        (CORPUS / f"text_{i:02}.txt").write_bytes("\n".join(TEXTS[i:i + 12]).encode())
    (CORPUS / "text_not_utf8.txt").write_bytes(b"a\xc3\x28\xed\xa0\x80\xf5")


if __name__ == "__main__":
    main()
