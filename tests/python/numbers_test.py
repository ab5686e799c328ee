"""What the operators compute, against PyTorch's attention and the definition in double precision."""

import unittest

from common import SHAPES, inputs, ops, random_mask, reference, seen
import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

DTYPES = (torch.float32, torch.bfloat16, torch.float16)


NOISE = {torch.float32: 2e-6, torch.bfloat16: 4e-3, torch.float16: 4e-3}


def error(found, expected):
    return (found.double() - expected).abs().max().item() if found.numel() else 0


def with_grads(attention, tensors):
    """What `attention` gives for the tensors, and their gradients where those of the output are random."""
    tensors = [tensor.detach().requires_grad_() for tensor in tensors]
    results = attention(*tensors)
    output_grad = torch.randn(results[0].shape, generator=torch.Generator().manual_seed(1)).to(results[0])
    return *results, *torch.autograd.grad(results[0], tensors, output_grad)


class Attention(unittest.TestCase):
    def check(self, shape, dtype, causal, block_mask, key_mask=None):
        tensors = inputs(shape, dtype)
        mask = seen(shape, block_mask, causal, key_mask)
        blind = ~mask.any(-1)
        output, log_sum_exp, *grads = with_grads(
            lambda q, k, v: ops.attention(q, k, v, block_mask, causal=causal, key_mask=key_mask), tensors)
        true_output, true_log_sum_exp, *true_grads = with_grads(
            lambda *x: reference(*x, mask), [tensor.double() for tensor in tensors])
        self.assertEqual(output[blind].abs().sum(), 0)
        self.assertTrue((log_sum_exp[blind] == float("-inf")).all())
        self.assertLess(error(log_sum_exp[~blind], true_log_sum_exp[~blind]), 5 * NOISE[dtype])
        if blind.any():  # PyTorch's attention has no numbers for these
            return
        peer_output, *peer_grads = with_grads(
            lambda q, k, v: (sdpa(q, k, v, mask, enable_gqa=True),), tensors)
        for name, a, peer, truth in zip(("output", "dq", "dk", "dv"), (output, *grads), (peer_output, *peer_grads),
                                        (true_output, *true_grads), strict=True):
            self.assertEqual((a.dtype, a.shape), (peer.dtype, peer.shape))
            self.assertLessEqual(error(a, truth), 2 * error(peer, truth) + NOISE[dtype], name)

    def test_is_as_exact_as_pytorch_with_the_same_mask(self):
        for shape in SHAPES:
            for dtype in DTYPES:
                for causal in (True, False):
                    with self.subTest(shape=shape, dtype=dtype, causal=causal):
                        self.check(shape, dtype, causal, None)
                        self.check(shape, dtype, causal, random_mask(shape) | True)
                        mask = random_mask(shape)
                        mask[..., 0] = True
                        self.check(shape, dtype, causal, mask)

    def test_gives_zeros_where_nothing_is_seen(self):
        for shape in SHAPES:
            self.check(shape, torch.float32, True, random_mask(shape, 0.2))

    def test_leaves_out_padded_keys(self):
        for shape in SHAPES[1:]:
            key_mask = torch.ones(shape[0], shape[4], dtype=torch.bool)
            key_mask[0, 5:20] = False
            for causal in (True, False):
                self.check(shape, torch.float32, causal, random_mask(shape) | True, key_mask)
            key_mask[-1] = False
            self.check(shape, torch.float32, True, None, key_mask)

    def test_takes_any_strides(self):
        shape = (2, 4, 2, 130, 130, 64)
        tensors = inputs(shape)
        mask = random_mask(shape)
        expected = with_grads(lambda q, k, v: ops.attention(q, k, v, mask), tensors)
        strided = [tensor.transpose(1, 2).contiguous().transpose(1, 2) for tensor in tensors]
        wide = [torch.cat((tensor, tensor), 3)[..., :64] for tensor in tensors]
        across = mask.transpose(2, 3).contiguous().transpose(2, 3)
        for other in (strided, wide):
            self.assertFalse(other[0].is_contiguous())
            found = with_grads(lambda q, k, v: ops.attention(q, k, v, across), other)
            for a, b in zip(found, expected, strict=True):
                self.assertTrue(torch.equal(a, b))

    def test_gradients_are_the_slopes_of_both_results(self):
        query, key, value = (tensor.requires_grad_() for tensor in inputs((1, 2, 1, 66, 66, 4)))
        mask = torch.ones(1, 2, 2, 2, dtype=torch.bool)
        mask[0, 1, 1, 0] = False
        torch.autograd.gradcheck(lambda *x: ops.attention(*x, mask), (query, key, value), eps=1e-2, atol=1e-2,
                                 rtol=1e-2, fast_mode=True)

    def test_only_the_log_sum_exp_may_have_a_gradient(self):
        shape = SHAPES[1]
        query, key, value = (tensor.requires_grad_() for tensor in inputs(shape))
        grads = torch.autograd.grad(ops.attention(query, key, value)[1].sum(), (query, key), retain_graph=True)
        doubles = [tensor.detach().double().requires_grad_() for tensor in (query, key, value)]
        expected = torch.autograd.grad(reference(*doubles, seen(shape))[1].sum(), doubles[:2])
        for a, b in zip(grads, expected, strict=True):
            self.assertLess(error(a, b), 1e-5)


