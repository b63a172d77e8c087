"""ESPIRiT maps of one slice with SigPy."""

import numpy as np

from networks import path


def maps_work(given):
    """From k-space in memory to maps and eigenvalues, as in ours/maps.ts."""
    from sigpy.mri import app

    rows, columns = given["computed"]["size"]
    kspace = np.fromfile(path(given, "-kspace.f32"), np.complex64).reshape(-1, rows, columns)

    def once():
        settings = {"calib_width": 24, "thresh": 0.02, "kernel_width": 6, "crop": 0.8}
        return app.EspiritCalib(kspace, output_eigenvalue=True, show_pbar=False, **settings).run()

    def result():
        maps, eigenvalues = once()
        weights = np.clip((np.abs(eigenvalues).reshape(rows, columns) - 0.99) / 0.01, 0, 1)
        products = weights * maps * np.conj(np.roll(maps, -1, axis=0))
        return np.ascontiguousarray(products, np.complex64).view(np.float32)

    return result, once
