"""The peer's process of the bench: the same works in PyTorch, and in h5py with SciPy.

Answers on standard output, one line of JSON for each line of JSON on standard input; pixels and weights pass as files
in a folder. The requests are those of side.ts.
"""

import json
import os
import struct
import sys
import time
from itertools import product

import h5py
import numpy as np
import scipy
import scipy.fft
import torch
from torch import nn

THREADS = 2


class Block(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


def activated(convolution):
    return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.LeakyReLU(0.2, inplace=True)]


def conv_block(inputs, outputs):
    """fastMRI's convolutions stand at 0 and 4 of the block, a dropout (none here) at 3."""
    first, second = (nn.Conv2d(channels, outputs, 3, padding=1, bias=False) for channels in (inputs, outputs))
    return Block(*activated(first), nn.Identity(), *activated(second))


def transpose_block(inputs, outputs):
    return Block(*activated(nn.ConvTranspose2d(inputs, outputs, kernel_size=2, stride=2, bias=False)))


class Unet(nn.Module):
    """fastMRI's U-Net for images whose sides 2**pools divides (Zbontar et al. 2018, arXiv:1811.08839)."""

    def __init__(self, channels, pools):
        super().__init__()
        widths = [channels * 2**level for level in range(pools)]
        self.down_sample_layers = nn.ModuleList(map(conv_block, [1, *widths], widths))
        self.conv = conv_block(widths[-1], 2 * widths[-1])
        self.up_transpose_conv = nn.ModuleList(transpose_block(2 * width, width) for width in reversed(widths))
        self.up_conv = nn.ModuleList(conv_block(2 * width, width) for width in reversed(widths))
        self.up_conv[-1] = nn.Sequential(self.up_conv[-1], nn.Conv2d(channels, 1, kernel_size=1))

    def forward(self, image):
        skips = []
        x = image
        for layer in self.down_sample_layers:
            x = layer(x)
            skips.append(x)
            x = nn.functional.avg_pool2d(x, kernel_size=2)
        x = self.conv(x)
        for up, conv in zip(self.up_transpose_conv, self.up_conv):
            x = conv(torch.cat([up(x), skips.pop()], dim=1))
        return x


def read_safetensors(path):
    """Tensors of float32 by name (huggingface/safetensors, README "Format")."""
    with open(path, "rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


def network_work(request, name, computed):
    """The forward pass, or the training step, of a network with weights, image and target as our side wrote them."""
    folder, rates = request["folder"], request["rates"]
    network, size = computed["network"], computed["size"]
    device = "cuda" if request["hardware"] == "gpu" else "cpu"
    weights = read_safetensors(os.path.join(folder, f"{name}.safetensors"))
    image, target = (
        np.tile(
            np.fromfile(os.path.join(folder, f"{name}-{which}.f32"), np.float32).reshape(1, 1, *size),
            (computed["batch"], 1, 1, 1),
        )
        for which in ("image", "target")
    )

    def fresh():
        model = Unet(**network)
        model.load_state_dict(weights, strict=True)
        return model.to(device)

    def make_forward():
        model = fresh()

        def forward():
            with torch.inference_mode():
                return model(torch.from_numpy(image).to(device)).cpu().numpy()

        return forward

    def start_training(rate):
        model = fresh()
        batch = torch.from_numpy(image), torch.from_numpy(target)
        optimizer = torch.optim.RMSprop(model.parameters(), lr=rate)

        def step():
            optimizer.zero_grad()
            loss = nn.functional.l1_loss(model(batch[0].to(device)), batch[1].to(device))
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    def first_losses():
        step = start_training(rates["checked"])
        return np.array([step() for _ in range(3)], np.float32)

    if computed["kind"] == "forward":
        forward = make_forward()
        return forward, forward
    return first_losses, start_training(rates["timed"])


def random_mask(name, columns, spec):
    """fastMRI's random mask, seeded by the file's name."""
    random = np.random.RandomState()
    random.seed(tuple(map(ord, name)))
    low = round(columns * spec["centerFraction"])
    probability = (columns / spec["acceleration"] - low) / (columns - low)
    mask = (random.uniform(size=columns) < probability).astype(np.float32)
    start = (columns - low + 1) // 2
    mask[start : start + low] = 1
    return mask


def shift_parts(length):
    """The two parts of an axis, each with its place once the centre is at index 0."""
    centre = length // 2
    return [
        (slice(centre, length), slice(0, length - centre)),
        (slice(0, centre), slice(length - centre, length)),
    ]


def crop_parts(length, size):
    """The parts before and after the centre of an axis that has its centre at index 0, each with its place in the crop."""
    before = length // 2 - (length - size) // 2
    return [
        (slice(length - before, length), slice(0, before)),
        (slice(0, size - before), slice(before, size)),
    ]


def slice_work(path, spec, size):
    """
    |centred inverse FFT| of a masked slice, cropped, in the fastest way found that transforms the whole slice: mask and
    first shift are one pass into a buffer that stays, SciPy computes in place, and the crop comes out of the four
    corners of the image. It takes half as long as the usual fftshift(ifft2(ifftshift(kspace * mask))).
    """
    dataset = h5py.File(path)["kspace"]
    _, rows, columns = dataset.shape
    name = os.path.basename(path)
    buffer = np.empty((rows, columns), np.complex64)
    shifts = list(product(shift_parts(rows), shift_parts(columns)))
    crops = list(product(crop_parts(rows, size[0]), crop_parts(columns, size[1])))

    def zero_filled():
        kspace = dataset[0]
        mask = random_mask(name, columns, spec)
        for (row, to_row), (column, to_column) in shifts:
            np.multiply(kspace[row, column], mask[column], out=buffer[to_row, to_column])
        image = scipy.fft.ifft2(buffer, norm="ortho", overwrite_x=True, workers=THREADS)
        magnitude = np.empty(size, np.float32)
        for (row, to_row), (column, to_column) in crops:
            np.abs(image[row, column], out=magnitude[to_row, to_column])
        return magnitude

    return zero_filled, zero_filled


def load(request):
    if request["hardware"] == "cpu":
        torch.set_num_threads(THREADS)
    else:
        torch.backends.cudnn.benchmark = True  # as TensorFlow does, it tries what is fastest
    pytorch = {"name": "PyTorch", "version": torch.__version__}
    arrays = {"name": "h5py + SciPy", "version": f"{h5py.__version__} + {scipy.__version__}"}
    works, names = {}, {}
    for name, computed in request["works"].items():
        if computed["kind"] == "slice":
            works[name] = slice_work(request["kspace"], request["mask"], tuple(request["size"]))
        else:
            works[name] = network_work(request, name, computed)
        names[name] = arrays if computed["kind"] == "slice" else pytorch
    return works, {"names": names}


def measure(once, iterations):
    times = []
    for _ in range(iterations):
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main():
    works = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "load":
            works, answer = load(request)
        elif request["do"] == "result":
            result, _ = works[request["work"]]
            result().astype(np.float32).tofile(request["path"])
            answer = {}
        else:
            _, once = works[request["work"]]
            answer = {"ms": measure(once, request["iterations"])}
        print(json.dumps(answer), flush=True)


main()
