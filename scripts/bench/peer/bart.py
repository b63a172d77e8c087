"""
BART, a program that reads and writes files. Its arrays change fastest along the first axis, so a coil's image of
NumPy's [rows, columns] has BART's sizes [columns, rows].
"""

import os
import subprocess

import numpy as np


def version():
    return subprocess.run(["bart", "version"], check=True, capture_output=True, text=True).stdout.strip()


def write(name, coils):
    """`coils`: complex64 [coils, rows, columns]. BART's third axis is a volume's depth."""
    count, rows, columns = coils.shape
    with open(f"{name}.hdr", "w") as header:
        header.write(f"# Dimensions\n{columns} {rows} 1 {count}\n")
    np.ascontiguousarray(coils, np.complex64).tofile(f"{name}.cfl")


def read(name, shape):
    return np.fromfile(f"{name}.cfl", np.complex64).reshape(shape)


def run(*arguments):
    """Debian's BART has threads of OpenMP and of FFTW. OpenMP's threads that wait busily slow FFTW's threads."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(["bart", *arguments], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"bart {' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}")
