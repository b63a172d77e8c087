"""
The peer's process of the bench: each work in PyTorch, h5py with SciPy or fastMRI's arithmetic, SigPy or BART.

The process reads one request per line of JSON from standard input, and writes one answer per line to standard output.
Pixels and weights pass as files in a folder. side.ts lists the requests.
"""

import json
import os
import sys
import time
from importlib.metadata import version

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import h5py
import numpy as np
import scipy
import torch

import bart
from classical import classical_work
from coil_maps import maps_work
from images import THREADS, cfl_work, coils_work, slice_work, volume_work
from networks import forward_work, training_work
from pretexts import pretext_work
from unrolled import unrolled_forward_work, unrolled_work
from study import write_noise, write_study

WORKS = {
    "forward": forward_work,
    "training": training_work,
    "pretext": pretext_work,
    "slice": slice_work,
    "volume": volume_work,
    "cfl": cfl_work,
    "coils": coils_work,
    "classical": classical_work,
    "maps": maps_work,
    "unrolled": unrolled_work,
    "unrolled-forward": unrolled_forward_work,
}


def limit(hardware):
    if hardware == "cpu":
        torch.set_num_threads(THREADS)
        wanted, found = os.environ.get("ATEN_CPU_CAPABILITY"), torch.backends.cpu.get_cpu_capability()
        if wanted and wanted.upper() != found:
            raise RuntimeError(f"Expected PyTorch with {wanted.upper()}, got {found}")
    else:
        torch.set_float32_matmul_precision("high")  # TF32, as in PyTorch's convolutions and in TensorFlow.
        torch.backends.cudnn.benchmark = True  # PyTorch tries algorithms and keeps the fastest, as TensorFlow does.


def name(hardware, computed):
    kind = computed["kind"]
    if kind == "slice":
        return {"name": "h5py + SciPy", "version": f"{h5py.__version__} + {scipy.__version__}"}
    if kind == "cfl":
        return {"name": "NumPy + SciPy", "version": f"{np.__version__} + {scipy.__version__}"}
    if kind == "coils" and computed["library"] == "scipy":
        return {"name": "SciPy", "version": scipy.__version__}
    if kind in ("classical", "maps"):
        if computed["library"] == "bart":
            return {"name": "BART", "version": bart.version()}
        return {"name": "SigPy", "version": version("sigpy")}
    if kind.startswith("unrolled"):
        library = {"varnet": "fastmri", "modl": "deepinv"}[computed["network"]]
        return {"name": f"PyTorch + {library}", "version": f"{torch.__version__} + {version(library)}"}
    instructions = f" ({torch.backends.cpu.get_cpu_capability()})" if hardware == "cpu" else ""
    return {
        "name": "PyTorch + fastMRI's arithmetic" if kind == "volume" else "PyTorch",
        "version": torch.__version__ + instructions,
    }


def measure(once, iterations):
    times = []
    for _ in range(iterations):
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main():
    result = once = None
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        answer = {}
        if do == "load":
            limit(request["hardware"])
            kind = request["computed"]["kind"]
            result, once = WORKS[kind](request)
            answer = name(request["hardware"], request["computed"])
        elif do == "result":
            result().astype(np.float32).tofile(request["path"])
        elif do == "time":
            answer = {"ms": measure(once, request["iterations"])}
        elif do == "write study":
            write_study(**request)
        elif do == "write noise":
            write_noise(**request)
        print(json.dumps(answer), flush=True)


# The worker process of a DataLoader may import this file, too.
if __name__ == "__main__":
    main()
