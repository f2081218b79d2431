"""Runs every command of docs/guide.md that shows its output, in order, in an empty folder, and puts what it prints now
into the page.

    python3 tests/guide/run.py --bmae target/release/bmae --cifar CIFAR_10_BATCHES_BIN

A command begins with "$ " in an indented block, its further lines with "> ". What it prints stands behind it: notes and
warnings, then stdout, without lines of progress. The script that makes the photographs is the page's own. It needs the
binary files of CIFAR-10 and, on 2 idle cores, about ten minutes. With --into, another page is written.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path("/tmp/guide")
INDENT = "    "


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bmae", type=pathlib.Path, required=True)
    arguments.add_argument("--cifar", type=pathlib.Path, required=True)
    arguments.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/guide.md")
    arguments.add_argument("--into", type=pathlib.Path)
    arguments.add_argument("--first", type=int, metavar="N", help="run the first N commands alone")
    given = arguments.parse_args()
    page = given.page.read_text(encoding="utf-8")
    begin(page, given.cifar.resolve())
    programs = FOLDER.with_name("guide-programs")
    programs.mkdir(exist_ok=True)
    shutil.copy(given.bmae, programs / "bmae")
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    (given.into or given.page).write_text(refreshed(page.split("\n"), environment, given.first), encoding="utf-8")


def begin(page, cifar):
    """Empties the folder and makes the photographs by the page's own script."""
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    script = re.search(r"```python\n(# make_photos\.py\n.*?)```", page, re.DOTALL)[1]
    subprocess.run([sys.executable, "-c", script, str(cifar)], cwd=FOLDER, check=True)


def refreshed(lines, environment, most=None):
    """The page with the output of every command, or of the first few, as it is now."""
    page, run = [], 0
    at = 0
    while at < len(lines):
        page.append(lines[at])
        command = lines[at].removeprefix(INDENT + "$ ")
        at += 1
        if command == page[-1] or run == most:
            continue
        run += 1
        while at < len(lines) and lines[at].startswith(INDENT + "> "):
            command += "\n" + lines[at].removeprefix(INDENT + "> ")
            page.append(lines[at])
            at += 1
        at = behind_output(lines, at)
        page.extend((INDENT + line).rstrip() for line in output_of(command, environment))
    return "\n".join(page)


def behind_output(lines, at):
    """The line behind what a command printed, which begins at `at`: blank lines within it belong to it."""
    end = at
    while at < len(lines) and (not lines[at] or lines[at].startswith(INDENT)):
        if lines[at].startswith(INDENT + "$ "):
            break
        if lines[at]:
            end = at + 1
        at += 1
    return end


def output_of(command, environment):
    print(f"$ {command}", flush=True)
    run = subprocess.run(["bash", "-c", command], cwd=FOLDER, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{command}\nended with {run.returncode}:\n{run.stderr}")
    said = [line for line in run.stderr.splitlines() if line.startswith(("note: ", "warning: "))]
    printed = said + run.stdout.rstrip("\n").splitlines()
    print("\n".join(printed), flush=True)
    # A loop over commands shows what they are, not what each of them printed.
    return [] if "\n" in command else printed


if __name__ == "__main__":
    main()
