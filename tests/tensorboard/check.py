"""Opens runs in the real TensorBoard and asks it what it sees.

    python -m venv /tmp/tb && /tmp/tb/bin/pip install tensorboard
    /tmp/tb/bin/python tests/tensorboard/check.py RUNS

RUNS is a folder with run directories of bmae. TensorBoard is started on it on a local port; the script asks its HTTP interface, the one
its page uses, for runs, scalars, images and texts, compares the scalars with metrics.jsonl, and prints a line for each check.
"""

import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

# What a line of metrics.jsonl holds, and the tag that TensorBoard must show it under.
TAGS = {
    ("step", "loss"): "train/loss",
    ("step", "lr"): "train/learning_rate",
    ("epoch", "target_std"): "monitor/target_std",
    ("epoch", "rank_me"): "monitor/rank_me",
    ("epoch", "grad_norm"): "epoch/gradient_norm",
    ("stability", "student_cka"): "monitor/student_cka",
    ("eval", "top1"): "test/top1",
}


def main(folder):
    directories = [path.parent for path in sorted(folder.rglob("run.toml"))]
    assert directories, f"no run directories in {folder}"
    port = free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port)]
    command += ["--host", "127.0.0.1", "--load_fast", "false", "--reload_interval", "1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{port}"
        runs = wait_for_runs(base, server, len(directories))
        say(f"tensorboard {get(base, '/data/environment')['version']} lists {len(runs)} runs")
        tags = get(base, "/data/plugin/scalars/tags")
        images = get(base, "/data/plugin/images/tags")
        texts = get(base, "/data/plugin/text/tags")
        for directory in directories:
            run = str((directory / "tensorboard").relative_to(folder))
            assert run in runs, f"{run} is not among {runs}"
            numbers = check_scalars(base, run, directory, tags[run])
            pictures = check_images(base, run, directory, images.get(run, {}))
            assert any("recipe" in tag for tag in texts.get(run, [])), f"{run} shows no recipe: {texts.get(run)}"
            say(f"{run}: {numbers} numbers as in metrics.jsonl, {pictures} pictures, the recipe as text")
    finally:
        server.terminate()
        errors = server.communicate()[1]
    # It says where it listens; anything else on its error stream is about our files.
    bad = [line for line in errors.splitlines() if any(word in line.lower() for word in ("corrupt", "error", "truncated"))]
    assert not bad, bad
    say("it found nothing wrong with the files")


def check_scalars(base, run, directory, tags):
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    count = 0
    for (kind, field), tag in TAGS.items():
        logged = [line[field] for line in lines if line["kind"] == kind and line.get(field) is not None]
        if not logged:
            continue
        assert tag in tags, f"{run} lacks {tag}: {sorted(tags)}"
        shown = get(base, "/data/plugin/scalars/scalars", run=run, tag=tag)
        assert len(shown) == len(logged), f"{run} {tag}: {len(shown)} points for {len(logged)} lines"
        for (_, step, value), number in zip(shown, logged):
            assert abs(value - number) <= 1e-6 * max(1, abs(number)), f"{run} {tag} at {step}: {value} for {number}"
        count += len(shown)
    assert count, f"{run} logged nothing"
    return count


def check_images(base, run, directory, tags):
    count = 0
    for name in ("reconstruction", "attention"):
        kept = sorted((directory / "pictures").glob(f"*-{name}.png"))
        if not kept:
            continue
        tag = f"pictures/{name}"
        assert tag in tags, f"{run} lacks {tag}: {sorted(tags)}"
        shown = get(base, "/data/plugin/images/images", run=run, tag=tag, sample=0)
        assert len(shown) == len(kept), f"{run} {tag}: {len(shown)} for {len(kept)} files"
        data = fetch(base + "/data/plugin/images/individualImage?" + shown[-1]["query"])
        assert data == kept[-1].read_bytes(), f"{run} {tag}: the last picture is another"
        count += len(shown)
    return count


def wait_for_runs(base, server, wanted):
    for _ in range(120):
        time.sleep(0.5)
        assert server.poll() is None, server.stderr.read()
        try:
            runs = get(base, "/data/runs")
            # Runs appear before their contents do.
            if len(runs) >= wanted and len(get(base, "/data/plugin/scalars/tags")) >= wanted:
                return runs
        except OSError:
            pass
    raise AssertionError("tensorboard does not list the runs")


def get(base, path, **query):
    return json.loads(fetch(f"{base}{path}?{urllib.parse.urlencode(query)}"))


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def say(line):
    print(f"ok {line}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve())
