"""
Self-MRI's self-supervised methods in PyTorch: networks with their heads and losses, and a DataLoader.

The DataLoader reads, masks, transforms and augments, with one worker on a CPU, and with two for files of several
coils. Beside a GPU it has eight workers, because Self-MRI has eight threads there. The DataLoader draws its own random
numbers, but does equal work with them.
"""

import json
import math

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from images import ZeroFiller, image_size, low_columns, random_mask
from networks import Form, Trainer, Unet, load_network, path

PATCHES = 9


def features(model, config, views):
    """The flattened output image [n, 1, h, w], or the means of the image over a grid."""
    image = Unet.forward(model, views)
    if config["attach"] == "grid":
        image = functional.avg_pool2d(image, image.shape[-1] // config["grid"])
    return image.flatten(1)


def feature_length(config, side):
    return config["grid"] ** 2 if config["attach"] == "grid" else side**2


class Head(nn.Module):
    """Layers under the names that the program's checkpoint gives them."""

    def __init__(self, **layers):
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)


def two_layers(config, inputs):
    return {"0": nn.Linear(inputs, config["hidden"]), "2": nn.Linear(config["hidden"], config["embedding"])}


def project(head, x):
    return getattr(head, "2")(functional.relu(getattr(head, "0")(x)))


class SimCLR(Unet):
    """Chen et al. 2020, arXiv:2002.05709."""

    def __init__(self, network, config, samples):
        super().__init__(**network)
        self.config = config
        self.head = Head(**two_layers(config, feature_length(config, config["crop"])))

    def forward(self, first, second):
        x = features(self, self.config, torch.cat([first, second]))
        z = functional.normalize(project(self.head, x))
        logits = (z @ z.T / self.config["temperature"]).fill_diagonal_(-1e9)
        count = len(z)
        return functional.cross_entropy(logits, (torch.arange(count, device=z.device) + count // 2) % count)


class SwAV(Unet):
    """Caron et al. 2020, arXiv:2006.09882."""

    ASSIGNED = (0, 1)

    def __init__(self, network, config, samples):
        super().__init__(**network)
        self.config = config
        self.head = Head(**two_layers(config, feature_length(config, config["large"])))
        self.head.prototypes = nn.Parameter(torch.empty(config["prototypes"], config["embedding"]))

    def assign(self, scores):
        log = scores / self.config["epsilon"]
        for _ in range(self.config["iterations"]):
            log = log - log.logsumexp(0, keepdim=True) - math.log(log.shape[1])
            log = log - log.logsumexp(1, keepdim=True) - math.log(log.shape[0])
        return log.exp() * len(scores)

    def forward(self, *crops):
        config = self.config
        crops = crops[: config["larges"] + config["smalls"]]
        sets = crops[: config["larges"]], crops[config["larges"] :]
        x = torch.cat([features(self, config, torch.cat(some)) for some in sets])
        z = functional.normalize(project(self.head, x))
        scores = (z @ self.head.prototypes.T).chunk(len(crops))
        predictions = [functional.log_softmax(each / config["temperature"], dim=1) for each in scores]
        losses = []
        for assigned in self.ASSIGNED:
            with torch.no_grad():
                target = self.assign(scores[assigned])
            others = [each for crop, each in enumerate(predictions) if crop != assigned]
            losses.append(sum(-(target * each).sum(1).mean() for each in others) / len(others))
        return sum(losses) / len(losses)

    def after(self):
        with torch.no_grad():
            self.head.prototypes.copy_(functional.normalize(self.head.prototypes))


class PIRL(Unet):
    """Misra & van der Maaten 2020, arXiv:1912.01991, with cross-entropy over a memory bank."""

    def __init__(self, network, config, samples):
        super().__init__(**network)
        self.config = config
        embedding = config["embedding"]
        self.head = Head(
            patch=nn.Linear(feature_length(config, config["patch"]), embedding),
            jigsaw=nn.Linear(PATCHES * embedding, embedding),
            image=nn.Linear(feature_length(config, config["crop"]), embedding),
        )
        self.head.register_buffer("bank", torch.empty(samples, embedding))
        self.head.register_buffer("partition", torch.empty(1))

    def contrast(self, v, positive, counts):
        logits = functional.normalize(v) @ self.head.bank.T / self.config["temperature"]
        every = ((positive + counts) * logits.exp()).sum(1).log()
        return (every - (positive * logits).sum(1)).mean()

    def forward(self, images, patches, positive, patch_counts, image_counts):
        config = self.config
        single = patches.flatten(0, 1)
        each = self.head.patch(features(self, config, single))
        jigsaw = self.head.jigsaw(each.reshape(len(images), -1))
        image = self.head.image(features(self, config, images))
        weight = config["patchWeight"]
        loss = weight * self.contrast(jigsaw, positive, patch_counts)
        loss = loss + (1 - weight) * self.contrast(image, positive, image_counts)
        self.moved = positive.argmax(1), functional.normalize(image.detach())
        return loss

    def after(self):
        """Moves the rows of the memory bank, after the gradient was computed."""
        rows, v = self.moved
        bank, momentum = self.head.bank, self.config["momentum"]
        bank[rows] = functional.normalize(momentum * bank[rows] + (1 - momentum) * v)


class RotNet(Unet):
    """Gidaris et al. 2018, arXiv:1803.07728."""

    def __init__(self, network, config, samples):
        super().__init__(**network)
        self.config = config
        self.head = nn.Linear(feature_length(config, config["crop"]), 4)

    def forward(self, images, labels):
        return functional.cross_entropy(self.head(features(self, self.config, images)), labels)


METHODS = {"simclr": SimCLR, "swav": SwAV, "pirl": PIRL, "rotnet": RotNet}


def uniform(low, high):
    return low + (high - low) * torch.rand(()).item()


def resized_crop(image, size, minimum_area):
    """torchvision's RandomResizedCrop, antialiased, aspect 3/4 to 4/3."""
    rows, columns = image.shape
    for _ in range(10):
        area = rows * columns * uniform(minimum_area, 1)
        aspect = math.exp(uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < width <= columns and 0 < height <= rows:
            top = int(torch.randint(rows - height + 1, ()))
            left = int(torch.randint(columns - width + 1, ()))
            box = image[top : top + height, left : left + width]
            break
    else:
        box = image
    return functional.interpolate(
        box[None, None], (size, size), mode="bilinear", align_corners=False, antialias=True
    )[0, 0]


def flip(image):
    return image.flip(1) if uniform(0, 1) < 0.5 else image


def distort_intensity(image, strength):
    maximum = image.max()
    curved = maximum * (image / maximum) ** math.exp(uniform(-strength, strength))
    contrast, brightness = (uniform(1 - 0.8 * strength, 1 + 0.8 * strength) for _ in range(2))
    mean = curved.mean()
    return ((mean + (curved - mean) * contrast) * brightness).clamp_(min=0)


def gaussian_blur(image, sigma):
    radius = max(1, int(4 * sigma + 0.5))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = functional.pad(image[None, None], [radius] * 4, mode="reflect")
    return functional.conv2d(functional.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])[0, 0]


def standardise(image):
    return ((image - image.mean()) / (image.std() + 1e-11)).clamp(-6, 6)


class Views(Dataset):
    """The parts that a method makes of one slice: tensors [1, h, w] or [n, 1, h, w], and rows of the memory bank."""

    def __init__(self, given, facts):
        computed = given["computed"]
        self.path, self.spec, self.keep = given["file"], given["mask"], facts["keep"]
        self.method, self.config = computed["method"], facts["methodConfig"]
        with h5py.File(self.path) as file:
            self.slices, *_, self.rows, self.columns = file["kspace"].shape
            self.size = image_size(file)
        self.count = self.slices * facts["copies"]
        self.kspace = self.fill = None

    def __len__(self):
        return self.count

    def __getitem__(self, place):
        if self.kspace is None:  # Each worker opens the file once.
            self.kspace = h5py.File(self.path)["kspace"]
            self.fill = ZeroFiller(self.rows, self.columns, self.size, threads=1)
        index = place % self.slices
        self.measured = random_mask(self.columns, self.spec, index)
        self.data = self.kspace[index]
        return getattr(self, self.method)(place)

    def view(self):
        """The image under a mask that keeps a random part of the slice's measured columns."""
        start, end = low_columns(self.columns, self.spec)
        mask = self.measured * (np.random.uniform(size=self.columns) < self.keep)
        mask[start:end] = 1
        return self.image(mask.astype(np.float32))

    def image(self, mask):
        """With several coils: the root sum of squares of their images."""
        fill = self.fill if self.data.ndim == 2 else self.fill.combine
        return torch.from_numpy(fill(self.data, mask))

    def simclr(self, place):
        config = self.config

        def one():
            image = flip(resized_crop(self.view(), config["crop"], config["minimumArea"]))
            image = distort_intensity(image, config["intensity"])
            if uniform(0, 1) < config["blur"]:
                image = gaussian_blur(image, uniform(0.1, 2))
            return standardise(image)[None]

        return [one(), one()]

    def swav(self, place):
        config = self.config

        def crop(size, area):
            image = flip(resized_crop(self.view(), size, area))
            if uniform(0, 1) < 0.5:
                image = gaussian_blur(image, config["blur"])
            return standardise(image)[None]

        large = [crop(config["large"], config["largeArea"]) for _ in range(config["larges"])]
        return large + [crop(config["small"], config["smallArea"]) for _ in range(config["smalls"])]

    def pirl(self, place):
        config, patch = self.config, self.config["patch"]
        image = standardise(flip(resized_crop(self.view(), config["crop"], config["minimumArea"])))
        cell = round(patch * 85 / 64)
        square = standardise(flip(resized_crop(self.view(), 3 * cell, config["jigsawArea"])))
        patches = []
        for corner in range(PATCHES):
            left, top = (cell * axis + int(torch.randint(cell - patch, ())) for axis in divmod(corner, 3))
            patches.append(square[top : top + patch, left : left + patch])
        patches = torch.stack([patches[i] for i in torch.randperm(PATCHES)])
        positive = torch.zeros(self.count)
        positive[place] = 1

        def negatives():
            return torch.bincount(torch.randint(self.count, (config["negatives"],)), minlength=self.count).float()

        return [image[None], patches[:, None], positive, negatives(), negatives()]

    def rotnet(self, place):
        config, crop = self.config, self.config["crop"]
        full = self.image(np.ones(self.columns, np.float32))
        upright = flip(resized_crop(full, crop, config["minimumArea"]))
        turns = int(torch.randint(4, ()))
        centred = torch.fft.ifftshift(torch.rot90(upright, turns))
        kspace = torch.fft.fftshift(torch.fft.fft2(centred, norm="ortho"))
        masked = kspace * torch.from_numpy(random_mask(crop, self.spec, None))
        image = torch.fft.fftshift(torch.fft.ifft2(torch.fft.ifftshift(masked), norm="ortho")).abs()
        return [standardise(image)[None], functional.one_hot(torch.tensor(turns), 4).float()]


def batches(given, facts):
    """Batches without end."""
    views = Views(given, facts)
    on_gpu = given["hardware"] == "gpu"
    loader = DataLoader(
        views,
        batch_size=given["computed"]["batch"],
        shuffle=True,
        drop_last=True,
        num_workers=8 if on_gpu else 2 if given["computed"]["coils"] > 1 else 1,
        persistent_workers=True,
        pin_memory=on_gpu,
    )
    while True:
        yield from loader


def our_batch(given, facts):
    """The parts of our side's batch. Images [n, h, w, 1] become [n, 1, h, w], which keeps the order of the numbers."""
    for i, shape in enumerate(facts["parts"]):
        values = torch.from_numpy(np.fromfile(path(given, f"-part-{i}.f32"), np.float32).reshape(shape))
        yield values.movedim(-1, -3) if len(shape) > 3 else values


def pretext_work(given):
    with open(path(given, ".json")) as file:
        facts = json.load(file)
    computed = given["computed"]
    dataset = Views(given, facts)
    model = METHODS[computed["method"]](computed["networkConfig"], facts["methodConfig"], len(dataset))
    load_network(given, model).train()
    trainer = Trainer(given, model, Form(given, model), getattr(model, "after", None))
    stream = batches(given, facts)
    return (
        lambda: trainer.first_losses(*our_batch(given, facts)),
        lambda: trainer.step(*next(stream)),
    )
