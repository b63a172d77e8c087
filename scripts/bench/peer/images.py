"""Files to images with h5py, SciPy and NumPy, and fastMRI's arithmetic with PyTorch."""

import os
from itertools import product

import h5py
import numpy as np
import scipy.fft
import torch

from networks import device, load_network, path

THREADS = 2


def low_columns(columns, spec):
    """[start, end) of the columns of lowest frequency, which every mask measures."""
    low = round(columns * spec["centerFraction"])
    start = (columns - low + 1) // 2
    return start, start + low


def random_mask(columns, spec, seed):
    """fastMRI's random mask over columns."""
    random = np.random.RandomState()
    random.seed(seed)
    start, end = low_columns(columns, spec)
    probability = (columns / spec["acceleration"] - (end - start)) / (columns - (end - start))
    mask = (random.uniform(size=columns) < probability).astype(np.float32)
    mask[start:end] = 1
    return mask


def name_seed(path):
    """fastMRI seeds a file's mask by its name."""
    return tuple(map(ord, os.path.basename(path)))


def shift_parts(length):
    """The two halves of an axis, each with its place after a shift that moves the centre to index 0."""
    centre = length // 2
    return [
        (slice(centre, length), slice(0, length - centre)),
        (slice(0, centre), slice(length - centre, length)),
    ]


def crop_parts(length, size):
    """The two parts of a centred crop, in an axis whose centre is at index 0, each with its place in the crop."""
    before = length // 2 - (length - size) // 2
    return [
        (slice(length - before, length), slice(0, before)),
        (slice(0, size - before), slice(before, size)),
    ]


class ZeroFiller:
    """
    |centred inverse FFT| of a masked slice, cropped. This is the fastest way found that transforms the whole slice.
    One pass applies the mask and the first shift, into a buffer that is kept. SciPy computes in place. The crop is
    read from the four corners of the image. This takes half the time of fftshift(ifft2(ifftshift(kspace * mask))).
    """

    def __init__(self, rows, columns, size, threads):
        self.buffer = np.empty((rows, columns), np.complex64)
        self.size, self.threads = size, threads
        self.shifts = list(product(shift_parts(rows), shift_parts(columns)))
        self.crops = list(product(crop_parts(rows, size[0]), crop_parts(columns, size[1])))

    def transform(self, kspace, mask):
        """The whole image, with its centre at index 0. The next call overwrites the image."""
        for (row, to_row), (column, to_column) in self.shifts:
            np.multiply(kspace[row, column], mask[column], out=self.buffer[to_row, to_column])
        return scipy.fft.ifft2(self.buffer, norm="ortho", overwrite_x=True, workers=self.threads)

    def __call__(self, kspace, mask):
        image = self.transform(kspace, mask)
        magnitude = np.empty(self.size, np.float32)
        for (row, to_row), (column, to_column) in self.crops:
            np.abs(image[row, column], out=magnitude[to_row, to_column])
        return magnitude


    def combine(self, coils, mask):
        """Root sum of squares over coils, one coil after another."""
        squares = np.zeros(self.size, np.float32)
        for coil in coils:
            image = self.transform(coil, mask)
            for (row, to_row), (column, to_column) in self.crops:
                part = image[row, column]
                squares[to_row, to_column] += part.real**2
                squares[to_row, to_column] += part.imag**2
        return np.sqrt(squares)


def image_size(file):
    """[height, width] of the ground truth."""
    return file["reconstruction_esc" if "reconstruction_esc" in file else "reconstruction_rss"].shape[1:]


def slice_work(given):
    source = path(given, ".h5") if given["computed"]["noise"] else given["file"]
    file = h5py.File(source)
    dataset = file["kspace"]
    rows, columns = dataset.shape[-2:]
    fill = ZeroFiller(rows, columns, image_size(file), THREADS)

    def zero_filled():
        kspace = dataset[0]
        mask = random_mask(columns, given["mask"], name_seed(source))
        return fill(kspace, mask) if kspace.ndim == 2 else fill.combine(kspace, mask)

    return zero_filled, zero_filled


