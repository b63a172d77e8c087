"""Networks in PyTorch: forward passes and training steps, with weights and images that our side wrote."""

import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


def activated(convolution):
    return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.LeakyReLU(0.2, inplace=True)]


def conv_block(inputs, outputs):
    """fastMRI's block has convolutions at places 0 and 4. At place 3 is a dropout, here an identity."""
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
            x = functional.avg_pool2d(x, kernel_size=2)
        x = self.conv(x)
        for up, conv in zip(self.up_transpose_conv, self.up_conv):
            x = conv(torch.cat([up(x), skips.pop()], dim=1))
        return x


class Node(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(x)), inplace=True)


class UnetPlusPlus(nn.Module):
    """Zhou et al. 2018 (arXiv:1807.10165), with the names of pytorch-nested-unet, for images whose sides 16 divides."""

    DEPTH = 4

    def __init__(self, channels):
        super().__init__()
        widths = [channels * 2**level for level in range(self.DEPTH + 1)]
        for level, width in enumerate(widths):
            above = 1 if level == 0 else widths[level - 1]
            for column in range(self.DEPTH + 1 - level):
                inputs = above if column == 0 else column * width + widths[level + 1]
                self.add_module(f"conv{level}_{column}", Node(inputs, width))
        self.final = nn.Conv2d(channels, 1, kernel_size=1)

    def forward(self, image):
        rows = [[] for _ in range(self.DEPTH + 1)]
        for diagonal in range(self.DEPTH + 1):
            for column in range(diagonal + 1):
                level = diagonal - column
                if column > 0:
                    up = functional.interpolate(
                        rows[level + 1][column - 1], scale_factor=2, mode="bilinear", align_corners=True
                    )
                    x = torch.cat([*rows[level], up], dim=1)
                else:
                    x = image if level == 0 else functional.max_pool2d(rows[level - 1][0], kernel_size=2)
                rows[level].append(getattr(self, f"conv{level}_{column}")(x))
        return self.final(rows[0][-1])


NETWORKS = {"unet": Unet, "unet-plus-plus": UnetPlusPlus}
OPTIMIZERS = {"rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam}


def path(given, ending):
    return os.path.join(given["folder"], f"{given['name']}{ending}")


def device(given):
    return "cuda" if given["hardware"] == "gpu" else "cpu"


def read_safetensors(name):
    """Tensors of float32 by name (huggingface/safetensors, README "Format")."""
    with open(name, "rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for tensor, entry in header.items():
        start, end = entry["data_offsets"]
        values = np.frombuffer(data[start:end], np.float32).reshape(entry["shape"])
        tensors[tensor] = torch.from_numpy(values.copy())
    return tensors


def load_network(given, model=None):
    """The work's network, or a model around the network, with the weights that our side wrote, matched by name."""
    computed = given["computed"]
    model = model or NETWORKS[computed["network"]](**computed["networkConfig"])
    model.load_state_dict(read_safetensors(path(given, ".safetensors")), strict=True)
    return model.to(device(given))


def read_images(given, which):
    """[batch, 1, height, width]: one image, repeated."""
    computed = given["computed"]
    image = np.fromfile(path(given, f"-{which}.f32"), np.float32).reshape(1, 1, *computed["size"])
    return torch.from_numpy(np.tile(image, (computed["batch"], 1, 1, 1)))


class Form:
    """
    A model in the form of the work: eager or compiled, in float32 or with autocast to bfloat16. Matrix units of a GPU
    are fastest with bfloat16 if the channels are last.
    """

    def __init__(self, given, model):
        self.device, self.bfloat16 = device(given), given["precision"] == "bfloat16"
        if self.bfloat16:
            model.to(memory_format=torch.channels_last)
        self.model = torch.compile(model, dynamic=False) if given["compiled"] else model

    def place(self, part):
        part = part.to(self.device, non_blocking=True)
        return part.to(memory_format=torch.channels_last) if self.bfloat16 and part.dim() == 4 else part

    def __call__(self, *parts):
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bfloat16):
            return self.model(*map(self.place, parts)).float()


def forward_work(given):
    model = Form(given, load_network(given).eval())
    images = read_images(given, "image")

    def forward():
        with torch.inference_mode():
            return model(images).cpu().numpy()

    return forward, forward


class Trainer:
    """Steps of a loss: first the checked steps at the checked rate, then the timed steps at the timed rate."""

    def __init__(self, given, model, loss, after=None):
        self.computed, self.loss, self.after = given["computed"], loss, after
        kind = OPTIMIZERS[self.computed["optimizer"]]
        learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = kind(learned, lr=self.computed["rates"]["checked"])

    def step(self, *batch):
        self.optimizer.zero_grad()
        loss = self.loss(*batch)
        loss.backward()
        self.optimizer.step()
        if self.after:
            self.after()
        return loss.item()

    def first_losses(self, *batch):
        losses = [self.step(*batch) for _ in range(self.computed["checkedSteps"])]
        for group in self.optimizer.param_groups:
            group["lr"] = self.computed["rates"]["timed"]
        return np.array(losses, np.float32)


def training_work(given):
    network = load_network(given).train()
    model = Form(given, network)
    batch = [read_images(given, which) for which in ("image", "target")]

    def loss(image, target):
        return functional.l1_loss(model(image), target.to(model.device))

    trainer = Trainer(given, network, loss)
    return lambda: trainer.first_losses(*batch), lambda: trainer.step(*batch)
