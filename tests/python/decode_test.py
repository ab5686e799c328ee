"""Decoding against a paged cache from Python."""

import unittest

from common import inputs, ops, reference, seen
import torch


def cache(**options):
    return torch.classes.hadal.PagedKvCache(
        *(options.get(name, default) for name, default in (
            ("pages", 64), ("kv_heads", 2), ("head_dim", 32), ("dtype", torch.float32), ("selector", None))))


class Decoding(unittest.TestCase):
    def setUp(self):
        self.shape = (2, 4, 2, 3, 700, 32)
        self.query, self.key, self.value = inputs(self.shape)

    def filled(self, **options):
        """A cache with both sequences, in two parts, and their names."""
        paged = cache(**options)
        names = [paged.add(), paged.add()]
        for part in (slice(0, 130), slice(130, 700)):
            paged.append(names, self.key[:, :, part], self.value[:, :, part])
        return paged, names

    def test_sees_all_tokens_without_a_budget(self):
        paged, names = self.filled()
        output, log_sum_exp, kept = paged.decode(self.query, names)
        expected = reference(self.query.double(), self.key.double(), self.value.double(), seen(self.shape))
        torch.testing.assert_close(output.double(), expected[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(log_sum_exp.double(), expected[1], atol=1e-5, rtol=1e-5)
        self.assertEqual(kept, 1.0)
        self.assertEqual([paged.length(name) for name in names], [700, 700])

    def test_looks_at_the_pages_of_its_budget(self):
        for selector in ("pooled_top_k", "quest_bounds"):
            paged, names = self.filled(selector=selector)
            step = self.query[:, :, :1]
            kept = [paged.decode(step, names, keep=keep, sinks=0, window=0)[2] for keep in (0.2, 0.5, 1.0)]
            self.assertAlmostEqual(kept[0], 0.2, delta=0.1)
            self.assertAlmostEqual(kept[1], 0.5, delta=0.1)
            self.assertEqual(kept[2], 1.0)
            self.assertAlmostEqual(paged.decode(step, names, blocks=6, sinks=0, window=0)[2], 6 / 11, delta=0.04)

    def test_shares_pages_and_frees_them(self):
        paged, names = self.filled()
        free = paged.free_pages()
        branch = paged.fork(names[0], 640)
        self.assertEqual((paged.free_pages(), paged.length(branch)), (free, 640))
        for name in (*names, branch):
            paged.free(name)
        self.assertEqual(paged.free_pages(), 64)
        self.assertGreater(paged.bytes(), 64 * 64 * 2 * 32 * 4)

    def test_refuses_what_cannot_be_with_the_reason(self):
        paged, names = self.filled()
        for text, call in (
                ("expected a cache with a scorer", lambda: paged.decode(self.query, names, keep=0.5)),
                ("expected query Float [2, heads, queries, 32]", lambda: paged.decode(self.query[:1], names)),
                ('there is no selector of pages "best"', lambda: cache(selector="best")),
                ("pages", lambda: cache(pages=-1))):
            with self.assertRaises(ValueError) as caught:
                call()
            self.assertIn(text, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
