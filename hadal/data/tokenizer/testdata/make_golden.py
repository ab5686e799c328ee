"""Writes the small tokenizers beside it and what the Python package makes of the texts in texts.py,
for the C++ tests to equal. Made with tokenizers 0.23.3.

  <name>.tokenizer.json   a trained tokenizer
  <name>.golden.json      ids and decoded texts of it
  components.json         normalizers, pre-tokenizers and decoders by themselves
"""
import json
import pathlib

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors, trainers)

from texts import CORPUS, TEXTS

HERE = pathlib.Path(__file__).resolve().parent
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
BYTES = pre_tokenizers.ByteLevel.alphabet()
FALLBACK = [f"<0x{byte:02X}>" for byte in range(256)]


def special(*names, **flags):
    return [AddedToken(name, special=True, normalized=False, **flags) for name in names]


def train(tokenizer, size, special_tokens, alphabet=()):
    tokenizer.train_from_iterator(CORPUS.splitlines(keepends=True), trainers.BpeTrainer(
        vocab_size=size, special_tokens=special_tokens, initial_alphabet=list(alphabet),
        show_progress=False))


def begin_of_text(tokenizer, name):
    return processors.TemplateProcessing(single=f"{name} $A", pair=f"{name} $A {name}:1 $B:1",
                                         special_tokens=[(name, tokenizer.token_to_id(name))])


def gpt2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, 800, special("<|endoftext|>"), BYTES)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def llama3():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, 900, [], BYTES)
    tokenizer.add_special_tokens(special("<s>", "</s>", "<|endoftext|>"))
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False), begin_of_text(tokenizer, "<s>")])
    return tokenizer


def qwen2():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, 900, [], BYTES)
    tokenizer.add_special_tokens(special("<|endoftext|>"))
    tokenizer.add_tokens([AddedToken("<word>", normalized=False), AddedToken("e\u0301te\u0301")])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def sentencepiece():
    """As Llama 2 and Mistral: spaces are ▁, unknown characters bytes."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    train(tokenizer, 1000, special("<unk>", "<s>", "</s>") + FALLBACK)
    tokenizer.pre_tokenizer = None
    tokenizer.post_processor = begin_of_text(tokenizer, "<s>")
    return tokenizer


def metaspace():
    """As Llama 2 without legacy behaviour; unknown characters become <unk>."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    train(tokenizer, 600, special("<unk>", "<s>", "</s>"))
    return tokenizer


