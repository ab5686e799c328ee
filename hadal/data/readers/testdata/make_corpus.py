"""Makes the corpora beside this file with Python's own gzip, wave, struct and json.

Each folder holds the inputs of one reader, sound ones and one of each malformed kind. The tests
know the value or the error of each; the fuzzers start from them. Run: python3 make_corpus.py
"""

import gzip
import io
import json
import pathlib
import struct
import wave
import zlib

HERE = pathlib.Path(__file__).parent


def write(folder, files):
    (HERE / folder).mkdir(exist_ok=True)
    for name, content in files.items():
        (HERE / folder / name).write_bytes(content)


def packed(content):
    return gzip.compress(content, mtime=0)


def gzip_files():
    hello = packed(b"hello\n")
    header = b"\x1f\x8b\x08"
    named = io.BytesIO()
    with gzip.GzipFile("a name", "wb", fileobj=named, mtime=1) as out:
        out.write(b"named\n")
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = raw.compress(b"all fields\n") + raw.flush()
    extra = (header + b"\x1e" + bytes(6) + struct.pack("<H", 4) + b"xtra" + b"name\0" + b"comment\0")
    extra += struct.pack("<H", zlib.crc32(extra) & 0xFFFF)
    extra += body + struct.pack("<II", zlib.crc32(b"all fields\n"), 11)
    write("gzip", {
        "hello.gz": hello,
        "empty_content.gz": packed(b""),
        "named.gz": named.getvalue(),
        "all_fields.gz": extra,
        "two_members.gz": hello + packed(b"world\n"),
        "padded.gz": hello + bytes(512),
        "bomb.gz": packed(bytes(4 << 20)),
        "empty.gz": b"",
        "not_gzip.gz": b"hello\n",
        "zlib_stream.gz": zlib.compress(b"hello\n"),
        "header_cut.gz": hello[:5],
        "data_cut.gz": hello[:13],
        "trailer_cut.gz": hello[:-3],
        "second_member_cut.gz": hello + packed(b"world\n")[:-1],
        "second_member_magic_only.gz": hello + b"\x1f\x8b",
        "wrong_crc.gz": hello[:-8] + bytes(4) + hello[-4:],
        "wrong_length.gz": hello[:-4] + struct.pack("<I", 7),
        "wrong_header_crc.gz": extra[:10] + b"\x04\x00Xtra" + extra[16:],
        "unknown_method.gz": header[:2] + b"\x07" + hello[3:],
        "reserved_flags.gz": header + b"\xe0" + hello[4:],
        "reserved_block.gz": hello[:10] + b"\x07" + hello[11:],
        "garbage.gz": hello + b"garbage",
        "garbage_after_padding.gz": hello + bytes(9) + b"x",
    })


def idx(code, shape, data):
    return bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + data


def idx_files():
    pixels = idx(8, [2, 3], bytes([0, 1, 2, 127, 128, 255]))
    write("idx", {
        "uint8.idx": pixels,
        "int8.idx": idx(9, [3], struct.pack(">3b", -128, 0, 127)),
        "int16.idx": idx(11, [2, 2], struct.pack(">4h", -32768, -2, 258, 32767)),
        "int32.idx": idx(12, [3], struct.pack(">3i", -2147483648, 16909060, 2147483647)),
        "float.idx": idx(13, [2, 1, 2], struct.pack(">4f", -1.5, 0.1, 3e38, float("inf"))),
        "double.idx": idx(14, [2], struct.pack(">2d", -0.1, 1e300)),
        "no_elements.idx": idx(8, [0, 28, 28], b""),
        "rank_255.idx": idx(8, [1] * 255, b"\x07"),
        "empty.idx": b"",
        "magic_cut.idx": pixels[:3],
        "magic.idx": b"PNG\x01" + pixels[4:],
        "type.idx": idx(10, [1], b"\x00"),
        "rank_0.idx": idx(8, [], b"\x07"),
        "shape_cut.idx": pixels[:11],
        "data_cut.idx": pixels[:-1],
        "data_long.idx": pixels + b"\x00",
        "type_wider_than_data.idx": idx(14, [2], bytes(8)),
        "huge.idx": idx(8, [0xFFFFFFFF, 1], b""),
        "overflow.idx": idx(8, [0xFFFFFFFF] * 3, b""),
        "overflow_to_fit.idx": idx(8, [1 << 31, 1 << 31, 4], b""),
        "overflow_of_empty.idx": idx(14, [0, 0xFFFFFFFF, 0xFFFFFFFF, 8], b""),
        "gzip.idx": packed(pixels),
    })


