"""Tokens a second of one stream, Hadal beside transformers and llama.cpp: generation.py HADAL MODEL

MODEL is a Llama checkpoint of Hugging Face's layout. Every engine gets the same token ids, uses the same number of
threads, picks each token greedily, and takes its turn in every round, the order turning round. Hadal is measured as its
users see it: through `hadal serve` and HTTP.
"""

import argparse
import ctypes
import http.client
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import gguf_model
import numpy


class Hadal:
    def __init__(self, program, model, threads, *options):
        self.process = subprocess.Popen(
            [program, "serve", model, "--port", "0", "--threads", str(threads), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "http://" in line:
                self.address = line.split("http://")[1].split()[0].rstrip("/")
                break

    def times(self, prompt, tokens):
        """When each token came, in seconds after the request was sent."""
        connection = http.client.HTTPConnection(self.address, timeout=600)
        body = {"prompt": prompt, "max_tokens": tokens, "stream": True, "temperature": 0, "ignore_eos": True,
                "logprobs": 0}
        begin = time.perf_counter()
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(response.read().decode())
        times = []
        while (line := response.readline()) and line != b"data: [DONE]\n":
            if line.startswith(b"data: "):
                now = time.perf_counter() - begin
                logprobs = json.loads(line[6:])["choices"][0]["logprobs"]
                times += [now] * len(logprobs["tokens"] if logprobs else [])
        connection.close()
        return times

    def close(self):
        self.process.terminate()
        self.process.wait()


class Transformers:
    def __init__(self, model, threads):
        import torch
        import transformers
        torch.set_num_threads(threads)
        self.torch = torch
        self.model = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16).eval()

    def times(self, prompt, tokens):
        times = []

        class Streamer:
            def put(self, _):
                times.append(time.perf_counter() - begin)

            def end(self):
                pass

        ids = self.torch.tensor([prompt])
        begin = time.perf_counter()
        with self.torch.inference_mode():
            self.model.generate(ids, attention_mask=self.torch.ones_like(ids), max_new_tokens=tokens,
                                min_new_tokens=tokens, do_sample=False, streamer=Streamer(), pad_token_id=0)
        return times[1:]  # the first is the prompt

    def close(self):
        pass


class LlamaCpp:
    def __init__(self, file, threads, context):
        import llama_cpp as api
        self.api = api
        api.llama_backend_init()
        options = api.llama_model_default_params()
        self.model = api.llama_model_load_from_file(str(file).encode(), options)
        options = api.llama_context_default_params()
        options.n_ctx, options.n_batch, options.n_ubatch = context, context, 512
        options.n_threads = options.n_threads_batch = threads
        self.context = api.llama_init_from_model(self.model, options)
        self.vocabulary = api.llama_vocab_n_tokens(api.llama_model_get_vocab(self.model))

    def times(self, prompt, tokens):
        api = self.api
        api.llama_memory_clear(api.llama_get_memory(self.context), True)
        times, ids = [], prompt
        begin = time.perf_counter()
        while len(times) < tokens:
            array = (api.llama_token * len(ids))(*ids)
            if api.llama_decode(self.context, api.llama_batch_get_one(array, len(ids))) != 0:
                raise RuntimeError("llama_decode failed")
            logits = api.llama_get_logits_ith(self.context, -1)
            ids = [int(numpy.argmax(numpy.ctypeslib.as_array(logits, (self.vocabulary,))))]
            times.append(time.perf_counter() - begin)
        return times

    def close(self):
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)


def quantize(source, target):
    import llama_cpp as api
    options = api.llama_model_quantize_default_params()
    options.ftype = api.LLAMA_FTYPE_MOSTLY_Q4_0
    options.pure = True
    if api.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(options)) != 0:
        raise RuntimeError("llama.cpp could not quantize the model")


def interval(ratios):
    """The median, and what 95 % of resampled medians lie in."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return statistics.median(ratios), medians[50], medians[-51]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("hadal")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--tokens", type=int, default=32, help="decoded, after a prompt of 16")
    parser.add_argument("--prompt", type=int, default=2048, help="tokens of the prefill's prompt; 0 leaves it out")
    parser.add_argument("--engines", default="hadal,hadal-int4,transformers,llama.cpp,llama.cpp-q4_0")
    arguments = parser.parse_args()
    threads = arguments.threads
    folder = tempfile.TemporaryDirectory()
    files = {"llama.cpp": pathlib.Path(folder.name) / "bf16.gguf", "llama.cpp-q4_0": pathlib.Path(folder.name) / "q4.gguf"}
    wanted = arguments.engines.split(",")
    if any(name in files for name in wanted):
        gguf_model.write(arguments.model, files["llama.cpp"])
        if "llama.cpp-q4_0" in wanted:
            quantize(files["llama.cpp"], files["llama.cpp-q4_0"])
    context = arguments.prompt + arguments.tokens + 64
    makers = {
        "hadal": lambda: Hadal(arguments.hadal, arguments.model, threads, "--format", "bf16"),
        "hadal-int4": lambda: Hadal(arguments.hadal, arguments.model, threads, "--format", "int4"),
        "transformers": lambda: Transformers(arguments.model, threads),
        "llama.cpp": lambda: LlamaCpp(files["llama.cpp"], threads, context),
        "llama.cpp-q4_0": lambda: LlamaCpp(files["llama.cpp-q4_0"], threads, context),
    }
    engines = {name: makers[name]() for name in wanted}
    draw = random.Random(1)
    rates = {("decode", name): [] for name in engines} | {("prefill", name): [] for name in engines}
    for turn in range(arguments.rounds + 1):
        order = [wanted[(turn + i) % len(wanted)] for i in range(len(wanted))]
        short, long = ([draw.randrange(1000, 30000) for _ in range(n)] for n in (16, arguments.prompt))
        for name in order:
            times = engines[name].times(short, arguments.tokens)
            found = {"decode": (len(times) - 1) / (times[-1] - times[0])}
            if arguments.prompt:
                found["prefill"] = len(long) / engines[name].times(long, 1)[0]
            if turn > 0:  # the first warms up
                for what, rate in found.items():
                    rates[what, name].append(rate)
            print(turn, name, {what: round(rate, 2) for what, rate in found.items()}, flush=True)
    for engine in engines.values():
        engine.close()
    print(f"\n{threads} threads, {arguments.rounds} rounds\n\n| what | engine | tokens/s | Hadal is faster by |\n|---|---|---|---|")
    for (what, name), found in rates.items():
        if not found:
            continue
        own = "hadal-int4" if name.endswith("q4_0") else "hadal"
        ratio = "" if name.startswith("hadal") or own not in engines else (
            "{:.2f}x [{:.2f}, {:.2f}]".format(*interval([a / b for a, b in zip(rates[what, own], found)])))
        print(f"| {what} | {name} | {statistics.median(found):.1f} | {ratio} |")


if __name__ == "__main__":
    main()
