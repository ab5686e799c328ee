"""Runs models in Hadal and in transformers and compares: parity_test.py PROBE HADAL.

Each model is a folder that `hadal model make` wrote or that transformers saved. Ids of a text must be
equal, logits within 1e-4 in fp32, and greedy tokens equal, or at the first that differs each within the
other's five most probable.
"""

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

for package in ("torch", "transformers", "safetensors"):
    if importlib.util.find_spec(package) is None:
        print(f"skipped: the Python package {package} is absent from {sys.executable}")
        sys.exit(77)
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

PROBE, HADAL = sys.argv[1:3] if len(sys.argv) > 2 else sys.exit("usage: parity_test.py PROBE HADAL")
TEXT = "Once upon a time there was a little house, 12345 years old. They said: it's happy!"
TOKENS = 40
TOLERANCE = 1e-4
SIZES = dict(vocab_size=512, hidden_size=64, intermediate_size=160, num_hidden_layers=4, num_attention_heads=8,
             num_key_value_heads=4, max_position_embeddings=512, bos_token_id=256, eos_token_id=[257, 259])
CONFIGS = {"llama": transformers.LlamaConfig, "mistral": transformers.MistralConfig,
           "qwen2": transformers.Qwen2Config, "qwen3": transformers.Qwen3Config}
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)


def make(folder, family):
    subprocess.run([HADAL, "model", "make", "--tiny", "--family", family, folder], check=True)


def made(family, positions=None, **changes):
    """A folder that Hadal wrote, with other settings for the same weights."""
    def build(folder):
        make(folder, family)
        path = folder / "config.json"
        config = json.loads(path.read_text()) | changes
        if positions:
            config["max_position_embeddings"] = positions
        path.write_text(json.dumps(config))
    return build


def saved(family, shard="5GB", dtype=torch.float32, **settings):
    """A folder that transformers wrote, with the tokenizer of one that Hadal wrote."""
    def build(folder):
        torch.manual_seed(1)
        config = CONFIGS[family](**(SIZES | settings))
        model = transformers.AutoModelForCausalLM.from_config(config)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, 1.0 if parameter.dim() == 1 else 0.0,
                                  0.3 if parameter.dim() == 1 else parameter.shape[-1] ** -0.5)
        model.to(dtype).save_pretrained(folder, max_shard_size=shard)
        with tempfile.TemporaryDirectory() as other:
            make(pathlib.Path(other) / "m", family)
            for name in ("tokenizer.json", "tokenizer_config.json"):
                shutil.copy(pathlib.Path(other) / "m" / name, folder)
    return build


MODELS = {
    "llama": made("llama"),
    "llama, linear": made("llama", rope_scaling={"type": "linear", "factor": 2.0}),
    "llama, dynamic, beyond training": made("llama", 48, rope_scaling={"rope_type": "dynamic", "factor": 4.0}),
    "llama, llama3": made("llama", rope_theta=5e5, rope_scaling={
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}),
    "llama, yarn": made("llama", rope_scaling=YARN),
    "llama, yarn, its settings": made("llama", rope_scaling=YARN | {
        "beta_fast": 16.0, "beta_slow": 2.0, "mscale": 0.7, "mscale_all_dim": 1.0, "truncate": False}),
    "llama, biases": saved("llama", attention_bias=True, mlp_bias=True),
    "llama, tied, shards": saved("llama", shard="100KB", tie_word_embeddings=True),
    "llama, wide heads, one key head": saved("llama", head_dim=32, num_key_value_heads=1),
    "llama, transformers 5, llama3": saved("llama", rope_parameters={
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}),
    "llama, bf16 file": saved("llama", dtype=torch.bfloat16),
    "llama, fp16 file": saved("llama", dtype=torch.float16),
    "mistral, window": made("mistral"),
    "mistral, no window": made("mistral", sliding_window=None),
    "qwen2, tied": made("qwen2"),
    "qwen2, untied, windows": saved("qwen2", tie_word_embeddings=False, use_sliding_window=True, sliding_window=8,
                                    max_window_layers=2),
    "qwen2, yarn": made("qwen2", rope_scaling=YARN),
    "qwen3": made("qwen3"),
    "qwen3, biases, tied, windows": saved("qwen3", head_dim=16, attention_bias=True, tie_word_embeddings=True,
                                          use_sliding_window=True, sliding_window=8,
                                          layer_types=["full_attention", "sliding_attention"] * 2),
}


def probe(folder, logits):
    done = subprocess.run([PROBE, folder, logits, str(TOKENS), TEXT], stdout=subprocess.PIPE, text=True, check=True)
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def greedy(model, ids):
    """`ids` and the most probable tokens after them, whether or not they end a text."""
    ids = list(ids)
    output = model(torch.tensor([ids]), use_cache=True)
    for _ in range(TOKENS):
        ids.append(output.logits[0, -1].argmax().item())
        output = model(torch.tensor([ids[-1:]]), past_key_values=output.past_key_values, use_cache=True)
    return ids


def agreement(model, ours, theirs):
    """How far the tokens are equal; asserts what is allowed at the first that differs."""
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a != b:
            best = model(torch.tensor([ours[:i]])).logits[0, -1].topk(5).indices.tolist()
            assert a in best and b in best, f"token {i}: {a} and {b}, of {best}"
            return i
    return len(ours)


@torch.no_grad()
def compare(name, build, folder):
    build(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                              attn_implementation="eager").eval()
    ids, ours = probe(folder, folder / "logits.out")
    assert ids == tokenizer(TEXT)["input_ids"], name
    logits = load_file(folder / "logits.out")["logits"]
    difference = (logits - model(torch.tensor([ids])).logits[0]).abs().max().item()
    assert difference < TOLERANCE, (name, difference)
    equal = agreement(model, ours, greedy(model, ids))
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False,
                                         add_generation_prompt=True)
    assert chat == "<|begin_of_text|><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", chat
    print(f"| {name:33} | {difference:.1e} | {logits.abs().max().item():5.1f} | {equal - len(ids):2} of {TOKENS} |")


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    print("| model                             | logits  | up to | tokens   |")
    print("|-----------------------------------|---------|-------|----------|")
    for name, build in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            compare(name, build, pathlib.Path(folder) / "model")


if __name__ == "__main__":
    main()
