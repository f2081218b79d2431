"""Runs the programs in turn, and keeps each finished round of a row in a file of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rows import GROUPS, Row, rows_of


# A PyTorch that crashes is asked again so often: torch.compile does on some processors, not every time.
TRIES = 3


class Failed(Exception):
    pass


def measured(command, environment):
    """What a program prints as its last line, a JSON object, and its peak memory in MiB as `peak_mib`."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=os.environ | environment)
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.kill()
            process.wait()
            raise
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()
        if process.returncode != 0 or not lines:
            errors.seek(0)
            told = errors.read().decode(errors="replace").strip()
            raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{told}")
    of_kib = 1024 if sys.platform != "darwin" else 1024**2
    return json.loads(lines[-1]) | {"peak_mib": usage.ru_maxrss / of_kib}


class Folder:
    """The finished rounds, one file for each row and round. All were measured under the same `conditions`."""

    def __init__(self, path):
        self.path = Path(path)

    def conditions(self):
        file = self.path / "conditions.json"
        return json.loads(file.read_text()) if file.exists() else None

    def begin(self, conditions):
        """Of an earlier call the machine, the programs and the pace have to be the same: a median of different things is none."""
        found = self.conditions()
        if found is None:
            self.path.mkdir(parents=True, exist_ok=True)
            return self._write("conditions.json", conditions)
        before, now = _compared(found), _compared(conditions)
        changed = [f"{key} was {before.get(key)} and is {now[key]}" for key in now if before.get(key) != now[key]]
        if changed:
            raise Failed(f"the rounds in {self.path} were measured otherwise: {'; '.join(changed)}; name another folder")

    def round(self, row, number):
        """By name of its runs; nothing if it is not finished."""
        file = self.path / self._name(row, number)
        return json.loads(file.read_text()) if file.exists() else {}

    def rows(self):
        """Those that have a finished round: the groups' in their order, then others."""
        names = {file.name.partition(".round-")[0] for file in self.path.glob("*.round-*.json")}
        of_groups = [row.name for row in rows_of(" ".join(GROUPS)) if row.name in names]
        return [Row.named(name) for name in [*of_groups, *sorted(names - set(of_groups))]]

    def rounds(self, row):
        """All that are finished, in the order of their numbers."""
        numbers = (file.stem.removeprefix(f"{row.name}.round-") for file in self.path.glob(f"{row.name}.round-*.json"))
        return [self.round(row, number) for number in sorted(map(int, numbers))]

    def keep(self, row, number, results):
        self._write(self._name(row, number), results)

    @staticmethod
    def _name(row, number):
        return f"{row.name}.round-{number}.json"

    def _write(self, name, content):
        """As a whole or not at all."""
        unfinished = self.path / f"{name}.unfinished"
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
        unfinished.replace(self.path / name)


def _compared(conditions):
    return {key: value for key, value in conditions.items() if key not in ("load", "begun", "commit", "versions")} | conditions["versions"]


def measure(folder, rows, rounds, runs_of_row, command_of, environment, say):
    """Every round of every row that is not there yet. The programs of a round run within the same minutes: one that was
    interrupted begins anew."""
    for number in range(1, rounds + 1):
        for row in rows:
            runs = runs_of_row(row)
            if all(run.name in folder.round(row, number) for run in runs):
                continue
            results = {}
            for run in runs:
                say(f"round {number} of {rounds}: {row.name}, {run.name}")
                results[run.name] = measured_or_failed(run, command_of(run, row), environment, say)
            folder.keep(row, number, results)


def measured_or_failed(run, command, environment, say):
    """As `measured`. Where PyTorch fails every time, what it said is its result in this round; a bmae that fails ends all."""
    for _ in range(1 if run.is_bmae else TRIES):
        try:
            return measured(command, environment)
        except Failed as error:
            if run.is_bmae:
                raise
            failure = str(error).splitlines()[0]
            say(f"{failure}; again")
    return {"failed": failure}
