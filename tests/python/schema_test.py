"""The operators as PyTorch's own checks, its tracers and its error classes see them."""

import unittest

from common import SHAPES, inputs, ops, random_mask
import torch

CHECKS = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")


def require_grad(tensors):
    return tuple(tensor.requires_grad_() for tensor in tensors)


def call_arguments(shape, dtype):
    """(operator, arguments, keywords) for one call of each operator that has a meta function."""
    query, key, value = inputs(shape, dtype)
    mask = random_mask(shape)
    key_mask = torch.rand(shape[0], shape[4]) < 0.9
    output, log_sum_exp = ops.attention(query, key, value, mask, causal=False, key_mask=key_mask)
    options = {"causal": False, "key_mask": key_mask}
    yield ops.attention_backward, (output, log_sum_exp, query, key, value, output, log_sum_exp, mask), options
    yield ops.attention_backward, (output, None, query, key, value, output, log_sum_exp), {}
    query, key, value = require_grad((query, key, value))
    yield ops.attention, (query, key, value), {}
    yield ops.attention, (query, key, value, mask), options | {"scale": 0.2}
    yield ops.select_blocks, (query.detach(), key.detach()), {"key_mask": key_mask}
    yield ops.select_blocks, (query, key), {"selector": "threshold", "mass": 0.5, "causal": False}
    yield ops.sparse_attention, (query, key, value), {"selector": "quest_bounds", "keep": 0.5}
    yield ops.sparse_attention, (query, key, value), {"blocks": 2, "window": 0} | options


class Schemas(unittest.TestCase):
    def test_opcheck_passes(self):
        for shape, dtype in zip(SHAPES[:3], (torch.float32, torch.bfloat16, torch.float16)):
            for operator, arguments, options in call_arguments(shape, dtype):
                with self.subTest(operator=operator, shape=shape, dtype=dtype, options=options):
                    torch.library.opcheck(operator.default, arguments, options, test_utils=CHECKS)

    def test_meta_tensors_have_the_results_shapes(self):
        for shape in SHAPES:
            for operator, arguments, options in call_arguments(shape, torch.bfloat16):
                def meta(value):
                    return value.to("meta") if isinstance(value, torch.Tensor) else value
                found = operator(*map(meta, arguments), **{name: meta(value) for name, value in options.items()})
                expected = operator(*arguments, **options)
                for a, b in zip(found if isinstance(found, tuple) else (found,),
                                expected if isinstance(expected, tuple) else (expected,), strict=True):
                    self.assertEqual((a.shape, a.dtype), (b.shape, b.dtype))
                    self.assertTrue(a.is_meta and a.is_contiguous() and b.is_contiguous())

    def test_options_are_those_that_are_documented(self):
        self.assertEqual(
            str(ops.sparse_attention.default._schema),
            'hadal::sparse_attention(Tensor query, Tensor key, Tensor value, *, str selector="pooled_top_k", '
            "float keep=0.29999999999999999, int? blocks=None, float mass=0.94999999999999996, int sinks=1, "
            "int window=4, bool causal=True, float? scale=None, Tensor? key_mask=None) "
            "-> (Tensor output, Tensor log_sum_exp)")


class Errors(unittest.TestCase):
    def setUp(self):
        self.query, self.key, self.value = inputs((1, 4, 2, 70, 70, 16))

    def refused(self, error, text, operator, *arguments, **options):
        with self.assertRaises(error) as caught:
            operator(*arguments, **options)
        self.assertIn(text, str(caught.exception))

    def test_wrong_values_are_value_errors_that_say_what_to_do(self):
        q, k, v = self.query, self.key, self.value
        self.refused(ValueError, "expected keep above 0 and up to 1, got 0 (1 keeps everything; pass a fraction",
                     ops.sparse_attention, q, k, v, keep=0.0)
        self.refused(ValueError, 'there is no selector "best" (use pooled_top_k, quest_bounds, threshold or',
                     ops.select_blocks, q, k, selector="best")
        self.refused(ValueError, "expected a budget of 1 block or more, got 0",
                     ops.select_blocks, q, k, blocks=0)
        self.refused(ValueError, "expected a positive scale, got -1", ops.attention, q, k, v, scale=-1.0)

    def test_wrong_tensors_are_value_errors_that_name_what_came(self):
        q, k, v = self.query, self.key, self.value
        self.refused(ValueError, "expected block_mask Bool [1, 4, 2, 2], got Bool [4, 1, 2, 2]",
                     ops.attention, q, k, v, torch.ones(4, 1, 2, 2, dtype=torch.bool))
        self.refused(ValueError, "expected block_mask Bool [1, 4, 2, 2], got Float [1, 4, 2, 2]",
                     ops.attention, q, k, v, torch.ones(1, 4, 2, 2))
        self.refused(ValueError, "expected key_mask Bool [1, 70] on cpu, got Bool [1, 69]",
                     ops.attention, q, k, v, key_mask=torch.ones(1, 69, dtype=torch.bool))
        self.refused(ValueError, "expected key and value of one shape", ops.attention, q, k[:, :, :9], v)
        self.refused(ValueError, "expected fp32, bf16 or fp16", ops.attention, q.double(), k, v)
        self.refused(ValueError, "expected [batch, heads, tokens, head_dim] each", ops.attention, q[0], k, v)
        self.refused(ValueError, "expected [batch, heads, tokens, head_dim] each",
                     ops.attention, q[0].to("meta"), k.to("meta"), v.to("meta"))
        self.refused(ValueError, "got query Float [4, 70, 16] on cpu", ops.select_blocks, q[0], k)
        self.refused(ValueError, "expected output_grad [1, 4, 70, 16]", ops.attention_backward,
                     q[:, :1], None, q, k, v, q, q[..., 0])
        self.refused(ValueError, "expected a bool mask", ops.kept_fraction, q, 70, 70)

    def test_differentiating_twice_is_refused(self):
        query = self.query.requires_grad_()
        grad, = torch.autograd.grad(ops.attention(query, self.key, self.value)[0].sum(), query, create_graph=True)
        self.refused(RuntimeError, "hadal::attention_backward", grad.sum().backward)


if __name__ == "__main__":
    unittest.main()
