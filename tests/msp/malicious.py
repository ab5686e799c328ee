"""Files that would run code where they are loaded, or fool who looks into them, and clean ones; none is ever loaded.

Each malicious file is a (name, content) that one of the sets below makes. What they call is `os.system("true")` or
as harmless, in each of the ways that pickle has.
"""

import io
import pickle
import pickletools
import struct
import zipfile
import zlib


def short(text):
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def global_call(module, name, argument="true"):
    """GLOBAL, a tuple of one text, REDUCE: as protocols 0 to 3 do."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n(V" + argument.encode() + b"\ntR"


def stack_call(module, name, argument="true"):
    """The same by STACK_GLOBAL, as protocol 4 does."""
    return short(module) + short(name) + b"\x93" + short(argument) + b"\x85R"


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def by_protocol():
    import os
    import subprocess
    targets = {"os-system": (os.system, "true"), "eval": (eval, "1"), "exec": (exec, "1"),
               "popen": (subprocess.Popen, "true"), "getattr": (getattr, "x", "y"), "import": (__import__, "os")}
    for name, call in targets.items():
        for protocol in range(6):
            yield f"{name}-{protocol}.pkl", pickle.dumps({"weights": [1.0], "x": Calls(*call)}, protocol)


def by_module():
    """Modules that lists of dangerous names tend to miss."""
    for module, name in [
            ("posix", "system"), ("nt", "system"), ("os", "popen"), ("os", "execv"), ("pty", "spawn"),
            ("subprocess", "run"), ("subprocess", "check_output"), ("runpy", "_run_code"), ("runpy", "run_path"),
            ("importlib", "import_module"), ("pip", "main"), ("pip._internal.cli.main", "main"),
            ("timeit", "timeit"), ("cProfile", "run"), ("profile", "run"), ("pdb", "run"), ("bdb", "Bdb"),
            ("code", "InteractiveInterpreter"), ("webbrowser", "open"), ("shutil", "rmtree"), ("socket", "socket"),
            ("asyncio.unix_events", "_UnixSubprocessTransport._start"), ("ctypes", "CDLL"), ("ensurepip", "_run_pip"),
            ("multiprocessing.util", "spawnv_passfds"), ("operator", "attrgetter"), ("operator", "methodcaller"),
            ("functools", "reduce"), ("types", "FunctionType"), ("types", "CodeType"), ("marshal", "loads"),
            ("torch", "load"), ("torch.hub", "load"), ("torch.utils.cpp_extension", "load_inline"),
            ("torch.serialization", "load"), ("torch._inductor.codecache", "compile_file"),
            ("numpy.testing._private.utils", "runstring"), ("numpy.f2py.crackfortran", "getlincoef"),
            ("idlelib.pyshell", "ModifiedInterpreter.runcode"), ("lib2to3.pgen2.grammar", "Grammar.loads"),
            ("doctest", "debug_script"), ("logging.config", "dictConfig"), ("urllib.request", "urlopen"),
            ("requests.api", "get"), ("aiohttp.client", "request"), ("builtins", "open"), ("io", "open"),
            ("pickle", "loads"), ("_pickle", "loads"), ("dill", "loads"), ("joblib", "load"), ("sys", "exit"),
            ("test.support.script_helper", "assert_python_ok"), ("distutils.file_util", "write_file"),
            ("pydoc", "pipepager"), ("venv", "create"), ("trace", "Trace"), ("linecache", "getline"),
            ("_io", "FileIO"), ("zipimport", "zipimporter"), ("_osx_support", "_read_output"),
            ("commands", "getoutput"), ("__builtin__", "eval"), ("my.own.module", "Thing")]:
        yield f"module-{module}-{name}.pkl", b"\x80\x04" + stack_call(module, name) + b"."


def by_trick():
    call = global_call("os", "system")
    yield "no-protocol.pkl", call + b"."
    yield "inst.pkl", b"(S'true'\nios\nsystem\n."
    yield "obj.pkl", b"\x80\x02(cos\nsystem\nU\x04trueo."
    yield "newobj.pkl", b"\x80\x02csubprocess\nPopen\nU\x04true\x85\x81."
    yield "newobj-ex.pkl", b"\x80\x04" + short("subprocess") + short("Popen") + b"\x93" + short("true") + b"\x85}\x92."
    yield "build.pkl", b"\x80\x02ccode\nInteractiveInterpreter\n)\x81}U\x01xU\x01ysb."
    yield "import-only.pkl", b"\x80\x02cantigravity\nfly\n."
    yield "memo.pkl", b"\x80\x04" + short("os") + b"\x94" + short("system") + b"\x940" + b"0h\x00h\x01\x93" + \
        short("true") + b"\x85R."
    yield "memo-long.pkl", b"\x80\x02X\x02\x00\x00\x00osr\x00\x00\x01\x000X\x06\x00\x00\x00systemr\x01\x00\x01\x000" \
        b"j\x00\x00\x01\x00j\x01\x00\x01\x00\x93U\x04true\x85R."
    yield "memo-text.pkl", b"Vos\np9999\n0Vsystem\np10000\n0g9999\ng10000\n\x93(Vtrue\ntR."
    yield "duplicate.pkl", b"\x80\x02cos\nsystem\n2U\x04true\x85R."
    yield "pop-mark.pkl", b"\x80\x02(K\x01K\x021" + call + b"."
    yield "escaped-unicode.pkl", b"V\\u006f\\u0073\nVsyste\\u006d\n\x93(Vtrue\ntR."
    yield "escaped-string.pkl", b"S'\\x6f\\163'\nS'system'\n\x93(Vtrue\ntR."
    yield "long-strings.pkl", b"\x80\x04\x8d" + struct.pack("<Q", 2) + b"osX\x06\x00\x00\x00system\x93" + \
        short("true") + b"\x85R."
    yield "frame.pkl", b"\x80\x04\x95" + struct.pack("<Q", 22) + stack_call("os", "system") + b"."
    yield "dotted.pkl", b"\x80\x04" + stack_call("torch", "os.system") + b"."
    yield "dotted-allowed.pkl", b"\x80\x04" + stack_call("torch._utils", "_rebuild_tensor_v2.__globals__.get") + b"."
    yield "computed-name.pkl", b"\x80\x04" + short("os") + b"\x8c\x08builtins\x8c\x03str\x93" + short("system") + \
        b"\x85R\x93" + short("true") + b"\x85R."
    yield "computed-call.pkl", b"\x80\x04" + short("builtins") + short("dict") + b"\x93)R" + short("x") + b"\x85R."
    yield "extension.pkl", b"\x80\x02\x82\x01)R."
    yield "extension-4.pkl", b"\x80\x02\x84\x01\x00\x00\x00)R."
    yield "late.pkl", b"\x80\x02]" + b"K\x01a" * 10000 + call + b"a."
    yield "broken-after.pkl", b"\x80\x02" + call + b"0\xff\xff"
    yield "no-stop.pkl", b"\x80\x02" + call
    yield "underflow-after.pkl", b"\x80\x02" + call + b"00000."
    yield "second.pkl", pickle.dumps({"a": 1}) + pickle.dumps(Calls(eval, "1"))
    yield "trailing-text.pkl", pickle.dumps({"a": 1}, 2) + call + b"."
    inner = pickle.dumps(Calls(eval, "1"))
    yield "nested-loads.pkl", pickle.dumps(Calls(pickle.loads, inner))
    yield "nested-bytes.pkl", pickle.dumps({"payload": inner})
    yield "nested-twice.pkl", pickle.dumps({"payload": pickle.dumps({"payload": inner})})
    yield "nested-torch.pkl", b"\x80\x04" + short("torch.storage") + short("_load_from_bytes") + b"\x93C" + \
        bytes([len(inner)]) + inner + b"\x85R."
    old = pickle.dumps(Calls(eval, "1"), 0)
    yield "nested-torch-0.pkl", b"\x80\x04" + short("torch.storage") + short("_load_from_bytes") + b"\x93C" + \
        bytes([len(old)]) + old + b"\x85R."
    yield "optimized.pkl", pickletools.optimize(inner)
    yield "persistent.pkl", b"\x80\x02" + call + b"Q."
    yield "renamed.bin", pickle.dumps(Calls(eval, "1"), 0)
    yield "renamed.pt", pickle.dumps(Calls(eval, "1"), 2)
    yield "renamed.dat", pickle.dumps(Calls(eval, "1"))
    yield "bytearray.pkl", pickle.dumps({"p": bytearray(inner)}, 5)
    yield "packed.pkl.gz", zlib.compress(b"")[:0] + __import__("gzip").compress(inner)


def archive(members, method=zipfile.ZIP_STORED, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in members:
            made.writestr(name, content, **options)
    return out.getvalue()


CLEAN = pickle.dumps({"a": 1}, 2)
BAD = pickle.dumps(Calls(eval, "1"), 2)


def flip(data, signature, offset, value):
    """`data` with bytes of the first record of `signature` replaced."""
    at = data.index(signature) + offset
    return data[:at] + value + data[at + len(value):]


def by_archive():
    base = [("archive/data.pkl", CLEAN), ("archive/data/0", bytes(64)), ("archive/version", b"3\n")]
    bad = [("archive/data.pkl", BAD), *base[1:]]
    good = archive(base)
    yield "torch.pt", archive(bad)
    yield "deflated.pt", archive(bad, zipfile.ZIP_DEFLATED)
    yield "odd-name.pt", archive([*base, ("archive/config.txt", BAD)])
    yield "encrypted-flag.pt", flip(archive(bad), b"PK\x01\x02", 8, b"\x01\x00")
    yield "encrypted-both.pt", flip(flip(archive(bad), b"PK\x01\x02", 8, b"\x01\x00"), b"PK\x03\x04", 6, b"\x01\x00")
    yield "checksum.pt", flip(flip(archive(bad), b"PK\x01\x02", 16, b"abcd"), b"PK\x03\x04", 14, b"abcd")
    yield "traversal.pt", archive([*base, ("../../evil", b"x")])
    yield "absolute.pt", archive([*base, ("/etc/evil", b"x")])
    yield "backslash.pt", archive([*base, ("..\\evil", b"x")])
    link = zipfile.ZipInfo("archive/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    yield "link.pt", archive([*base, (link, b"/etc/passwd")])
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield "duplicate.pt", archive([("archive/data.pkl", CLEAN), ("archive/data.pkl", BAD)])
        yield "duplicate-clean.pt", archive([("archive/data.pkl", CLEAN), ("archive/data.pkl", CLEAN)])
    yield "names-differ.pt", good.replace(b"archive/data.pkl", b"archive/date.pkl", 1)
    yield "sizes-differ.pt", flip(good, b"PK\x03\x04", 22, b"\x01\x00\x00\x00")
    yield "method-differs.pt", flip(good, b"PK\x03\x04", 8, b"\x08\x00")
    yield "no-local.pt", flip(good, b"PK\x01\x02", 42, b"\x07\x00\x00\x00")
    yield "hidden.pt", hidden(base)
    yield "prefix.pt", BAD + good
    yield "suffix.pt", good + BAD
    yield "two-ends.pt", good + good[good.index(b"PK\x05\x06"):]
    yield "count.pt", flip(good, b"PK\x05\x06", 8, b"\x01\x00\x01\x00")
    yield "cut.pt", good[:-30]
    yield "bomb.pt", archive([("archive/data.pkl", CLEAN), ("archive/data/0", bytes(400 << 20))], zipfile.ZIP_DEFLATED)
    yield "lying-bomb.pt", lying_bomb()
    yield "overlap.pt", overlap()
    yield "method.pt", archive(base, zipfile.ZIP_LZMA)
    yield "nested.pt", archive([("archive/inner.pt", archive(bad))])
    yield "python.pt", archive([*base, ("archive/evil.py", b"import os\n")])
    yield "program.pt", archive([*base, ("archive/tool", b"\x7fELF\x02\x01\x01" + bytes(100))])
    yield "objects.npy", npy(BAD)
    yield "objects.npz", archive([("a.npy", npy(BAD))])
    script = [("m/code/__torch__.py", b"class M(Module):\n  def forward(self, x):\n    torch.save(x, \"f\")\n"),
              ("m/constants.pkl", CLEAN), ("m/data.pkl", CLEAN)]
    yield "script-saves.pt", archive(script)
    script[0] = "m/code/__torch__.py", b"def f(x):\n  return ops.evil.run(x)\n"
    yield "script-operator.pt", archive(script)
    script[0] = "m/code/__torch__.py", b"def f(x):\n  return x\n"
    script[2] = "m/data.pkl", BAD
    yield "script-pickle.pt", archive(script)


def npy(pickled):
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + pickled


def hidden(base):
    """A member that only a reader of local headers sees."""
    whole = archive([base[0], ("archive/hidden", BAD), *base[1:]])
    at = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 4)
    end = whole.index(b"PK\x01\x02", at + 4)
    cut = whole[:at] + whole[end:]
    size = len(cut[cut.index(b"PK\x01\x02"):cut.index(b"PK\x05\x06")])
    cut = flip(cut, b"PK\x05\x06", 8, struct.pack("<HH", len(base), len(base)))
    return flip(cut, b"PK\x05\x06", 12, struct.pack("<I", size))


def lying_bomb():
    made = archive([("archive/data.pkl", CLEAN), ("archive/data/0", bytes(1 << 20))], zipfile.ZIP_DEFLATED)
    real, lie = struct.pack("<I", 1 << 20), struct.pack("<I", 64)
    return made.replace(real, lie)


def overlap():
    """Two names for the same bytes."""
    made = archive([("archive/a", bytes(100)), ("archive/b", bytes(100))])
    second = made.index(b"PK\x03\x04", 4)
    return made.replace(struct.pack("<I", second) + b"archive/b", struct.pack("<I", 0) + b"archive/b")


def safetensors(header, data=b""):
    return struct.pack("<Q", len(header)) + header + data


def by_safetensors():
    yield "overlap.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        b"abc")
    yield "hole.safetensors", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', b"ab")
    yield "rest.safetensors", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"a" + BAD)
    yield "long-header.safetensors", struct.pack("<Q", 1 << 40) + b"{}"
    yield "duplicate.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        b"a")
    yield "huge-shape.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,1]}}', b"a")
    made = archive([("archive/data.pkl", BAD)])
    yield "polyglot.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(made), len(made)), made)
    yield "pickle.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(BAD), len(BAD)), BAD)
    yield "program.safetensors", safetensors(
        b'{"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}}', b"\x7fELF\x02\x01\x01" + bytes(9))
    yield "path.safetensors", safetensors(b'{"../../a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"a")
    yield "renamed.safetensors", BAD


def by_folder():
    yield "remote/config.json", b'{"auto_map": {"AutoModel": "modeling_evil.Model"}}'
    yield "template/tokenizer_config.json", \
        b'{"chat_template": "{{ cycler.__init__.__globals__.os.popen(1) }}"}'


SETS = {"protocols": by_protocol, "modules": by_module, "tricks": by_trick, "archives": by_archive,
        "safetensors": by_safetensors, "folders": by_folder}
