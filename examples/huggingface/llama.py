"""Runs a Hugging Face Llama with Hadal's sparse attention in place of PyTorch's, and compares the two.

    python llama.py [MODEL_FOLDER] [--text FILE] [--keep 0.3] [--tokens 480]

Without a folder the model is a tiny one with random weights. Needs the packages torch and transformers,
and Hadal's Python package: docs/python.md.
"""

import argparse
import functools
import pathlib

import hadal
import torch
from transformers import AttentionInterface, AttentionMaskInterface, LlamaConfig, LlamaForCausalLM
from transformers.masking_utils import flash_attention_mask


def hadal_attention(module, query, key, value, attention_mask, scaling=None, dropout=0.0, keep=0.3, **_):
    """What transformers calls for each layer. `attention_mask` is None or [batch, keys], False for padding."""
    if dropout:
        raise ValueError("hadal attention has no dropout: set attention_dropout to 0")
    options = {"causal": True, "scale": scaling, "key_mask": attention_mask}
    if query.shape[2] == 1:  # a step of generate(): one query sees all keys
        output, _ = hadal.ops.attention(query, key, value, **options)
    else:
        output, _ = hadal.ops.sparse_attention(query, key, value, keep=keep, window=0, **options)
    return output.transpose(1, 2).contiguous(), None


def register(keep):
    """Makes attn_implementation="hadal" known. The mask is that of flash attention, which is one of keys."""
    AttentionInterface.register("hadal", functools.partial(hadal_attention, keep=keep))
    AttentionMaskInterface.register("hadal", flash_attention_mask)


def load(folder):
    """(model, function from a text and a number of tokens to their ids)"""
    if folder:
        from transformers import PreTrainedTokenizerFast
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        return LlamaForCausalLM.from_pretrained(folder).eval(), lambda text, tokens: tokenizer(
            text, truncation=True, max_length=tokens)["input_ids"]
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=256, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
                         bos_token_id=1, eos_token_id=2, pad_token_id=0)
    return LlamaForCausalLM(config).eval(), lambda text, tokens: list(text.encode()[:tokens])


@torch.inference_mode()
def run(model, implementation, keep, **inputs):
    """The logits of a forward pass."""
    register(keep)
    model.set_attn_implementation(implementation)
    return model(**inputs).logits


def perplexity(logits, ids):
    return torch.nn.functional.cross_entropy(logits[0, :-1].float(), ids[0, 1:]).exp().item()


def padded(ids, lengths):
    """The ends of the text of these lengths as one batch, with padding on the left, and its mask."""
    longest = max(lengths)
    batch = torch.stack([torch.cat((torch.zeros(longest - n, dtype=torch.long), ids[0, -n:])) for n in lengths])
    mask = torch.stack([torch.arange(longest) >= longest - n for n in lengths]).long()
    return {"input_ids": batch, "attention_mask": mask}


def differences(model, inputs):
    """The largest difference of logits between Hadal's and PyTorch's attention at keep 1, padding left out."""
    expected = run(model, "sdpa", 1.0, **inputs)
    found = run(model, "hadal", 1.0, **inputs)
    real = inputs.get("attention_mask", torch.ones_like(inputs["input_ids"])).bool()
    return (found - expected)[real].abs().max().item()


@torch.inference_mode()
def generated(model, implementation, inputs, count):
    register(1.0)
    model.set_attn_implementation(implementation)
    return model.generate(**inputs, max_new_tokens=count, do_sample=False, eos_token_id=None, pad_token_id=0)


def kept_share(model, keep, ids):
    """The share of the visible pairs that the layers computed, with heads as the model has them."""
    shares = []

    def recording(module, query, key, *arguments, **options):
        mask = hadal.ops.select_blocks(query, key, keep=keep, window=0, scale=options["scaling"])
        shares.append(hadal.ops.kept_fraction(mask, query.shape[2], key.shape[2]))
        return hadal_attention(module, query, key, *arguments, **options, keep=keep)

    AttentionInterface.register("hadal", recording)
    model.set_attn_implementation("hadal")
    with torch.inference_mode():
        model(ids)
    return sum(shares) / len(shares)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="folder of a Hugging Face Llama")
    parser.add_argument("--text", type=pathlib.Path, default=pathlib.Path(__file__).with_name("story.txt"))
    parser.add_argument("--keep", type=float, default=0.3)
    parser.add_argument("--tokens", type=int, default=480)
    options = parser.parse_args()

    model, encode = load(options.model)
    ids = torch.tensor([encode(options.text.read_text(), options.tokens)])
    batch = padded(ids, (ids.shape[1], ids.shape[1] // 2, 70))
    prompt = padded(ids[:, :200], (150, 40))

    print(f"{ids.shape[1]} tokens; keep 1, the largest difference of logits from sdpa:")
    print(f"  one text              {differences(model, {'input_ids': ids}):.1e}")
    print(f"  batch, left padding   {differences(model, batch):.1e}")
    same = torch.equal(*(generated(model, name, prompt, 40) for name in ("sdpa", "hadal")))
    print(f"  40 tokens generated   {'the same' if same else 'others'}")

    print(f"keep {options.keep}, {kept_share(model, options.keep, ids):.0%} of the pairs kept:")
    dense = run(model, "sdpa", 1.0, input_ids=ids)
    sparse = run(model, "hadal", options.keep, input_ids=ids)
    agree = (dense.argmax(-1) == sparse.argmax(-1)).float().mean().item()
    print(f"  perplexity            {perplexity(sparse, ids):.3f}, dense {perplexity(dense, ids):.3f}")
    print(f"  same next token       {agree:.1%}")


if __name__ == "__main__":
    main()
