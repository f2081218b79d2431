"""bmae against PyTorch on this machine: both programs in turn, several rounds, medians and their ratios as a page of
docs/benchmarks/."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import machine
from measurements import Failed, Folder, measure
from page import Page, Results
from rows import GROUPS, KINDS, MODELS, Pace, UnknownRow, rows_of, runs_of

REPOSITORY = Path(__file__).resolve().parents[2]


def options():
    parser = argparse.ArgumentParser(
        prog="scripts/compare_with_pytorch.sh",
        description=" ".join(__doc__.split()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            [
                f"rows: KIND-MODEL or KIND-MODEL@BATCH, KIND of {' '.join(KINDS)}, MODEL of",
                f"{' '.join(MODELS)}; or a group:",
                *(f"  {name}: {' '.join(rows)}" for name, rows in GROUPS.items()),
                "",
                "The interpreter of PyTorch is $PYTHON [default: python3]. Nothing else should run meanwhile.",
            ]
        ),
    )
    add = parser.add_argument
    add("--peer", metavar="FILE", type=Path, help="pytorch_peer.py [default: shared/bench/ or ../shared/bench/ of this checkout]")
    add("--bmae", metavar="FILE", type=Path, help="the program [default: built here, release]")
    add("--rounds", metavar="N", type=int, default=5, help="how often each row runs, alternating [default: 5]")
    add("--steps", metavar="N", type=int, default=8, help="timed steps of each run [default: 8]")
    add("--warmup", metavar="N", type=int, default=2, help="steps before them, at least 1 [default: 2]")
    add("--steps-slow", metavar="N", type=int, default=3,
        help="timed steps, after one, of paper, models at 224 and batches of 256 and more [default: 3]")  # fmt: skip
    add("--threads", metavar="N", type=int, default=2, help="of both [default: 2]")
    add("--rows", metavar='"A B .."', help="which comparisons [default: all; of --page: what there is]")
    add("--compile", action="store_true", help="PyTorch compiled too, beside eager; the better one counts")
    add("--precision", choices=["f32", "bf16"], default="f32",
        help="bf16: both programs in bfloat16 too, beside f32; the better PyTorch of all counts [default: f32]")  # fmt: skip
    add("--simd", choices=["avx2"], help="forces both programs to AVX2")
    add("--work", metavar="DIR", help="keeps each finished round of a row here; the same call again goes on where it stopped")
    add("--page", action="store_true", help="measures nothing: the page of what --work has")
    add("--out", metavar="FILE", type=Path, help="the page [default: docs/benchmarks/<date>-<cpu>-<instructions>.md]")
    given = parser.parse_args()
    if given.page and not given.work:
        parser.error("--page needs --work DIR, the folder of an earlier call")
    for name in ("rounds", "steps", "warmup", "steps_slow", "threads"):
        if getattr(given, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(given, name)}, but at least 1 is needed")
    try:
        given.rows = rows_of(given.rows or "all") if given.rows or not given.page else []
    except UnknownRow as error:
        parser.error(str(error))
    return given


def found_peer(given):
    places = [given] if given else [REPOSITORY / at / "pytorch_peer.py" for at in ("shared/bench", "../shared/bench")]
    for place in places:
        if place.is_file():
            return place
    raise Failed(f"{' and '.join(map(str, places))}: no such file; name pytorch_peer.py with --peer FILE")


def found_bmae(given):
    if given:
        if not given.is_file():
            raise Failed(f"{given}: no such program; leave --bmae out to build one")
        return given.resolve()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "bmae", "-p", "bmae-train", "-p", "bmae-nn"],
                   cwd=REPOSITORY, check=True, stdout=sys.stderr)  # fmt: skip
    return REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "release/bmae"


def require_torch():
    if subprocess.run([sys.executable, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode != 0:
        raise Failed(
            f"{sys.executable} has no torch; name an interpreter that has it, as in PYTHON=venv/bin/python scripts/compare_with_pytorch.sh"
        )


def conditions_of(given, bmae, peer):
    return {
        "cpu": machine.cpu(),
        "simd": given.simd,
        # Steps, warm-up, steps of slow rows, threads.
        "pace": [given.steps, given.warmup, given.steps_slow, given.threads],
        "versions": machine.versions(bmae, sys.executable, peer),
        "commit": machine.commit(REPOSITORY),
        "load": machine.load(),
        "begun": str(date.today()),
    }


def call_of(page, rounds):
    """The arguments that measure the same again."""
    pace, simd = page.pace, page.conditions["simd"]
    words = ["--rounds", rounds, "--steps", pace.steps, "--warmup", pace.warmup, "--steps-slow", pace.steps_of_slow]
    words += ["--threads", pace.threads, *(["--compile"] if page.with_compiled else [])]
    words += [*(["--precision", "bf16"] if "bf16" in page.precisions else []), *(["--simd", simd] if simd else [])]
    return shlex.join(map(str, [*words, "--rows", " ".join(results.row.name for results in page.all_results)]))


def write_page(given, folder):
    conditions, rows = folder.conditions(), given.rows or folder.rows()
    all_results = [results for results in (Results(row, folder.rounds(row)) for row in rows) if results.rounds]
    if not all_results:
        raise Failed(f"{folder.path} has no finished round; measure some with --work {folder.path} and without --page")
    page = Page(all_results, conditions, Pace(*conditions["pace"]))
    out = given.out or REPOSITORY / "docs/benchmarks" / page.file_name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page.text(call_of(page, max(len(results.rounds) for results in all_results))))
    print(out)


def run(given, folder):
    if not given.page:
        precisions = ("f32",) if given.precision == "f32" else ("f32", given.precision)
        peer = found_peer(given.peer)
        require_torch()
        bmae = found_bmae(given.bmae)
        pace = Pace(given.steps, given.warmup, given.steps_slow, given.threads)
        folder.begin(conditions_of(given, bmae, peer))

        def command(each, row):
            program = [str(bmae)] if each.is_bmae else [sys.executable, str(peer)]
            return [*program, *each.arguments(row, pace)]

        environment = machine.AVX2 if given.simd else {}
        measure(folder, given.rows, given.rounds, lambda row: runs_of(row, precisions, given.compile), command, environment,
                lambda text: print(text, file=sys.stderr))  # fmt: skip
    write_page(given, folder)


def main():
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if given.work:
            run(given, Folder(given.work))
        else:
            with tempfile.TemporaryDirectory() as folder:
                run(given, Folder(folder))
    except (Failed, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted" + (f"; the same call goes on from {given.work}" if given.work else ""), file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
