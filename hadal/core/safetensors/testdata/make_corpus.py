"""Writes corpus/: the fuzzer's seeds, valid small files and one of each malformed kind. What the C++
reader says of each is in ../corpus_test.cpp. Made with safetensors 0.8.0, which serves as the
reference: it must refuse what is malformed, but for what LENIENT lists.
"""
import pathlib
import shutil
import struct

from safetensors import SafetensorError, deserialize

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"

# Refused by the C++ reader only, where the format's description is stricter than the package, where
# undefined behaviour would follow, or where strides would overflow.
LENIENT = {
    "bool_of_two", "duplicate_tensor", "duplicate_metadata_key", "leading_space", "metadata_null",
    "shape_overflow_of_empty", "unknown_field",
}


def file(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(name="a", dtype='"U8"', shape="[2]", offsets="[0,2]"):
    return f'"{name}":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}'


def one(data=b"xy", **fields):
    return file("{" + tensor(**fields) + "}", data)


VALID = {
    "valid_no_tensors": file("{}"),
    "valid_one": one(),
    "valid_metadata": file('{"__metadata__":{"k":"v","":""},' + tensor() + "}", b"xy"),
    "valid_trailing_white_space": file("{" + tensor() + "} \n\t\r ", b"xy"),
    "valid_inner_white_space": file("{\n " + tensor() + "\n}", b"xy"),
    "valid_any_order": file("{" + tensor("a", offsets="[2,4]") + "," + tensor("b") + "}", b"wxyz"),
    "valid_misaligned": one(b"\0" * 8, dtype='"F32"', offsets="[0,8]"),
    "valid_misaligned_within": file(
        "{" + tensor("b", shape="[1]", offsets="[0,1]")
        + "," + tensor("f", dtype='"F64"', shape="[1]", offsets="[1,9]") + "}",
        b"x" + struct.pack("<d", 1.5)),
    "valid_empty_between": file(
        "{" + tensor("a") + "," + tensor("e", shape="[0,5]", offsets="[2,2]")
        + "," + tensor("z", offsets="[2,4]") + "}", b"wxyz"),
    "valid_escaped_name": file('{"\\u00e9\\ud83d\\ude00":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}',
                               b"x"),
    "valid_f4_odd_last_size": one(b"x", dtype='"F4"', shape="[2,1]", offsets="[0,1]"),
    "valid_f6": file("{" + tensor("a", '"F6_E2M3"', "[4]", "[0,3]") + ","
                     + tensor("b", '"F6_E3M2"', "[4]", "[3,6]") + ","
                     + tensor("c", offsets="[6,8]") + "}", b"abcdefgh"),
}

MALFORMED = {
    # Around the JSON.
    "empty": b"",
    "short": b"\2\0\0\0\0\0\0",
    "length_past_end": file("{}", length=3),
    "length_too_large": file("{}", length=100_000_001),
    "length_overflow": file("{}", length=2**64 - 1),
    "no_header": file(""),
    "not_a_brace": file("[]"),
    "leading_space": file(" {}"),
    "git_lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "torch_zip": b"PK\3\4\0\0\x08\x08\0\0\0\0\0\0archive/data.pkl",
    "torch_pickle": b"\x80\2\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\2M\xe9\3.",
    "gguf": b"GGUF\3\0\0\0\0\0\0\0\0\0\0\0",
    "web_page": b"<!DOCTYPE html><html></html>",
    # JSON syntax.
    "json_cut": file('{"a":'),
    "json_trailing_text": file("{}x"),
    "json_trailing_nul": file("{}\0\0"),
    "json_two_values": file("{}{}"),
    "json_trailing_comma": file("{" + tensor() + ",}", b"xy"),
    "json_not_utf8": file(b'{"a\xff":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', b"xy"),
    "json_overlong_utf8": file(b'{"\xc0\x80":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', b"xy"),
    "json_lone_surrogate": file('{"\\ud83d":' + "{}" + "}"),
    "json_nan": one(shape="[NaN]"),
    "json_number_overflow": one(shape="[1e999]"),
    "nested_arrays": file('{"a":' + "[" * 20000),
    "nested_objects": file('{"a":' * 5000),
    # What the JSON says.
    "duplicate_tensor": file("{" + tensor() + "," + tensor() + "}", b"xy"),
    "duplicate_field": file('{"a":{"dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]}}', b"xy"),
    "duplicate_empty_shape": file(
        '{"a":{"shape":[],"shape":[],"dtype":"U8","data_offsets":[0,1]}}', b"x"),
    "duplicate_offsets": file(
        '{"a":{"data_offsets":[0,2],"data_offsets":[0,2],"dtype":"U8","shape":[2]}}', b"xy"),
    "duplicate_metadata": file('{"__metadata__":{},"__metadata__":{}}'),
    "duplicate_metadata_key": file('{"__metadata__":{"k":"1","k":"2"}}'),
    "metadata_null": file('{"__metadata__":null}'),
    "metadata_array": file('{"__metadata__":["k"]}'),
    "metadata_number": file('{"__metadata__":{"k":1}}'),
    "metadata_nested": file('{"__metadata__":{"k":{"l":"m"}}}'),
    "metadata_like_tensor": file("{" + tensor("__metadata__") + "}", b"xy"),
    "tensor_null": file('{"a":null}'),
    "tensor_array": file('{"a":[]}'),
    "tensor_empty": file('{"a":{}}'),
    "no_shape": file('{"a":{"dtype":"U8","data_offsets":[0,2]}}', b"xy"),
    "no_offsets": file('{"a":{"dtype":"U8","shape":[2]}}', b"xy"),
    "unknown_field": file('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1}}', b"xy"),
    "unknown_dtype": one(dtype='"F128"'),
    "dtype_case": one(dtype='"u8"'),
    "dtype_number": one(dtype="8"),
    "shape_number": one(shape="2"),
    "shape_negative": one(shape="[-2]"),
    "shape_float": one(shape="[2.0]"),
    "shape_string": one(shape='["2"]'),
    "shape_boolean": one(shape="[true]"),
    "shape_nested": one(shape="[[2]]"),
    "shape_beyond_63_bits": one(shape="[9223372036854775808]"),
    "shape_beyond_64_bits": one(shape="[18446744073709551616]"),
    "shape_overflow": one(shape="[4294967296,4294967296]"),
    "shape_overflow_to_fit": one(dtype='"I16"', shape="[9223372036854775807,2]"),
    "shape_overflow_of_empty": one(b"", shape="[0,9223372036854775807,3]", offsets="[0,0]"),
    "offsets_one": one(offsets="[0]"),
    "offsets_three": one(offsets="[0,1,2]"),
    "offsets_negative": one(offsets="[-1,1]"),
    "offsets_object": one(offsets="{}"),
    # How it fits the data.
    "offsets_reversed": one(offsets="[2,0]"),
    "offsets_past_end": one(offsets="[0,3]", shape="[3]"),
    "offsets_huge": one(offsets="[0,18446744073709551615]"),
    "size_too_small": one(shape="[3]"),
    "size_too_large": one(shape="[1]"),
    "size_of_empty": one(shape="[0]"),
    "part_of_a_byte": one(b"xy", dtype='"F4"', shape="[3]"),
    "scalar_f4": one(b"x", dtype='"F4"', shape="[]", offsets="[0,1]"),
    "hole_at_start": one(b"wxyz", offsets="[2,4]"),
    "hole_between": file("{" + tensor("a") + "," + tensor("b", offsets="[3,5]") + "}", b"vwxyz"),
    "overlap": file("{" + tensor("a") + "," + tensor("b", offsets="[1,3]") + "}", b"xyz"),
    "overlap_same": file("{" + tensor("a") + "," + tensor("b") + "}", b"xy"),
    "rest": one(b"xyz"),
    "rest_without_tensors": file("{}", b"x"),
    "empty_in_the_void": one(b"xy", shape="[0]", offsets="[1,1]"),
    "bool_of_two": one(b"\1\2", dtype='"BOOL"'),
}

SHARDS = '"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"'
INDICES = {
    "index_valid": '{"metadata":{"total_size":4},"weight_map":{' + SHARDS + "}}",
    "index_without_metadata": '{"weight_map":{' + SHARDS + "}}",
    "index_cut": '{"weight_map":{',
    "index_array": "[]",
    "index_no_map": '{"metadata":{}}',
    "index_map_array": '{"weight_map":[]}',
    "index_file_number": '{"weight_map":{"a":1}}',
    "index_duplicate_tensor": '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}',
    "index_duplicate_map": '{"weight_map":{},"weight_map":{}}',
    "index_nul": '{"weight_map":{}}\0x',
    "index_number_overflow": '{"metadata":{"total_size":1e999},"weight_map":{}}',
    "index_nested": '{"metadata":' + "[" * 20000,
    "index_absolute": '{"weight_map":{"a":"/etc/passwd"}}',
    "index_parent": '{"weight_map":{"a":".."}}',
    "index_escape": '{"weight_map":{"a":"../x.safetensors"}}',
    "index_subfolder": '{"weight_map":{"a":"sub/x.safetensors"}}',
    "index_backslash": '{"weight_map":{"a":"..\\\\x.safetensors"}}',
    "index_empty_name": '{"weight_map":{"a":""}}',
    "index_nul_name": '{"weight_map":{"a":"x.safetensors\\u0000y"}}',
}


def accepted(data):
    try:
        deserialize(data)
    except SafetensorError:
        return False
    return True


if __name__ == "__main__":
    shutil.rmtree(CORPUS, ignore_errors=True)
    CORPUS.mkdir()
    for name, data in (VALID | MALFORMED).items():
        assert accepted(data) == (name in VALID or name in LENIENT), name
        (CORPUS / f"{name}.safetensors").write_bytes(data)
    for name, text in INDICES.items():
        (CORPUS / f"{name}.json").write_bytes(text.encode())
