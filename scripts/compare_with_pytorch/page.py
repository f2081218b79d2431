"""The page of docs/benchmarks/: medians, ratios, goals, machine, versions and commands."""

import re
import statistics
from datetime import date

import goals
import machine
from rows import Run, runs_of

PRECISIONS = ("f32", "bf16")


class Results:
    """Of the finished rounds of one row."""

    def __init__(self, row, rounds):
        self.row, self.rounds = row, rounds

    def has(self, run):
        return bool(self._finished(run))

    def has_failed(self, run):
        return any("failed" in results.get(run.name, {}) for results in self.rounds)

    def _finished(self, run):
        """Its results of the rounds in which it ran to its end."""
        of_run = [results[run.name] for results in self.rounds if run.name in results]
        return [results for results in of_run if "failed" not in results]

    def _of(self, run, key):
        return [results[key] for results in self._finished(run)]

    def count(self, run):
        return len(self._of(run, "images_per_s"))

    def last(self, run):
        return self._finished(run)[-1]

    def speed(self, run):
        return statistics.median(self._of(run, "images_per_s"))

    def memory(self, run):
        return statistics.median(self._of(run, "peak_mib"))

    def speeds(self, run):
        """Median, and in brackets the slowest and fastest round."""
        if not self.has(run):
            return "crashed" if self.has_failed(run) else "-"
        of_rounds = self._of(run, "images_per_s")
        return f"{self.speed(run):.4g} ({min(of_rounds):.4g}-{max(of_rounds):.4g})"


