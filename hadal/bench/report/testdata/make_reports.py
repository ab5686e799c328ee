#!/usr/bin/env python3
"""Writes the sample reports beside it, independently of the C++ writer, whose output must equal them.

Run it without arguments after a change of the report's format, then check the difference.
"""

import copy
import hashlib
import json
import math
import pathlib
import random
import statistics

HERE = pathlib.Path(__file__).parent
ROUNDS = 15


def estimate(values):
    """Median with the 95 % interval of order statistics 4 and 12 of 15 (Conover)."""
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "low": ordered[3], "high": ordered[11]}


def ratios(over, under):
    return estimate([a / b for a, b in zip(over, under)])


def noise_floor(noise):
    return max(abs(noise["low"] - 1), abs(noise["high"] - 1))


def speed(rng, seconds, speedup, spread):
    # A sum of uniforms, because random() alone is the same in every version of Python.
    def times(center):
        return [center * (1 + spread * (sum(rng.random() for _ in range(4)) - 2)) for _ in range(ROUNDS)]

    baseline, candidate, again = times(seconds), times(seconds / speedup), times(seconds)
    noise = ratios(baseline, again)
    floor = noise_floor(noise)
    return {
        "baseline": {"samples": baseline, "seconds": estimate(baseline)},
        "candidate": {"samples": candidate, "seconds": estimate(candidate)},
        "baseline_again": {"samples": again, "seconds": estimate(again)},
        "speedup": ratios(baseline, candidate),
        "noise": noise,
        "noise_floor": floor,
        "tolerance": max(0.05, floor),
    }


def verdict_of(speed):
    low, high, tolerance = speed["speedup"]["low"], speed["speedup"]["high"], speed["tolerance"]
    if low > 1 + tolerance:
        return "better"
    if high < 1 / (1 + tolerance):
        return "worse"
    return "same" if low >= 1 / (1 + tolerance) and high <= 1 + tolerance else "inconclusive"


def quality(metric, baseline, candidate, bound, target):
    passed = candidate >= target if bound == "at_least" else candidate <= target
    return {"metric": metric, "baseline": baseline, "candidate": candidate, "bound": bound,
            "target": target, "passed": passed}


def case(rng, id, module, summary, sides, data, quality, timing, cost, metrics=(), seconds=12.5):
    measured = speed(rng, *timing)
    verdict = verdict_of(measured) if quality["passed"] else "failed"
    messages = {
        "better": "The whole interval lies above the tolerance.",
        "same": "The whole interval lies within the tolerance.",
        "worse": "The whole interval lies below the tolerance.",
        "inconclusive": "The interval reaches across the tolerance: more rounds or a quieter machine would tell.",
        "failed": f"The candidate's {quality['metric']} misses its target.",
    }
    description, generated = data
    return {
        "id": id, "domain": id.split("/")[0], "module": module, "version": 1, "summary": summary,
        "baseline": sides[0], "candidate": sides[1], "verdict": verdict,
        "message": messages[verdict],
        "data": {"description": description, "sha256": hashlib.sha256(description.encode()).hexdigest(),
                 "generated": generated},
        "quality": quality, "speed": measured,
        "cost": dict(zip(("baseline_peak_bytes", "candidate_peak_bytes", "baseline_flops",
                          "candidate_flops"), cost)),
        "metrics": [dict(zip(("name", "value", "unit"), metric)) for metric in metrics],
        "seconds": seconds,
    }


