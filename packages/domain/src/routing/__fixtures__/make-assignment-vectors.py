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


def matched_control(place: int, weight: int) -> bool:
    return weight <= place and 10000 - weight <= place


vectors = [
    {
        "seed": seed,
        "key": key,
        "weightBp": weight,
        "bucket": bucket(seed, key),
        "arm": "canary" if bucket(seed, key) < weight else "baseline",
        "matchedControl": matched_control(bucket(seed, key), weight),
    }
    for seed in SEEDS
    for key in KEYS
    for weight in WEIGHTS
]
# The edges themselves: the bucket of a key as the weight, and one more; and the same at the upper end.
for seed in SEEDS:
    for key in KEYS:
        edge = bucket(seed, key)
        for weight in (edge, edge + 1, 9999 - edge, 10000 - edge):
            arm = "canary" if edge < weight else "baseline"
            control = matched_control(edge, weight)
            vectors.append(
                {"seed": seed, "key": key, "weightBp": weight, "bucket": edge, "arm": arm, "matchedControl": control}
            )

target = pathlib.Path(__file__).with_name("assignment-vectors.json")
lines = ",\n".join("  " + json.dumps(vector, ensure_ascii=False) for vector in vectors)
target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
