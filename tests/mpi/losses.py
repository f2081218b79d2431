"""Prints the losses of runs side by side and refuses a relative difference above the given one.

    python3 losses.py 1e-5 runs/1 runs/2 runs/4
"""

import json
import sys
from pathlib import Path

most, *runs = sys.argv[1:]


def logged(run):
    lines = [json.loads(line) for line in Path(run, "metrics.jsonl").read_text().splitlines()]
    return [(f"{line['kind']} {line.get('step', line['epoch'])}", line[key])
            for line in lines for key in ("loss", "top1", "knn_top1", "rank_me", "target_std", "grad_norm") if line.get(key) is not None]


columns = [logged(run) for run in runs]
assert len({tuple(name for name, _ in column) for column in columns}) == 1, "the runs logged other lines"
largest = 0.0
for rows in zip(*columns):
    values = [value for _, value in rows]
    difference = max(abs(value - values[0]) / max(abs(values[0]), 1e-3) for value in values)
    largest = max(largest, difference)
    print(f"{rows[0][0]:>12}  " + "  ".join(f"{value:.7f}" for value in values) + f"  {difference:.1e}")
print(f"largest relative difference {largest:.1e}")
sys.exit(largest > float(most))
