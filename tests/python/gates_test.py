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

HEADS, KV_HEADS, HEAD_DIM, RANK, TOKENS = 4, 2, 32, 16, 8 * BLOCK


def random_gate(layer):
    sizes = {"query.weight": (HEADS, RANK, HEAD_DIM), "query.bias": (HEADS, RANK),
             "key.weight": (KV_HEADS, RANK, 3 * HEAD_DIM), "key.bias": (KV_HEADS, RANK)}
    return {f"layers.{layer}.{name}": torch.randn(*size) for name, size in sizes.items()}


def logits(gate, layer, query, key):
    """The gate by its definition, [heads, query blocks, key blocks]."""
    parts = {name.removeprefix(f"layers.{layer}."): tensor for name, tensor in gate.items()}
    queries = query[0].view(HEADS, -1, BLOCK, HEAD_DIM).mean(2) * HEAD_DIM ** -0.5
    keys = key[0].view(KV_HEADS, -1, BLOCK, HEAD_DIM)
    keys = torch.cat((keys.mean(2), keys.amax(2), keys.amin(2)), -1)
    left = torch.einsum("hrd,hnd->hnr", parts["query.weight"], queries) + parts["query.bias"][:, None]
    right = torch.einsum("hrd,hnd->hnr", parts["key.weight"], keys) + parts["key.bias"][:, None]
    return left @ right.repeat_interleave(HEADS // KV_HEADS, 0).transpose(1, 2)


class Gates(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.gate = random_gate(5)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(pathlib.Path(folder.name) / "gates.safetensors")
        save_file(self.gate, self.path, {
            "format": "hadal.dao.gate", "version": "1", "heads": str(HEADS), "kv_heads": str(KV_HEADS),
            "head_dim": str(HEAD_DIM), "rank": str(RANK), "features": "mean,max,min"})
        self.query, self.key, _ = inputs((1, HEADS, KV_HEADS, TOKENS, TOKENS, HEAD_DIM))

    def test_keep_the_blocks_of_the_largest_logits(self):
        gates = torch.classes.hadal.Gates(self.path)
        self.assertEqual(gates.layers(), [5])
        mask = gates.select_blocks(5, self.query, self.key, blocks=3, sinks=0, window=0)
        scores = logits(self.gate, 5, self.query, self.key)
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