class Page:
    def __init__(self, all_results, conditions, pace):
        """`all_results`: of rows that have a finished round."""
        self.all_results, self.conditions, self.pace = all_results, conditions, pace
        self.with_compiled = self._any(lambda run: run.is_compiled)
        self.precisions = [each for each in PRECISIONS if self._any(lambda run: run.precision == each)]

    def _any(self, holds):
        return any(
            (results.has(run) or results.has_failed(run)) and holds(run)
            for results in self.all_results
            for run in runs_of(results.row, PRECISIONS, with_compiled=True)
        )

    def _ways(self, variant):
        """How PyTorch ran, in the order of the columns."""
        compiled = (False, True) if self.with_compiled else (False,)
        return [Run(False, precision, variant, each) for precision in self.precisions for each in compiled]

    @property
    def instruction_set(self):
        runs = [Run(True, precision) for precision in PRECISIONS]
        return next(each.last(run)["instruction_set"] for each in self.all_results for run in runs if each.has(run))

    @property
    def file_name(self):
        words = re.sub(r"\([^)]*\)", "", self.conditions["cpu"]).lower()
        return f"{date.today()}-{re.sub(r'[^a-z0-9]+', '-', words).strip('-')}-{self.instruction_set}.md"

    def text(self, call):
        """`call`: the arguments that measure the same again."""
        conditions = self.conditions
        forced = [f"export {' '.join(f'{key}={value}' for key, value in machine.AVX2.items())}"] if conditions["simd"] else []
        return "\n".join([
            f"# bmae and PyTorch on {conditions['cpu']}, {self.instruction_set}, {conditions['begun']}", "",
            *self._introduction(), "", *self._table(), "",
            "## Machine", "", "```", *machine.description(), f"load average before the first run: {conditions['load']}", "```", "",
            "## Versions", "", f"- commit {conditions['commit']}",
            *(f"- {name} {version}" for name, version in conditions["versions"].items()), "",
            "## Commands", "", f"Written by `scripts/compare_with_pytorch.sh {call}`:", "",
            "```", *forced, *self._commands(), "```", "",
        ])  # fmt: skip

    def _introduction(self):
        pace = self.pace
        ways = "eager and through torch.compile" if self.with_compiled else "eager"
        numbers = "in single precision, and under autocast in bfloat16" if "bf16" in self.precisions else "single precision"
        return [
            f"Images/s, medians of alternating rounds of {pace.steps} steps after {pace.warmup} (`paper`, models at 224 x 224 and batches",
            f"of 256 and more: {pace.steps_of_slow} after 1), {pace.threads} threads; in brackets the slowest and fastest round. A row without @ has a batch",
            "of 64 (`light`, `paper`), 128 (`mini`) or 16 (at 224 x 224). The ratio is bmae's median over that of the better PyTorch, of",
            "all that ran in the row. Memory is the peak of the whole process in MiB, with the ratio to the better PyTorch; the goal is",
            f"at most {goals.MEMORY}. GFLOP/s are bmae's, of its last round, and so is their share of what products alone reach in the same",
            "process, with bmae's own product and, in brackets, with that of the gemm crate.",
            f"PyTorch ran as pytorch_peer.py says: fused attention, fused AdamW, {numbers}, {ways}.",
        ]

    def _table(self):
        several, ways = len(self.precisions) > 1, self._ways("")
        names = [way.name if several else way.name.replace(f" {way.precision}", "") for way in ways]
        titles = ["training", *(["bmae in"] if several else []), "rounds", "bmae", *names]
        titles += [*(["better"] if len(ways) > 1 else []), "ratio", "goal", *(["of bmae in f32"] if several else [])]
        titles += ["GFLOP/s", "of peak", "bmae MiB", "PyTorch MiB", "ratio"]
        lines = [titles, ["---", *["---:"] * (len(titles) - 1)]]
        for results in self.all_results:
            for variant in results.row.variants:
                lines += filter(None, (self._line(results, variant, precision) for precision in self.precisions))
        return ["| " + " | ".join(cells) + " |" for cells in lines]

    def _line(self, results, variant, precision):
        """bmae in one precision against all that PyTorch ran of one variant. None where either is missing."""
        ours, ways = Run(True, precision), self._ways(variant)
        measured = [way for way in ways if results.has(way)]
        if not results.has(ours) or not measured:
            return None
        better, printed = max(measured, key=results.speed), results.last(ours)
        ratio, memory = results.speed(ours) / results.speed(better), results.memory(ours) / results.memory(better)
        several = len(self.precisions) > 1
        cells = [results.row.name + (f", PyTorch with {variant.replace('-', ' ')}" if variant else "")]
        cells += [*([precision] if several else []), str(results.count(ours)), *map(results.speeds, [ours, *ways])]
        if len(ways) > 1:
            cells.append(f"{better.precision if several else ''} {'compiled' if better.is_compiled else 'eager'}".strip())
        cells += [f"**{ratio:.2f}**", _verdict(ratio, goals.of_pytorch(results.row, variant, printed)) or "-"]
        if several:
            cells.append(_of_own_f32(results, ours, printed))
        cells += [f"{printed['gflop_per_s']:.0f}", _share_of_peak(printed)]
        cells += [f"{results.memory(ours):.0f}", f"{results.memory(better):.0f}"]
        return [*cells, f"{memory:.2f}{'' if memory <= goals.MEMORY else ', missed'}"]

    def _commands(self):
        lines = []
        for results in self.all_results:
            row = results.row
            of_bmae = [precision for precision in self.precisions if results.has(Run(True, precision))]
            lines += [f"bmae {' '.join(row.of_bmae(self.pace, precision))}" for precision in of_bmae]
            for variant in row.variants:
                for precision in dict.fromkeys(way.precision for way in self._ways(variant) if results.has(way)):
                    command = " ".join(row.of_pytorch(self.pace, precision, variant, is_compiled=False))
                    lines.append(f"python pytorch_peer.py {command}{' [--compile]' if self.with_compiled else ''}")
        return lines


def _verdict(ratio, goal):
    return f"{goal}, {'reached' if ratio >= goal else 'missed'}" if goal is not None else ""


def _of_own_f32(results, ours, printed):
    single = Run(True, "f32")
    if ours == single or not results.has(single):
        return "-"
    ratio = results.speed(ours) / results.speed(single)
    verdict = _verdict(ratio, goals.of_own_f32(printed))
    return f"{ratio:.2f}" + (f" ({verdict})" if verdict else "")


def _share_of_peak(printed):
    peaks = [printed.get("product_peak_gflop_per_s"), printed.get("burn_product_peak_gflop_per_s")]
    own, *of_gemm = [f"{100 * printed['gflop_per_s'] / peak:.0f} %" for peak in peaks if peak]
    return own + (f" ({of_gemm[0]})" if of_gemm else "")
