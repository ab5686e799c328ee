"""Writes a Llama checkpoint of Hugging Face's layout as a GGUF file, for llama.cpp."""

import json
import pathlib

import gguf
import torch
from safetensors import safe_open

# Names of llama.cpp's tensors by those of Hugging Face's, without "model." and ".weight".
OF_MODEL = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}
OF_LAYER = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def name_of(name):
    name = name.removeprefix("model.").removesuffix(".weight")
    if not name.startswith("layers."):
        return OF_MODEL[name] + ".weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{OF_LAYER[rest]}.weight"


def interleaved(weight, heads):
    """The rows of a projection, from halves that rotate together to neighbours that do."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def write(folder, file):
    """The weights as bf16, the norms as fp32, as llama.cpp's own converter has them."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    writer = gguf.GGUFWriter(file, "llama")
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    vocabulary = config["vocab_size"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_rope_freq_base((config.get("rope_parameters") or config)["rope_theta"])
    writer.add_vocab_size(vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    writer.add_tokenizer_model("no_vocab")
    for part in sorted(folder.glob("*.safetensors")):
        with safe_open(part, "pt") as tensors:
            for name in tensors.keys():
                weight = tensors.get_tensor(name)
                if name.endswith("q_proj.weight"):
                    weight = interleaved(weight, heads)
                elif name.endswith("k_proj.weight"):
                    weight = interleaved(weight, kv_heads)
                if weight.dim() == 1:
                    writer.add_tensor(name_of(name), weight.float().numpy())
                    continue
                bits = weight.to(torch.bfloat16).contiguous().view(torch.int16).numpy()
                writer.add_tensor(name_of(name), bits.view("uint8"), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
