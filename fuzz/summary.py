"""Draws up what `fuzz/run.sh` did: executions, coverage, findings and the most memory of each target.

    python3 fuzz/summary.py [OUT]       OUT: BMAE_FUZZ_OUT of run.sh
"""

import re
import sys
from pathlib import Path

out = Path(sys.argv[1] if len(sys.argv) > 1 else "fuzz/artifacts")
# Of fork mode: "#1234: cov: 10 ft: 20 corp: 5 exec/s: 99 oom/timeout/crash: 0/0/0 time: 3s job: 1 dft_time: 0"
LINE = re.compile(r"^#(\d+): cov: (\d+) ft: \d+ corp: (\d+) exec/s:? \d+ oom/timeout/crash: (\d+)/(\d+)/(\d+) time: (\d+)s")
PANIC = re.compile(r"panicked at (.+?):\n(.+)")

peaks = {}
peak_file = out / "peaks.tsv"
for line in peak_file.read_text().splitlines() if peak_file.exists() else []:
    target, peak, length, text = line.split("\t")
    peaks[target] = max(peaks.get(target, (0, 0, "")), (int(peak), int(length), text))

print(f"{'target':<14} {'minutes':>7} {'executions':>10} {'coverage':>8} {'corpus':>6} {'memory':>6} {'slow':>4} {'panic':>5}  most memory (of an input of)")
panics, sums = {}, {}
for log in sorted(out.glob("fuzz-*.log")):
    # One log for each time that a target was run.
    target = re.sub(r"-\d+$", "", log.stem.removeprefix("fuzz-"))
    text = log.read_text(errors="replace")
    lines = [found for found in map(LINE.match, text.splitlines()) if found]
    for place, message in PANIC.findall(text):
        panics[target, place, message] = panics.get((target, place, message), 0) + 1
    if lines:
        executions, coverage, corpus, *found, time = map(int, lines[-1].groups())
        before = sums.get(target, [0] * 7)
        added = [before[0] + time, before[1] + executions, max(before[2], coverage), max(before[3], corpus)]
        sums[target] = added + [a + b for a, b in zip(before[4:], found)]
for target, (time, executions, coverage, corpus, memory, slow, panic) in sorted(sums.items()):
    peak, length, _ = peaks.get(target, (0, 0, ""))
    most = f"{peak / 2**20:.1f} MiB ({length} bytes)"
    print(f"{target:<14} {time / 60:>7.1f} {executions:>10,} {coverage:>8,} {corpus:>6,} {memory:>6} {slow:>4} {panic:>5}  {most}")
seconds, total = (sum(row[index] for row in sums.values()) for index in (0, 1))
print(f"{'all':<14} {seconds / 60:>7.1f} {total:>10,}")
for (target, place, message), count in sorted(panics.items()):
    print(f"PANIC {count} x {target}: {place}: {message}")
for found in sorted(out.glob("findings/*/*")):
    print(f"FOUND {found} ({found.stat().st_size} bytes)")
