"""On what, and with what, it is measured."""

import hashlib
import platform
import re
import subprocess
from pathlib import Path

# What forces both programs to AVX2. Older versions of oneDNN know the second name of its variable.
AVX2 = {
    "BMAE_SIMD": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2",
}  # fmt: skip


def said(*command, folder=None):
    """What a command prints; nothing where there is no such command, or it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def cpu():
    found = re.search(r"^Model name: *(.*)$", said("lscpu"), re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or "unknown processor"


def load():
    file = Path("/proc/loadavg")
    return " ".join(file.read_text().split()[:3]) if file.exists() else "unknown"


def description():
    """Lines about the processor."""
    wanted = (
        "Architecture", "CPU(s)", "Model name", "Thread(s) per core", "Core(s) per socket", "Socket(s)", "L1d cache", "L2 cache",
        "L3 cache", "Hypervisor vendor",
    )  # fmt: skip
    listed = said("lscpu")
    lines = [line for line in listed.splitlines() if line.split(":")[0].strip() in wanted]
    simd = sorted(set(re.findall(r"\b(?:avx2|fma|avx512[a-z_0-9]*|amx_[a-z0-9]*)\b", listed)))
    return [*lines, f"SIMD: {' '.join(simd)}"]


def versions(bmae, python, peer):
    """Of the programs, by name."""
    torch = said(python, "-c", "import torch; print(torch.__version__)")
    return {
        "bmae": f"{said(bmae, '--version').removeprefix('bmae ')}, program {_digest(bmae)}",
        "PyTorch": f"{torch}, Python {platform.python_version()}, pytorch_peer.py {_digest(peer)}",
        platform.system(): platform.release(),
    }


def commit(repository):
    """Of the checkout, and its compiler."""
    changes = " with changes" if said("git", "status", "--porcelain", "--untracked-files=no", folder=repository) else ""
    number = said("git", "rev-parse", "--short=12", "HEAD", folder=repository) or "unknown"
    return f"{number}{changes}, {said('rustc', '--version', folder=repository) or 'unknown rustc'}"


def _digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
