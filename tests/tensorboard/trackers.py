"""Runs the guide's scripts for Weights & Biases and MLflow, offline, and looks at what these have then.

    python -m venv /tmp/trackers && /tmp/trackers/bin/pip install tensorboard wandb mlflow
    /tmp/trackers/bin/python tests/tensorboard/trackers.py RUNS

RUNS is a folder with run directories of bmae. The scripts are those of docs/guide.md, "Weights & Biases, MLflow". Every number of
metrics.jsonl that TensorBoard gets must be there under its tag, at its step, with its value.
"""

import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

from check import TAGS

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "guide.md"


def main(runs):
    section = GUIDE.read_text().split("### Weights & Biases, MLflow")[1].split("\n## ")[0]
    to_wandb, end_of_mlflow = (block.split("```")[0] for block in section.split("```python\n")[1:])
    beginning = to_wandb.split("    recipe = ")[0].replace("wandb", "mlflow")
    directories = [path.parent for path in sorted(runs.rglob("run.toml"))]
    assert directories, f"no run directories in {runs}"
    expected = {str(directory): numbers(directory) for directory in directories}
    for name, script, read in [("wandb", to_wandb, of_wandb), ("mlflow", beginning + end_of_mlflow, of_mlflow)]:
        with tempfile.TemporaryDirectory() as work:
            (pathlib.Path(work) / "script.py").write_text(script)
            environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "MLFLOW_TRACKING_URI": f"sqlite:///{work}/mlflow.db"}
            subprocess.run([sys.executable, "script.py", str(runs)], cwd=work, env=environment, check=True)
            arrived = read(pathlib.Path(work))
        compare(name, expected, arrived)


def numbers(directory):
    """What a run's metrics.jsonl says: value by tag and step."""
    found, step = {}, 0
    for line in map(json.loads, (directory / "metrics.jsonl").read_text().splitlines()):
        step = line.get("step", step)
        for (kind, field), tag in TAGS.items():
            if line["kind"] == kind and line.get(field) is not None:
                found[tag, step] = line[field]
    return found


def compare(name, expected, arrived):
    assert set(expected) == set(arrived), f"{name} has the runs {sorted(arrived)}"
    count = 0
    for run, numbers in expected.items():
        for (tag, step), value in numbers.items():
            there = arrived[run].get((tag, step))
            # Event files hold f32.
            assert there is not None and math.isclose(there, value, rel_tol=1e-6), f"{name}, {run}: {tag} at {step} is {there}, not {value}"
            count += 1
    everything = sum(map(len, arrived.values()))
    print(f"ok {name} {version(name)}: {len(arrived)} runs, {everything} numbers, {count} of them compared with metrics.jsonl")


def version(name):
    from importlib.metadata import version

    return version(name)


def of_wandb(work):
    """The runs in its offline files, which `wandb sync` sends: blocks of 32 KiB with records of a checksum, a length and a type."""
    from wandb.proto.wandb_internal_pb2 import Record

    runs = {}
    for file in sorted(work.glob("wandb/offline-run-*/*.wandb")):
        name, found = None, {}
        for bytes_ in records(file.read_bytes()):
            record = Record.FromString(bytes_)
            if record.HasField("run"):
                name = record.run.display_name or name
            if record.HasField("history"):
                items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
                step = items.get("_step", record.history.step.num)
                found.update({(tag, step): value for tag, value in items.items() if not tag.startswith("_")})
        runs[name] = found
    return runs


def records(data, block=32768, header=7):
    at, whole = header, b""
    while at + header <= len(data):
        if block - at % block < header:
            at += block - at % block
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + header])
        at += header
        whole += data[at : at + length]
        at += length
        # 1: whole, 2 to 4: first, middle and last part.
        if kind in (1, 4):
            yield whole
            whole = b""


def of_mlflow(work):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{work}/mlflow.db")
    experiment = client.get_experiment_by_name("bmae")
    runs = {}
    for run in client.search_runs([experiment.experiment_id]):
        histories = (client.get_metric_history(run.info.run_id, tag) for tag in run.data.metrics)
        runs[run.info.run_name] = {(metric.key, metric.step): metric.value for history in histories for metric in history}
        artifacts = [artifact.path for artifact in client.list_artifacts(run.info.run_id)]
        assert artifacts == ["config.toml"], artifacts
    return runs


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