def cifar10_files():
    records = [bytes([label]) + bytes((label * 50 + i) % 251 for i in range(3072)) for label in (3, 9)]
    write("cifar10", {
        "two.bin": b"".join(records),
        "two.bin.gz": packed(b"".join(records)),
        "empty.bin": b"",
        "cut.bin": b"".join(records)[:-1],
        "short.bin": records[0][:100],
        "label_10.bin": records[0] + b"\x0a" + records[1][1:],
    })


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(name, content, size=None):
    padding = b"\0" if len(content) % 2 else b""
    return name + struct.pack("<I", len(content) if size is None else size) + content + padding


def fmt(tag=1, channels=1, rate=8000, bits=16, block=None, rest=b""):
    block = channels * bits // 8 if block is None else block
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits) + rest)


GUID_REST = bytes.fromhex("000000001000800000aa00389b71")


def extensible(tag, bits, valid, channels=1, guid_rest=GUID_REST, size=22):
    rest = struct.pack("<HHI", size, valid, 4) + struct.pack("<H", tag) + guid_rest
    return fmt(0xFFFE, channels, 16000, bits, rest=rest)


def by_wave_module(channels, width, rate, frames):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(frames)
    return out.getvalue()


def wav_files():
    pcm16 = struct.pack("<4h", -32768, -1, 16384, 32767)
    mono = by_wave_module(1, 2, 8000, pcm16)
    data = chunk(b"data", pcm16)
    floats = struct.pack("<3f", -1.5, 0.25, 1.0)
    pcm24 = bytes.fromhex("000080" "ffffff" "000040" "ffff7f")
    head = mono[:40]
    write("wav", {
        "pcm8.wav": by_wave_module(1, 1, 11025, bytes([0, 128, 255])),
        "pcm16.wav": mono,
        "pcm16_stereo.wav": by_wave_module(2, 2, 44100, struct.pack("<6h", 1, -1, 2, -2, 3, -3)),
        "pcm24.wav": by_wave_module(1, 3, 48000, pcm24),
        "pcm32.wav": by_wave_module(1, 4, 8000, struct.pack("<3i", -2147483648, 1 << 30, 2147483647)),
        "float.wav": riff(fmt(3, bits=32), chunk(b"data", floats)),
        "float_extensible.wav": riff(extensible(3, 32, 32), chunk(b"data", floats)),
        "pcm20_in_24_extensible.wav": riff(extensible(1, 24, 20), chunk(b"data", pcm24)),
        "no_samples.wav": mono[:40] + bytes(4),
        "odd_chunks.wav": riff(chunk(b"LIST", b"abc"), fmt(rest=b"\0\0"), chunk(b"fact", b"\4\0\0\0"),
                               chunk(b"odd ", b"x"), data, chunk(b"LIST", b"after")),
        "odd_data_without_padding.wav": riff(fmt(bits=8), chunk(b"data", bytes([0, 128, 255])))[:-1],
        "streamed_0.wav": head + bytes(4) + pcm16,
        "streamed_ffffffff.wav": head + b"\xff\xff\xff\xff" + pcm16 + b"x",
        "streamed_7ffff000.wav": head + b"\x00\xf0\xff\x7f" + pcm16,
        "wrong_riff_size.wav": mono[:4] + bytes(4) + mono[8:],
        "empty.wav": b"",
        "riff_cut.wav": mono[:11],
        "big_endian.wav": b"RIFX" + mono[4:],
        "avi.wav": mono[:8] + b"AVI " + mono[12:],
        "nothing.wav": riff(),
        "no_format.wav": riff(data),
        "only_other.wav": riff(chunk(b"LIST", b"abcd")),
        "no_data.wav": riff(fmt()),
        "chunk_header_cut.wav": mono[:39],
        "format_cut.wav": mono[:30],
        "format_short.wav": riff(chunk(b"fmt ", bytes(14)), data),
        "two_formats.wav": riff(fmt(), fmt(), data),
        "chunk_past_end.wav": riff(fmt(), chunk(b"LIST", b"abcd", 0xFFFFFFFE)),
        "data_cut.wav": mono[:-2],
        "data_claims_much.wav": head + b"\xfe\xff\xff\xff" + pcm16,
        "partial_frame.wav": riff(fmt(), chunk(b"data", pcm16[:-1])),
        "no_channels.wav": riff(fmt(channels=0), data),
        "no_rate.wav": riff(fmt(rate=0), data),
        "wrong_block.wav": riff(fmt(block=4), data),
        "many_channels.wav": riff(fmt(channels=65535, block=65534), data),
        "nan.wav": riff(fmt(3, bits=32), chunk(b"data", struct.pack("<2f", 0, float("nan")))),
        "infinite.wav": riff(fmt(3, bits=32), chunk(b"data", struct.pack("<2f", float("-inf"), 0))),
        "extensible_short.wav": riff(fmt(0xFFFE, rest=struct.pack("<HHI", 22, 16, 4)), data),
        "extensible_small_rest.wav": riff(extensible(1, 16, 16, size=0), data),
        "extensible_valid_bits.wav": riff(extensible(1, 16, 20), data),
        "extensible_guid.wav": riff(extensible(1, 16, 16, guid_rest=bytes(14)), data),
        "mu_law.wav": riff(fmt(7, bits=8), data),
        "float64.wav": riff(fmt(3, bits=64), data),
        "pcm12.wav": riff(fmt(bits=12, block=2), data),
        "pcm0.wav": riff(fmt(bits=0), data),
        "pcm64.wav": riff(fmt(bits=64), data),
    })