def cases(rng):
    return [
        case(rng, "nlp/attention-dense-16k", "models",
             "Causal attention over 16,384 tokens: explicit score matrix against the fused kernel",
             ("softmax(Q K^T) V with the score matrix in memory", "fused scaled dot-product attention"),
             ("generated, seed 1", True), quality("max absolute error", 0.0, 3.814697265625e-06, "at_most", 0.0001),
             (8.41, 4.35, 0.02), (2181038080, 33685504, 137438953472.0, 137438953472.0),
             [("score_matrix_fp16_bytes", 51539607552.0, "bytes"), ("heads", 2.0, ""),
              ("throughput", 71.1, "GFLOP/s")], 204.2),
        case(rng, "nlp/lm-generate-kv-cache", "models",
             "Greedy decoding of 128 tokens with and without a cache of keys and values",
             ("recomputes the prefix for each token", "key-value cache"),
             ("WikiText-2 test, first 65,536 bytes", False), quality("equal tokens", 1.0, 1.0, "at_least", 1.0),
             (1.92, 9.6, 0.015), (104857600, 118489088, 4.2e11, 3.4e10), [("perplexity", 31.62, "")]),
        case(rng, "nlp/lm-train-fused-adamw", "models", "One optimizer step of a 12-layer decoder",
             ("AdamW, a loop over tensors", "AdamW, fused"), ("WikiText-2 train, first 262,144 bytes", False),
             quality("loss after 50 steps", 5.021, 5.0208, "at_most", 5.05),
             (0.412, 1.05, 0.03), (734003200, 734003200, 0.0, 0.0)),
        case(rng, "cv/resnet18-train-bf16", "models", "Training step of ResNet-18 on CIFAR-10",
             ("float32", "bfloat16 autocast"), ("CIFAR-10, first 2,048 images", False),
             quality("accuracy", 0.915, 0.912, "at_least", 0.905),
             (0.873, 1.58, 0.02), (1288490188, 843055104, 2.2e11, 2.2e11), [("images per second", 231.4, "1/s")]),
        case(rng, "cv/resnet50-channels-last", "models", "Inference of ResNet-50 in the two memory formats",
             ("contiguous (NCHW)", "channels last (NHWC)"), ("generated, seed 1", True),
             quality("max absolute error", 0.0, 0.0, "at_most", 0.001),
             (0.231, 1.005, 0.008), (402653184, 398458880, 1.31e11, 1.31e11)),
        case(rng, "cv/resnet152-checkpointing", "hpts", "Training step of ResNet-152 with recomputed activations",
             ("keeps every activation", "recomputes within stages"), ("generated, seed 1", True),
             quality("max absolute gradient difference", 0.0, 1.2e-07, "at_most", 1e-05),
             (3.84, 0.78, 0.015), (5637144576, 2469606195, 7.1e11, 9.4e11)),
        case(rng, "cv/fgsm-int8-robustness", "msp", "Accuracy of a quantized classifier under FGSM",
             ("float32 weights", "int8 weights"), ("CIFAR-10, 1,000 test images", False),
             quality("accuracy under attack", 0.612, 0.541, "at_least", 0.6),
             (1.1, 1.9, 0.02), (157286400, 52428800, 3.9e10, 3.9e10)),
        case(rng, "speech/crnn-streaming", "models", "Keyword spotting in chunks of 80 ms",
             ("whole utterances", "streaming with carried state"), ("Speech Commands, 512 utterances", False),
             quality("accuracy", 0.934, 0.934, "at_least", 0.93),
             (0.0142, 0.93, 0.16), (23068672, 9437184, 1.8e9, 1.9e9)),
        case(rng, "speech/mel-fft-batch", "draf", "Log-mel features of 64 utterances, batched FFT",
             ("one utterance at a time", "one batch"), ("Speech Commands, 64 utterances", False),
             quality("max absolute error", 0.0, 2.4e-06, "at_most", 1e-04),
             (0.0061, 2.7, 0.025), (8388608, 33554432, 5.2e8, 5.2e8)),
        {"id": "speech/crnn-train", "domain": "speech", "module": "models", "version": 2,
         "summary": "Training step of the speech CRNN", "baseline": "float32",
         "candidate": "bfloat16 autocast", "verdict": "failed",
         "message": "The case threw before its first round: speech_commands/backward/0165e0e8.wav: expected a WAVE "
                    "file, found 12 bytes that start with \"<!DOCTYPE\".",
         "data": {"description": "Speech Commands, 2,048 utterances", "sha256": None, "generated": False},
         "quality": None, "speed": None, "cost": None, "metrics": [], "seconds": 0.03},
    ]


CLAIMS = [
    ("Attention that keeps 30 % of interactions, CNN/DailyMail", "compute \u221268 %, ROUGE \u22122.1 %"),
    ("Generation of long text", "compute \u221237 %"),
    ("Memory of attention over 16K tokens", "dense score matrix over 48 GB in FP16"),
    ("Memory of training ResNet-152", "\u221242 % at 99.7 % of full accuracy"),
    ("Communication efficiency of distributed training", "3.2x"),
    ("Inference of a model of 175B parameters", "120 \u2192 380 samples/s"),
    ("Memory of a model of 175B parameters", "4.2 TB \u2192 1.8 TB"),
    ("Success rate of the FGSM attack", "87 % \u2192 19 %"),
]


