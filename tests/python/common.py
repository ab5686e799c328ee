"""What the tests of the operators in Python have in common."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY, TORCH_VERSION = sys.argv[1:3] if len(sys.argv) > 2 else sys.exit("usage: TEST.py LIBRARY TORCH_VERSION")
del sys.argv[1:3]


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


try:
    import torch
except ImportError:
    skip(f"the Python package torch is absent from {sys.executable}")
if torch.__version__.split("+")[0] != TORCH_VERSION:
    skip(f"Hadal was built with LibTorch {TORCH_VERSION}, and {sys.executable} has {torch.__version__}")

os.environ["HADAL_OPS"] = LIBRARY
sys.path.insert(0, str(ROOT / "python"))
import hadal  # noqa: E402

ops = hadal.ops
BLOCK = 64
# batch, heads, kv_heads, queries, keys, head_dim
SHAPES = ((1, 1, 1, 1, 1, 8), (2, 4, 2, 130, 130, 64), (1, 3, 3, 65, 200, 33), (1, 2, 1, 320, 320, 128))


def inputs(shape, dtype=torch.float32, seed=0):
    """Query, key and value of one of SHAPES."""
    torch.manual_seed(seed)
    batch, heads, kv_heads, queries, keys, head_dim = shape
    return (torch.randn(batch, heads, queries, head_dim).to(dtype),
            torch.randn(batch, kv_heads, keys, head_dim).to(dtype),
            torch.randn(batch, kv_heads, keys, head_dim).to(dtype))


def blocks_of(tokens):
    return -(-tokens // BLOCK)


def random_mask(shape, keep=0.6):
    """A mask of blocks for one of SHAPES."""
    batch, heads, _, queries, keys, _ = shape
    return torch.rand(batch, heads, blocks_of(queries), blocks_of(keys)) < keep


def seen(shape, block_mask=None, causal=True, key_mask=None):
    """Which keys each query sees, by the definition of the masks."""
    batch, heads, _, queries, keys, _ = shape
    mask = torch.ones(batch, heads, queries, keys, dtype=torch.bool)
    if causal:
        mask = mask.tril(keys - queries)
    if block_mask is not None:
        mask &= block_mask.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)[:, :, :queries, :keys]
    return mask if key_mask is None else mask & key_mask[:, None, None, :]


def reference(query, key, value, mask, scale=None):
    """Attention by its definition in the inputs' type; zeros for a query that sees nothing."""
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = (query @ key.transpose(-1, -2) * scale).masked_fill(~mask, float("-inf"))
    log_sum_exp = scores.logsumexp(-1)
    weights = (scores - log_sum_exp.masked_fill(log_sum_exp == float("-inf"), 0)[..., None]).exp()
    return weights @ value, log_sum_exp
