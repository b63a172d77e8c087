"""ESPIRiT maps of one slice with SigPy or BART."""

import numpy as np

import bart
from networks import path


def sigpy_maps(given, kspace):
    from sigpy.mri import app

    settings = {"calib_width": 24, "thresh": 0.02, "kernel_width": 6, "crop": 0.8}

    def once():
        return app.EspiritCalib(kspace, output_eigenvalue=True, show_pbar=False, **settings).run()

    return once, once


def bart_maps(given, kspace):
    """From a file to files. BART's threshold is the square of SigPy's. Eigenvalues are not cropped."""
    names = [path(given, f"-bart-{which}") for which in ("kspace", "maps", "eigenvalues")]
    bart.write(names[0], kspace)

    def once():
        bart.run("ecalib", "-m1", "-r24", "-k6", "-t0.0004", "-c0", *names)

    def result():
        once()
        return bart.read(names[1], kspace.shape), bart.read(names[2], kspace.shape[1:])

    return result, once


def maps_work(given):
    """From k-space in memory to maps and eigenvalues, as in ours/maps.ts."""
    rows, columns = given["computed"]["size"]
    kspace = np.fromfile(path(given, "-kspace.f32"), np.complex64).reshape(-1, rows, columns)
    computed, once = {"sigpy": sigpy_maps, "bart": bart_maps}[given["computed"]["library"]](given, kspace)

    def result():
        maps, eigenvalues = computed()
        weights = np.clip((np.abs(eigenvalues).reshape(rows, columns) - 0.99) / 0.01, 0, 1)
        products = weights * maps * np.conj(np.roll(maps, -1, axis=0))
        return np.ascontiguousarray(products, np.complex64).view(np.float32)

    return result, once