def claims():
    rows = [{"id": chr(ord("a") + i), "title": title, "published": published, "measured": None,
             "conditions": "", "command": ""} for i, (title, published) in enumerate(CLAIMS)]
    rows[2].update(
        measured="computed: 48.0 GiB of FP16 scores for 96 heads; measured with 2 heads: 2.03 GiB dense, "
                 "32.1 MiB candidate",
        conditions="16,384 tokens; softmax(Q K^T) V with the score matrix in memory against fused scaled "
                   "dot-product attention",
        command="hadal bench run nlp/attention-dense-16k")
    return rows


def complete(rng):
    self_test = speed(rng, 0.05, 1.0, 0.02)["noise"]
    return {
        "schema": "hadal-bench-report", "schema_version": 1,
        "run_id": "9f3ac2d1b7e84c0f8a6d5e4b3c2a1908",
        "started": "2026-01-31T12:34:56Z", "finished": "2026-01-31T12:41:03.250Z", "complete": True,
        "scale": "quick", "seed": 18446744073709551615,
        "environment": {
            "hadal_version": "0.1.0", "commit": "1c149b1e6f0d-dirty", "build_type": "Release",
            "compiler": "GNU 12.2.0", "compiler_flags": "-O3 -DNDEBUG", "torch_version": "2.13.0",
            "cpu": "Example Processor 9000 @ 2.60GHz", "isa": "avx512_bf16", "os": "Linux 6.1.0 x86_64",
            "cores": 2, "threads": 2, "memory_bytes": 25769803776},
        "noise": self_test, "noise_floor": noise_floor(self_test),
        "cases": cases(rng), "claims": claims(),
    }


def partial(report):
    report = copy.deepcopy(report)
    report.update(run_id="0123456789abcdef0123456789abcdef", finished=None, complete=False)
    report["cases"] = report["cases"][:3]
    return report


def failed(report):
    """Every way in which a case fails: it threw, its gate did not hold, its figure is no number."""
    report = copy.deepcopy(report)
    report["run_id"] = "fedcba9876543210fedcba9876543210"
    diverged = copy.deepcopy(report["cases"][3])
    diverged.update(id="cv/diverged", verdict="failed", message="The candidate's loss is not a number.")
    diverged["quality"].update(candidate=None, passed=False)
    diverged["metrics"][0]["value"] = None
    report["cases"] = [c for c in report["cases"] if c["verdict"] == "failed"] + [diverged]
    for claim in report["claims"]:
        claim.update(measured=None, conditions="")
    return report


HOSTILE = "</style></script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'&" \
          " onfocus=window.pwned=1 \u202ereversed\u202c \u001b[31mred\u0000 \U0001f600 " + "unbroken" * 20


def hostile(report):
    """Markup, quotes, controls and endless words wherever a report may say what it likes."""
    report = copy.deepcopy(report)
    report["run_id"] = "00000000000000000000000000000bad"
    for key in ("hadal_version", "commit", "build_type", "compiler", "compiler_flags", "torch_version",
                "cpu", "isa", "os"):
        report["environment"][key] = HOSTILE
    for result in report["cases"]:
        for key in ("summary", "baseline", "candidate", "message"):
            result[key] = HOSTILE
        result["data"]["description"] = HOSTILE
        if result["quality"]:
            result["quality"]["metric"] = HOSTILE
        for metric in result["metrics"]:
            metric["name"] += HOSTILE
            metric["unit"] = HOSTILE
    for claim in report["claims"]:
        for key in ("title", "published", "measured", "conditions", "command"):
            claim[key] = HOSTILE
    return report


def write(name, report):
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def main():
    report = complete(random.Random(1))
    assert math.isfinite(report["noise_floor"])
    for name, variant in (("complete", report), ("partial", partial(report)), ("failed", failed(report)),
                          ("hostile", hostile(report))):
        write(f"{name}.json", variant)


if __name__ == "__main__":
    main()
