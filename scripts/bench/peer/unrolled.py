"""Networks of k-space: fastMRI's own VarNet and deepinv's own MoDL, with the parts and weights that our side wrote."""

import numpy as np
import torch
from torch.nn import functional

from networks import Trainer, load_network, path


def read(given, part, *shape):
    return torch.from_numpy(np.fromfile(path(given, f"-{part}.f32"), np.float32).reshape(shape))


class VarNet(torch.nn.Module):
    """fastMRI's VarNet of one slice, which gives an image [1, 1, rows, columns]."""

    def __init__(self, given):
        super().__init__()
        from fastmri.models import VarNet as Theirs

        computed = given["computed"]
        config = computed["networkConfig"]
        self.net = Theirs(
            num_cascades=config["cascades"],
            sens_chans=config["mapChannels"],
            sens_pools=config["mapPools"],
            chans=config["channels"],
            pools=config["pools"],
        )
        load_network(given, self.net)
        rows, columns = computed["size"]
        self.kspace = read(given, "kspace", 1, computed["coils"], rows, columns, 2)
        self.mask = read(given, "mask", 1, 1, 1, columns, 1) > 0
        self.low = int(read(given, "centre", columns).sum())
        # Of float32, whose exact window our side uses too. Its own sums to 1 within a rounding error.

    def forward(self):
        return self.net(self.kspace, self.mask, self.low)[:, None]


NETWORKS = {"varnet": VarNet}


def image_loss(given):
    weights = given["computed"]["loss"]
    rows, columns = given["computed"]["size"]
    target = read(given, "target", 1, 1, rows, columns)
    data_range = read(given, "range", 1)
    if weights == {"ssim": 1}:
        from fastmri.losses import SSIMLoss

        ssim = SSIMLoss()
        return lambda image: ssim(image, target, data_range=data_range)
    return lambda image: functional.mse_loss(image, target)


def unrolled_forward_work(given):
    model = NETWORKS[given["computed"]["network"]](given).eval()

    def forward():
        with torch.inference_mode():
            return model().numpy()

    return forward, forward


def unrolled_work(given):
    model = NETWORKS[given["computed"]["network"]](given).train()
    loss = image_loss(given)
    trainer = Trainer(given, model, lambda: loss(model()))
    return trainer.first_losses, trainer.step
