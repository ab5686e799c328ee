"""The operators under torch.compile and torch.export."""

import unittest

from common import inputs, ops, random_mask
import torch

SHAPE = (1, 4, 2, 200, 200, 32)


class Model(torch.nn.Module):
    """Self-attention with grouped queries over chosen blocks."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(128, 256)

    def forward(self, x):
        query, key, value = self.project(x).unflatten(-1, (8, 32)).transpose(1, 2).split((4, 2, 2), 1)
        output, log_sum_exp = ops.sparse_attention(query, key, value, keep=0.5, sinks=0, window=0)
        return output.transpose(1, 2).flatten(2), log_sum_exp


class Compiled(unittest.TestCase):
    def setUp(self):
        torch._dynamo.reset()
        torch.manual_seed(0)

    def check(self, dynamic):
        model, x = Model(), torch.randn(2, 200, 128)
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True, dynamic=dynamic)
        for tokens in (200, 130):
            results = []
            for call in (model, compiled):
                model.zero_grad()
                output, log_sum_exp = call(x[:, :tokens])
                (output.sum() + log_sum_exp.sum()).backward()
                results.append((output, log_sum_exp, model.project.weight.grad.clone()))
            for a, b in zip(*results, strict=True):
                torch.testing.assert_close(a, b)

    def test_gives_what_eager_gives(self):
        self.check(dynamic=False)

    def test_gives_what_eager_gives_for_any_length(self):
        self.check(dynamic=True)

    def test_shows_both_directions_as_operators(self):
        graphs = []

        def keep(graph, _):
            graphs.append({str(node.target) for node in graph.graph.nodes})
            return graph
        from torch._dynamo.backends.common import aot_autograd
        query, key, value = (tensor.requires_grad_() for tensor in inputs(SHAPE))
        mask = random_mask(SHAPE)
        compiled = torch.compile(lambda *x: ops.attention(*x, mask)[0].sum(),
                                 backend=aot_autograd(fw_compiler=keep, bw_compiler=keep), fullgraph=True)
        compiled(query, key, value).backward()
        forward, backward = graphs
        self.assertIn("hadal.attention.default", forward)
        self.assertIn("hadal.attention_backward.default", backward)

    def test_wrong_shapes_are_told_while_tracing(self):
        query, key, value = inputs(SHAPE)
        compiled = torch.compile(ops.attention, backend="aot_eager", fullgraph=True)
        with self.assertRaisesRegex(Exception, r"expected \[batch, heads, tokens, head_dim\] each"):
            compiled(query[0], key, value)

    def test_is_exported(self):
        model, x = Model().eval(), torch.randn(2, 200, 128)
        program = torch.export.export(model, (x,), dynamic_shapes=({1: torch.export.Dim("tokens", min=2, max=4096)},))
        shorter = x[:, :99]
        for a, b in zip(program.module()(shorter), model(shorter), strict=True):
            self.assertTrue(torch.equal(a, b))


if __name__ == "__main__":
    unittest.main()
