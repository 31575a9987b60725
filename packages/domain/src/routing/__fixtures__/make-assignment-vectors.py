"""Writes assignment-vectors.json beside this file: the assignment function, written a second time, in another language.

Run: python3 packages/domain/src/routing/__fixtures__/make-assignment-vectors.py
"""

import hashlib
import json
import pathlib

SEEDS = ["", "seed-1", "support-2-3-1:7f3a", "sämling-ß"]
KEYS = ["a", "session-1", "session-2", "5f0f7d0e-5b7c-4a7a-9d53-6a8f8a0c2c11", "user@example.com", "~!@#$%^&*()", "x" * 200]
WEIGHTS = [0, 1, 100, 500, 2500, 5000, 9999, 10000]


def bucket(seed: str, key: str) -> int:
    digest = hashlib.sha256(seed.encode() + b"\0" + key.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10000


vectors = [
    {
        "seed": seed,
        "key": key,
        "weightBp": weight,
        "bucket": bucket(seed, key),
        "arm": "canary" if bucket(seed, key) < weight else "baseline",
    }
    for seed in SEEDS
    for key in KEYS
    for weight in WEIGHTS
]
# The edges themselves: the bucket of a key as the weight, and one more.
for seed in SEEDS:
    for key in KEYS:
        edge = bucket(seed, key)
        vectors.append({"seed": seed, "key": key, "weightBp": edge, "bucket": edge, "arm": "baseline"})
        vectors.append({"seed": seed, "key": key, "weightBp": edge + 1, "bucket": edge, "arm": "canary"})

target = pathlib.Path(__file__).with_name("assignment-vectors.json")
lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=False) for vector in vectors)
target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
