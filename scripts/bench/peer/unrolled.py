"""Networks of k-space: fastMRI's own VarNet and deepinv's own MoDL, with the parts and weights that our side wrote."""

import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils import parametrize
from torch.utils.checkpoint import checkpoint

from networks import Trainer, load_network, path, read_safetensors


def read(given, part, *shape):
    return torch.from_numpy(np.fromfile(path(given, f"-{part}.f32"), np.float32).reshape(shape))


class Recomputed(torch.nn.Module):
    """A cascade that is computed again in the backward pass."""

    def __init__(self, cascade):
        super().__init__()
        self.cascade = cascade

    def forward(self, *given):
        return checkpoint(self.cascade, *given, use_reentrant=False)


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
        if computed.get("peerRecomputes"):
            self.net.cascades = torch.nn.ModuleList(map(Recomputed, self.net.cascades))
        rows, columns = computed["size"]
        self.kspace = read(given, "kspace", 1, computed["coils"], rows, columns, 2)
        self.mask = read(given, "mask", 1, 1, 1, columns, 1) > 0
        self.low = int(read(given, "centre", columns).sum())

    def forward(self):
        return self.net(self.kspace, self.mask, self.low)[:, None]


class Inverse(torch.nn.Module):
    def forward(self, mu):
        return 1 / mu

    right_inverse = forward


def from_zero(iterations):
    """deepinv's operator whose conjugate gradients start from 0, as the paper's do, and do not stop early."""
    import deepinv
    from deepinv.optim.linear.least_squares import least_squares_implicit_backward

    class Coils(deepinv.physics.MultiCoilMRI):
        def prox_l2(self, z, y, gamma, **_):
            settings = {"solver": "CG", "max_iter": iterations, "tol": 0, "parallel_dim": [0]}
            return least_squares_implicit_backward(self, y, z=z, gamma=gamma, **settings)

    return Coils


class MoDL(torch.nn.Module):
    """deepinv's MoDL of one slice, with as many iterations of conjugate gradients as ours."""

    def __init__(self, given):
        super().__init__()
        import deepinv

        computed = given["computed"]
        config = computed["networkConfig"]
        rows, columns = computed["size"]
        denoiser = deepinv.models.DnCNN(2, 2, depth=config["layers"], nf=config["channels"], pretrained=None)
        self.net = deepinv.models.MoDL(denoiser=denoiser, num_iter=config["blocks"])
        weights = read_safetensors(path(given, ".safetensors"))
        layers = [denoiser.in_conv, *denoiser.conv_list, denoiser.out_conv]
        with torch.no_grad():
            for i, layer in enumerate(layers):
                for part in ("weight", "bias"):
                    getattr(layer, part).copy_(weights[f"denoiser.layers.{i}.conv.{part}"])
            steps = self.net.params_algo["stepsize"]
            for step, mu in zip(steps, weights["mu"]):
                step.fill_(1 / mu)
        # deepinv learns the step sizes, ours learns μ = 1 / step size. Adam moves these differently, so both learn μ.
        for i in range(len(steps)):
            parametrize.register_parametrization(steps, str(i), Inverse())
        maps = torch.view_as_complex(read(given, "maps", 1, computed["coils"], rows, columns, 2))
        mask = read(given, "mask", columns).expand(1, 2, rows, columns)
        self.physics = from_zero(config["iterations"])(mask=mask, coil_maps=maps)
        self.kspace = read(given, "kspace", 1, computed["coils"], rows, columns, 2).movedim(-1, 1)

    def forward(self):
        return self.net(self.kspace, self.physics).square().sum(1, keepdim=True).sqrt()


NETWORKS = {"varnet": VarNet, "modl": MoDL}


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