def cfl_work(given):
    """One slice of an array whose first dimension is the fastest. NumPy maps the file, so it reads this slice alone."""
    (rows, columns), coils, slices = (given["computed"][name] for name in ("size", "coils", "slices"))
    array = np.memmap(path(given, ".cfl"), np.complex64, "r", shape=(slices, coils, columns, rows))
    filler = ZeroFiller(columns, rows, (columns, rows), THREADS)
    mask = np.ones(rows, np.float32)

    def combine():
        return np.ascontiguousarray(filler.combine(array[slices // 2], mask).T)

    return combine, combine


def coils_work(given):
    """
    Root sum of squares of the coils' centred inverse FFTs, from masked k-space in memory. One coil comes after another,
    because one coil stays in the processor's cache. All coils at once took longer with both libraries.
    """
    rows, columns = given["computed"]["size"]
    kspace = np.fromfile(path(given, "-kspace.f32"), np.complex64).reshape(-1, rows, columns)
    mask = np.fromfile(path(given, "-mask.f32"), np.float32)
    combine = {"scipy": scipy_coils, "torch": torch_coils}[given["computed"]["library"]](kspace, mask)
    return combine, combine


def scipy_coils(kspace, mask):
    rows, columns = kspace.shape[1:]
    filler = ZeroFiller(rows, columns, (rows, columns), THREADS)

    def combine():
        squares = np.zeros((rows, columns), np.float32)
        for coil in kspace:
            image = filler.transform(coil, mask)
            squares += image.real**2
            squares += image.imag**2
        return scipy.fft.fftshift(np.sqrt(squares))

    return combine


def torch_coils(kspace, mask):
    kspace, mask = torch.from_numpy(kspace), torch.from_numpy(mask)

    def combine():
        squares = torch.zeros(kspace.shape[1:])
        for coil in kspace:
            image = torch.fft.ifft2(torch.fft.ifftshift(coil * mask, dim=(-2, -1)), norm="ortho")
            squares += torch.view_as_real(image).square().sum(-1)
        return torch.fft.fftshift(squares.sqrt()).numpy()

    return combine


def centre_crop(image, size):
    """fastMRI's center_crop, of the last two axes."""
    top, left = ((length - wanted) // 2 for length, wanted in zip(image.shape[-2:], size))
    return image[..., top : top + size[0], left : left + size[1]]


def transform(kspace, mask, size):
    """fastMRI's UnetDataTransform: mask, centred inverse FFT, crop, magnitude, normalisation by mean and deviation."""
    masked = torch.from_numpy(kspace) * mask + 0.0
    shifted = torch.fft.ifftn(torch.fft.ifftshift(masked, dim=(-2, -1)), dim=(-2, -1), norm="ortho")
    image = centre_crop(torch.fft.fftshift(shifted, dim=(-2, -1)), size).abs()
    mean, std = image.mean(), image.std()
    return ((image - mean) / (std + 1e-11)).clamp(-6, 6), mean, std


def volume_work(given):
    """Reconstructed slice by slice, as fastMRI does, and scored by its `evaluate.py`."""
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    model = load_network(given).eval()

    def score():
        with h5py.File(given["file"]) as file, torch.inference_mode():
            size = image_size(file)
            target = centre_crop(file["reconstruction_esc"][()], size)
            kspace = file["kspace"]
            mask = torch.from_numpy(random_mask(kspace.shape[-1], given["mask"], name_seed(given["file"])))
            prediction = np.empty(target.shape, np.float32)
            for index in range(len(target)):
                image, mean, std = transform(kspace[index], mask, size)
                output = model(image[None, None].to(device(given))).cpu()[0, 0]
                prediction[index] = output * std + mean
        maximum = target.max()
        ssim = np.mean(
            [structural_similarity(*pair, win_size=7, data_range=maximum) for pair in zip(target, prediction)]
        )
        psnr = peak_signal_noise_ratio(target, prediction, data_range=maximum)
        nmse = np.linalg.norm(target - prediction) ** 2 / np.linalg.norm(target) ** 2
        return np.array([ssim, psnr, nmse])

    return score, score
