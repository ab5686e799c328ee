"""Choosing blocks by trained gates from Python."""

import pathlib
import tempfile
import unittest

from common import BLOCK, inputs, skip
import torch

try:
    from safetensors.torch import save_file
except ImportError:
    skip("the Python package safetensors is absent")

HEADS, KV_HEADS, HEAD_DIM, RANK, TOKENS = 4, 2, 32, 6, 8 * BLOCK


def random_gate(layer):
    parts = {"query.weight": torch.rand(HEADS) + 0.2,
             "key.diagonal": 0.3 * torch.randn(KV_HEADS, 2, 3, HEAD_DIM),
             "key.down": 0.1 * torch.randn(KV_HEADS, RANK, 3 * HEAD_DIM),
             "key.up": 0.3 * torch.randn(KV_HEADS, 2 * HEAD_DIM, RANK),
             "key.bias": 0.1 * torch.randn(KV_HEADS, 2 * HEAD_DIM)}
    return {f"layers.{layer}.{name}": tensor for name, tensor in parts.items()}


def shares(gate, layer, query, key):
    """The gate by its definition, in fp64: the largest share that a query of each block gives, [heads, query
    blocks, key blocks]."""
    parts = {name.removeprefix(f"layers.{layer}."): tensor.double() for name, tensor in gate.items()}
    blocks = key[0].double().view(KV_HEADS, -1, BLOCK, HEAD_DIM)
    pooled = torch.stack((blocks.mean(2), blocks.amax(2), blocks.amin(2)), 2)  # [kv_heads, blocks, 3, head_dim]
    own = torch.einsum("gpkd,gnkd->gnpd", parts["key.diagonal"], pooled).flatten(2)
    mixed = torch.einsum("gor,gri,gni->gno", parts["key.up"], parts["key.down"], pooled.flatten(2))
    centre, radius = (own + mixed + parts["key.bias"][:, None]).chunk(2, -1)
    queries = query[0].double() * HEAD_DIM ** -0.5  # [heads, tokens, head_dim]
    group = torch.arange(HEADS) // (HEADS // KV_HEADS)
    products = queries @ centre[group].mT + queries.abs() @ radius[group].mT
    products *= parts["query.weight"][:, None, None]
    block = torch.arange(TOKENS) // BLOCK
    unseen = torch.arange(TOKENS // BLOCK) > block[:, None]
    share = products.masked_fill(unseen, -torch.inf).softmax(-1)
    return share.view(HEADS, -1, BLOCK, TOKENS // BLOCK).amax(2)


class Gates(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.gate = random_gate(5)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(pathlib.Path(folder.name) / "gates.safetensors")
        save_file(self.gate, self.path, {
            "format": "hadal.dao.gate", "version": "2", "heads": str(HEADS), "kv_heads": str(KV_HEADS),
            "head_dim": str(HEAD_DIM), "rank": str(RANK), "features": "mean,max,min"})
        self.query, self.key, _ = inputs((1, HEADS, KV_HEADS, TOKENS, TOKENS, HEAD_DIM))

    def test_keep_the_blocks_of_the_largest_shares(self):
        gates = torch.classes.hadal.Gates(self.path)
        self.assertEqual(gates.layers(), [5])
        mask = gates.select_blocks(5, self.query, self.key, blocks=3, sinks=0, window=0)
        scores = shares(self.gate, 5, self.query, self.key)
        for head in range(HEADS):
            for row in range(TOKENS // BLOCK):
                best = scores[head, row, :row].topk(min(2, row)).indices.tolist()
                self.assertEqual(mask[0, head, row].nonzero().flatten().tolist(), sorted([*best, row]))

    def test_say_what_is_wrong(self):
        gates = torch.classes.hadal.Gates(self.path)
        with self.assertRaisesRegex(ValueError, "there is no gate of layer 4"):
            gates.select_blocks(4, self.query, self.key)
        with self.assertRaisesRegex(RuntimeError, "absent.safetensors"):
            torch.classes.hadal.Gates(self.path.replace("gates", "absent"))


if __name__ == "__main__":
    unittest.main()