def json_lines_files():
    nested = b'{"a":' + b"[" * 63 + b"]" * 63 + b"}"
    record = {"id": 7, "score": -0.5, "title": "é😀 \"q\" \n", "empty": [], "lines": ["a", "", "ü"],
              "systems": {"bart": {"summary": ["s1", "s2"], "scores": {"r1": 1, "r2": 0.25}}}}
    text = json.dumps(record).encode() + b"\n" + json.dumps({"id": -8}, ensure_ascii=False).encode()
    write("json_lines", {
        "two.jsonl": text + b"\n",
        "two_without_end.jsonl": text,
        "two_bom_crlf.jsonl": b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n") + b"\r\n\r\n \n",
        "empty.jsonl": b"",
        "blank.jsonl": b"\n\r\n",
        "deep.jsonl": nested + b"\n",
        "types.jsonl": b'{"a":null,"b":true,"c":"x","d":1.5,"e":18446744073709551615,'
                       b'"f":[1],"g":["x",[]],"h":{"i":{"j":["k",{}]}},"l":3.0}\n',
        "blank_between.jsonl": b'{"a":1}\n\n{"a":2}\n',
        "cut.jsonl": b'{"a":1}\n{"a":',
        "two_in_a_line.jsonl": b'{"a":1}{"a":2}\n',
        "over_two_lines.jsonl": b'{"a":\n1}\n',
        "list.jsonl": b'{"a":1}\n[1]\n',
        "number.jsonl": b"1\n",
        "duplicate.jsonl": b'{"a":1}\n{"b":{"c":1,"c":2}}\n',
        "duplicate_escaped.jsonl": b'{"a":1,"\\u0061":2}\n',
        "too_deep.jsonl": nested.replace(b"[", b"[[").replace(b"]", b"]]") + b"\n",
        "bomb.jsonl": b'{"a":' + b"[" * 5000,
        "not_utf8.jsonl": b'{"a":"\xff"}\n',
        "overlong.jsonl": b'{"a":"\xc0\xaf"}\n',
        "surrogate.jsonl": b'{"a":"\xed\xa0\x80"}\n',
        "lone_surrogate_escape.jsonl": b'{"a":"\\ud800"}\n',
        "nul.jsonl": b'{"a":1}\0\n',
        "number_overflow.jsonl": b'{"a":1e999}\n',
        "nan.jsonl": b'{"a":NaN}\n',
        "bom_in_second_line.jsonl": b'{"a":1}\n\xef\xbb\xbf{"a":1}\n',
        "carriage_returns_only.jsonl": b'{"a":1}\r{"a":2}\r',
    })


def text_files():
    write("text", {
        "plain.txt": "déjà vu 😀\r\nsecond\n".encode(),
        "bom.txt": "\ufeffdéjà vu".encode(),
        "packed.txt": packed("déjà vu\n".encode()),
        "bom_only.txt": b"\xef\xbb\xbf",
        "empty.txt": b"",
        "nul.txt": b"a\0b",
        "highest.txt": "\U0010ffff".encode(),
        "latin1.txt": "one\ntwo déjà".encode("latin-1"),
        "overlong.txt": b"/\xc0\xaf",
        "surrogate.txt": b"ab\xed\xa0\x80",
        "beyond_unicode.txt": b"\xf4\x90\x80\x80",
        "cut_sequence.txt": "ab😀".encode()[:-1],
        "lone_continuation.txt": b"\x80",
        "utf16.txt": "a".encode("utf-16"),
        "bom_cut.txt": b"\xef\xbb",
    })


gzip_files()
idx_files()
cifar10_files()
wav_files()
json_lines_files()
text_files()