class VariableLengths(unittest.TestCase):
    def setUp(self):
        self.query, self.key, self.value = (
            tensor[0].transpose(0, 1).contiguous() for tensor in inputs((1, 4, 2, 300, 300, 32)))
        self.offsets = torch.tensor([0, 70, 70, 300], dtype=torch.int32)

    def test_each_sequence_is_attended_to_on_its_own(self):
        tensors = (self.query, self.key, self.value)
        found = with_grads(lambda *x: ops.attention_varlen(*x, self.offsets, self.offsets), tensors)

        def one_by_one(*x):
            parts = [ops.attention(*(tensor[begin:end].transpose(0, 1)[None] for tensor in x))
                     for begin, end in ((0, 70), (70, 300))]
            return (torch.cat([output[0].transpose(0, 1) for output, _ in parts]),
                    torch.cat([log_sum_exp[0] for _, log_sum_exp in parts], 1))

        for a, b in zip(found, with_grads(one_by_one, tensors), strict=True):
            self.assertLess(error(a, b.double()), 1e-5)

    def test_keep_chooses_within_each_sequence(self):
        one = self.offsets[[2, 3]] - 70
        tail = [tensor[70:] for tensor in (self.query, self.key, self.value)]
        found = ops.attention_varlen(self.query, self.key, self.value, self.offsets, self.offsets, keep=0.3)[0]
        expected = ops.sparse_attention(*(tensor.transpose(0, 1)[None] for tensor in tail), keep=0.3)[0]
        self.assertTrue(torch.equal(found[70:], expected[0].transpose(0, 1)))
        self.assertTrue(torch.equal(found[70:], ops.attention_varlen(*tail, one, one, keep=0.3)[0]))

    def test_wrong_offsets_are_value_errors(self):
        with self.assertRaisesRegex(ValueError, "cu_seqlens_k from 0 to 300"):
            ops.attention_varlen(self.query, self.key, self.value, self.offsets, self.offsets[:2])

    def test_meta_tensors_have_the_results_shapes(self):
        x = [tensor.to("meta") for tensor in (self.query, self.key, self.value, self.offsets, self.offsets)]
        output, log_sum_exp = ops.attention_varlen(*x)
        self.assertEqual((output.shape, log_sum_exp.shape), (self.query.shape, (4, 300)))


class Selection(unittest.TestCase):
    def test_sparse_attention_is_selection_and_attention(self):
        shape = (1, 4, 2, 700, 700, 32)
        query, key, value = inputs(shape)
        for options in ({"selector": "pooled_top_k", "keep": 0.4}, {"selector": "quest_bounds", "blocks": 4},
                        {"selector": "threshold", "mass": 0.5}, {"selector": "sliding_window"}):
            attention = {"causal": False, "scale": 0.3, "key_mask": torch.arange(700)[None] >= 99}
            options |= {"sinks": 0, "window": 1} | attention
            mask = ops.select_blocks(query, key, **options)
            self.assertTrue(mask.any() and not mask.all())
            found = with_grads(lambda *x: ops.sparse_attention(*x, **options), (query, key, value))
            expected = with_grads(lambda *x: ops.attention(*x, mask, **attention), (query, key, value))
            for a, b in zip(found, expected, strict=True):
                self.assertTrue(torch.equal(a, b), options)

    def test_keep_one_is_dense_attention(self):
        query, key, value = inputs((1, 4, 2, 700, 700, 32))
        for a, b in zip(ops.sparse_attention(query, key, value, keep=1.0), ops.attention(query, key, value)):
            self.assertTrue(torch.equal(a, b))

    def test_pooled_top_k_keeps_the_largest_products_of_means(self):
        query, key, _ = inputs((1, 1, 1, 640, 640, 32))
        mask = ops.select_blocks(query, key, blocks=3, sinks=0, window=0, causal=False)[0, 0]
        scores = query[0, 0].view(10, 64, 32).mean(1) @ key[0, 0].view(10, 64, 32).mean(1).T
        scores.fill_diagonal_(float("inf"))  # is always kept
        self.assertTrue(torch.equal(mask, torch.zeros_like(mask).scatter(1, scores.topk(3).indices, True)))

    def test_sliding_window_keeps_sinks_and_window(self):
        query, key, _ = inputs((1, 1, 1, 640, 640, 32))
        mask = ops.select_blocks(query, key, selector="sliding_window", sinks=2, window=1)[0, 0]
        row, column = torch.arange(10)[:, None], torch.arange(10)
        self.assertTrue(torch.equal(mask, (column <= row) & ((column < 2) | (column >= row - 1))))

    def test_kept_fraction_counts_visible_pairs(self):
        shape = (1, 2, 2, 200, 200, 8)
        mask = random_mask(shape)
        expected = seen(shape, mask).sum() / seen(shape).sum()
        self.assertAlmostEqual(ops.kept_fraction(mask, 200, 200), expected.item(), places=6)


if __name__ == "__main__":
    unittest.main()
