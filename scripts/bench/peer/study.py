"""
Files in fastMRI's layout, contiguous and uncompressed. Either one line of each slice is written, or noise in all.
"""

import os

import h5py
import numpy as np

ROWS, COLUMNS, CROP = 640, 372, 320


def write_study(files, volumes, slices, header):
    """
    Writes one line of each slice. Each patient has two volumes. The file system allots no room for the other lines.
    The function returns when the system has written the files to disk.
    """
    os.makedirs(files)
    line = np.full(COLUMNS, 1e-5 + 1e-5j, np.complex64)
    for volume in range(volumes):
        with h5py.File(os.path.join(files, f"file{1000000 + volume}.h5"), "w") as file:
            kspace = file.create_dataset("kspace", (slices, ROWS, COLUMNS), np.complex64)
            kspace[:, ROWS // 2] = line
            for name in ("reconstruction_esc", "reconstruction_rss"):
                file.create_dataset(name, (slices, CROP, CROP), np.float32)
            file["ismrmrd_header"] = header
            file.attrs["acquisition"] = ("CORPD_FBK", "CORPDFS_FBK")[volume % 2]
            file.attrs["max"] = 1e-4
            file.attrs["norm"] = 1e-2
            file.attrs["patient_id"] = f"patient {volume // 2}"
    os.sync()


def write_noise(files, volumes, slices, header):
    """Noise in every slice of k-space and ground truth."""
    os.makedirs(files)
    for volume in range(volumes):
        random = np.random.default_rng(volume)
        with h5py.File(os.path.join(files, f"noise{volume:02}.h5"), "w") as file:
            kspace = file.create_dataset("kspace", (slices, ROWS, COLUMNS), np.complex64)
            truth = file.create_dataset("reconstruction_esc", (slices, CROP, CROP), np.float32)
            for slice in range(slices):
                parts = random.standard_normal((ROWS, COLUMNS, 2), np.float32)
                kspace[slice] = 1e-5 * parts.view(np.complex64)[..., 0]
                truth[slice] = np.abs(random.standard_normal((CROP, CROP), np.float32))
            file["ismrmrd_header"] = header