def flags():
    """Every flag of added tokens, behind normalizers."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Lowercase(), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)])
    train(tokenizer, 500, special("<unk>"))
    tokenizer.add_special_tokens(
        special("<left>", lstrip=True) + special("<right>", rstrip=True) + special("</s>")
        + special("<both>", lstrip=True, rstrip=True) + special("<word>", single_word=True))
    tokenizer.add_tokens([AddedToken("NORM", single_word=True), AddedToken("ÉTÉ", lstrip=True),
                          AddedToken("the end"), AddedToken("dog")])
    end = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    return tokenizer


def golden(tokenizer):
    """For each text: ids without and with special tokens, and what the ids, cut anywhere, decode to."""
    cases = []
    for text in TEXTS:
        whole = tokenizer.encode(text).ids
        cases.append({
            "text": text,
            "ids": tokenizer.encode(text, add_special_tokens=False).ids,
            "whole": whole,
            "decoded": tokenizer.decode(whole),
            "with_special": tokenizer.decode(whole, skip_special_tokens=False),
            "half": tokenizer.decode(whole[len(whole) // 3:2 * len(whole) // 3]),
        })
    return cases


def spelled(kind, component):
    """The component as a tokenizer.json has it."""
    tokenizer = Tokenizer(models.BPE())
    setattr(tokenizer, kind, component)
    return json.loads(tokenizer.to_str())[kind]


def components():
    norm, pre, dec = normalizers, pre_tokenizers, decoders
    normalizer_list = [
        norm.NFC(), norm.NFD(), norm.NFKC(), norm.NFKD(), norm.Lowercase(), norm.Prepend("▁x"),
        norm.Replace(" ", "▁"), norm.Replace("a", "$1"), norm.Replace(Regex(r"\s+"), " "), norm.Replace(Regex("x*"), "-"),
        norm.Strip(), norm.Strip(True, False), norm.Strip(False, True),
        norm.Sequence([norm.NFKD(), norm.Lowercase(), norm.NFC()])]
    behaviors = ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]
    patterns = [" ", "a", "▁", Regex(r"\w+|[^\w\s]+"), Regex(r"\s*[\r\n]+"), Regex("x*"), Regex(r"^.|.$"), Regex(r"\d\d?"),
                Regex("[一-龥]+|(?i:the|ſ)|\\u00e9"), Regex(r"(?<=a)b|(?<!b)a|\p{P}(?=\s)"), Regex(r"\p{Han}+|\P{L}{2,3}?")]
    pre_list = [pre.ByteLevel(add_prefix_space=space, use_regex=use)
                for space in (False, True) for use in (False, True)]
    pre_list += [pre.Split(pattern, behavior, invert) for pattern in patterns for behavior in behaviors
                 for invert in (False, True)]
    pre_list += [pre.Split(Regex(pattern), "isolated") for pattern in (LLAMA3, QWEN2, O200K)]
    pre_list += [pre.Digits(True), pre.Digits(False), pre.Whitespace()]
    pre_list += [pre.Metaspace(prepend_scheme=scheme, split=split)
                 for scheme in ("always", "first", "never") for split in (False, True)]
    pre_list += [pre.Metaspace(replacement="é"), pre.Sequence([
        pre.Digits(True), pre.Split(Regex("a+"), "isolated"), pre.ByteLevel(add_prefix_space=True)])]
    tokens = [["▁Hey", "▁my", "▁friend", "▁", "▁▁x"], ["ĠHello", "Ċ", "é", "Ã", "©", "<s>", "日本"], [],
              ["<0xE5>", "<0x8f>", "<0xAB>", "a", "<0xFF>", "<0x41>", "b"], ["<0xE5>", "<0x8F>"],
              ["  x  ", " ", "   "], ["ð", "Ł", "ĺ", "a"], ["ð", "Ł", "ĺ"], ["<0xF0>", "<0x9F>", "z", "<0x98>"]]
    decoder_list = [dec.ByteLevel(), dec.ByteFallback(), dec.Fuse(), dec.Strip(" ", 1, 0),
                    dec.Strip(" ", 2, 0), dec.Strip("▁", 0, 1), dec.Replace("▁", " "), dec.Replace("x", "yy"),
                    dec.Metaspace(), dec.Metaspace(prepend_scheme="never"), dec.Metaspace(prepend_scheme="first"),
                    dec.Sequence([dec.ByteFallback(), dec.Fuse(), dec.Strip(" ", 1, 0)])]
    texts = [text for text in TEXTS if 0 < len(text) < 32]
    return {
        "texts": texts,
        "tokens": tokens,
        "normalizers": [{"normalizer": spelled("normalizer", it), "texts": [it.normalize_str(text) for text in texts]}
                        for it in normalizer_list],
        "pre_tokenizers": [{"pre_tokenizer": spelled("pre_tokenizer", it),
                            "pieces": [[piece for piece, _ in it.pre_tokenize_str(text)] for text in texts]}
                           for it in pre_list],
        "decoders": [{"decoder": spelled("decoder", it), "texts": [it.decode(list(part)) for part in tokens]}
                     for it in decoder_list],
    }


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def main():
    for make in (gpt2, llama3, qwen2, sentencepiece, metaspace, flags):
        name, tokenizer = make.__name__, make()
        file = json.loads(tokenizer.to_str())
        if name == "gpt2":
            # As the file of GPT-2 itself is: merges as strings, no type, empty affixes.
            model = file["model"]
            del model["type"]
            model.update(unk_token="", continuing_subword_prefix="", end_of_word_suffix="",
                         merges=[" ".join(pair) for pair in model["merges"]])
        write(f"{name}.tokenizer.json", file)
        write(f"{name}.golden.json", golden(Tokenizer.from_file(str(HERE / f"{name}.tokenizer.json"))))
    write("components.json", components())


if __name__ == "__main__":
    main()
