"""SinCUT: tiles for D, the penalty, the pixel identity, and its settings."""

import pytest
import torch

from labkit.errors import LabError
from labkit.losses.adversarial import discriminator_loss, r1_penalty
from labkit.systems.sincut import SinCUT, SinCUTSettings

SMALL = dict(ngf=1, ndf=1, tile=8, dim=8)
ALL = frozenset({"D", "G", "F"})


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return {key: torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for key in "AB"}


def make(**changes):
    torch.manual_seed(0)
    return SinCUT(SinCUTSettings(**SMALL | changes))


def test_d_sees_tiles_and_pays_the_penalty_on_real_ones(batch):
    system = make()
    out = system(batch, ALL)
    terms = system.losses("D", out)

    def tiles(images):
        return torch.cat([images[:, :, y : y + 8, x : x + 8] for y in (0, 8) for x in (0, 8)])

    real, fake = tiles(batch["B"]), tiles(out["fake_B"].detach())
    expected = discriminator_loss("nonsaturating", system.D_B(real), system.D_B(fake)) / 2
    assert terms["B"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert terms["r1"].item() == pytest.approx(r1_penalty(system.D_B, real).item(), rel=1e-4)


def test_a_crop_as_large_as_the_tile_is_one_tile(batch):
    system = make(tile=16)
    assert torch.equal(system._tiles(batch["A"]), batch["A"])
    with pytest.raises(LabError, match="tiles of 16"):
        system._tiles(torch.zeros(1, 3, 24, 16))


def test_g_keeps_images_of_b_pixel_by_pixel(batch):
    system = make()
    out = system(batch, ALL)
    terms = system.losses("G", out)
    assert terms.keys() == {"adv", "nce", "idt", "pixel"}
    assert terms["pixel"].item() == pytest.approx((out["idt_B"] - batch["B"]).abs().mean().item(), rel=1e-5)
    with pytest.raises(LabError, match="idt_B"):
        make(lambda_idt=0.0)


def test_one_place_a_layer_and_the_whole_batch_as_negatives(batch):
    out = make()(batch, ALL)
    assert [out[f"query_{i}"].shape[:2] for i in range(3)] == [(4, 1)] * 3  # of A and of B
    assert "negatives" in make().coupling


def test_the_codes_size_by_default():
    with torch.device("meta"):
        system = SinCUT()
    counts = [sum(p.numel() for p in getattr(system, name).parameters()) for name in ("G_AB", "F", "D_B")]
    assert counts == [3_068_404, 280_832, 5_885_473]
