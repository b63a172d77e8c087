"""Classical reconstructions of one slice of many coils with SigPy or BART."""

import numpy as np

import bart
from networks import path


def orthonormal(shape, name, levels):
    """
    PyWavelets' transform with periodic borders, as an operator of SigPy, and its inverse. SigPy's own operator extends
    images by zeros. That transform is not orthonormal, and so the result would be another image.
    """
    import pywt
    from sigpy import linop

    _, slices = pywt.coeffs_to_array(pywt.wavedec2(np.zeros(shape), name, "periodization", levels))

    class Transform(linop.Linop):
        def __init__(self, is_inverse):
            super().__init__(shape, shape)
            self.is_inverse = is_inverse

        def _apply(self, image):
            if self.is_inverse:
                parts = pywt.array_to_coeffs(image, slices, output_format="wavedec2")
                return pywt.waverec2(parts, name, "periodization")
            return pywt.coeffs_to_array(pywt.wavedec2(image, name, "periodization", levels))[0]

        def _adjoint_linop(self):
            return Transform(not self.is_inverse)

    return Transform(False)


def wavelet_app(kspace, maps, mask, settings):
    """FISTA on an image whose rows and columns the levels divide."""
    import sigpy
    from sigpy.mri import linop

    shape = kspace.shape[1:]
    unit = 2 ** settings["levels"]
    padded = tuple(-(-size // unit) * unit for size in shape)
    # The k-space is 0 where nothing was measured.
    operator = linop.Sense(maps, weights=mask) * sigpy.linop.Slice(padded, tuple(slice(0, size) for size in shape))
    transform = orthonormal(padded, settings["wavelet"], settings["levels"])
    prior = sigpy.prox.UnitaryTransform(sigpy.prox.L1Reg(padded, settings["lambda"]), transform)
    # The largest eigenvalue is 1, so the step is 1. SigPy would otherwise compute the eigenvalue first.
    app = sigpy.app.LinearLeastSquares(
        operator, kspace, proxg=prior, alpha=1, max_iter=settings["iterations"], show_pbar=False
    )
    return app.run()[: shape[0], : shape[1]]


def sigpy_image(given, kspace, maps, mask):
    from sigpy.mri import app

    method, settings = given["computed"]["method"], given["computed"]["settings"]

    def once():
        if method == "l1-wavelet":
            return wavelet_app(kspace, maps, mask, settings)
        limits = {"lamda": settings["lambda"], "max_iter": settings["iterations"]}
        return app.SenseRecon(kspace, maps, weights=mask, show_pbar=False, **limits).run()

    return once, once


def bart_image(given, kspace, maps, mask):
    """
    From files to a file. `-w1`: λ refers to the data as they are. `-s1`: FISTA's step. `-n`: no random shifts, which
    our side does not have.
    """
    settings = given["computed"]["settings"]
    prior = ["-l2", f"-r{settings['lambda']}"]
    if given["computed"]["method"] == "l1-wavelet":
        prior = ["-n", "-s1", "--wavelet", settings["wavelet"], f"-RW:7:0:{settings['lambda']}"]
    names = {which: path(given, f"-bart-{which}") for which in ("kspace", "maps", "mask", "image")}
    for which, array in (("kspace", kspace), ("maps", maps), ("mask", mask[None])):
        bart.write(names[which], array)

    def once():
        arguments = [*prior, f"-i{settings['iterations']}", "-w1", "-p", names["mask"]]
        bart.run("pics", *arguments, names["kspace"], names["maps"], names["image"])

    def result():
        once()
        return bart.read(names["image"], kspace.shape[1:])

    return result, once


def classical_work(given):
    """From k-space and maps to the complex image."""
    rows, columns = given["computed"]["size"]
    kspace, maps = (
        np.fromfile(path(given, f"-{which}.f32"), np.complex64).reshape(-1, rows, columns)
        for which in ("kspace", "maps")
    )
    mask = np.broadcast_to(np.fromfile(path(given, "-mask.f32"), np.float32), (rows, columns))
    make = {"sigpy": sigpy_image, "bart": bart_image}[given["computed"]["library"]]
    computed, once = make(given, kspace, maps, mask)
    return lambda: np.ascontiguousarray(computed(), np.complex64).view(np.float32), once
