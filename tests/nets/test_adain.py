"""AdaIN and LayerNorm against loops that follow their definitions; what each does to a style."""

import torch

from labkit.nets.adain import AdaINResBlock, LayerNorm, adain


def adain_with_loops(x, shift, scale, eps=1e-5):
    """Huang and Belongie 2017, Eq. 8, one channel of one image at a time."""
    y = torch.empty_like(x)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            pixels = [float(v) for v in x[b, c].flatten()]
            mean = sum(pixels) / len(pixels)
            variance = sum((v - mean) ** 2 for v in pixels) / len(pixels)
            y[b, c] = scale[b, c] * (x[b, c] - mean) / (variance + eps) ** 0.5 + shift[b, c]
    return y


def test_adain_equals_loops():
    x, shift, scale = torch.randn(3, 4, 5, 6) * 2 + 1, torch.randn(3, 4), torch.randn(3, 4)
    torch.testing.assert_close(adain(x, shift, scale), adain_with_loops(x, shift, scale))


def test_adain_sets_mean_and_deviation_whatever_they_were():
    shift, scale = torch.randn(2, 3), torch.rand(2, 3) + 0.5
    y = adain(torch.randn(2, 3, 16, 16) * 7 - 4, shift, scale)
    torch.testing.assert_close(y.mean((2, 3)), shift, atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std((2, 3), unbiased=False), scale, atol=1e-4, rtol=0)


def test_training_and_evaluation_are_the_same():
    block, x, style = AdaINResBlock(3), torch.randn(2, 3, 6, 6), torch.randn(2, 12)
    assert torch.equal(block.train()(x, style), block.eval()(x, style))


def test_residual_block_reads_shifts_before_scales():
    block, x = AdaINResBlock(2), torch.randn(1, 2, 6, 6)
    style = torch.tensor([[0.0, 0, 1, 1, 5, -3, 0, 0]])  # the last AdaIN: shifts 5 and -3, scales 0
    torch.testing.assert_close(block(x, style) - x, torch.tensor([5.0, -3.0])[None, :, None, None].expand_as(x))


def test_layer_norm_equals_loops():
    norm, x = LayerNorm(3), torch.randn(2, 3, 4, 5) * 3 + 2
    norm.shift.data = torch.randn(3)
    for b, image in enumerate(x):
        numbers = [float(v) for v in image.flatten()]
        mean = sum(numbers) / len(numbers)
        deviation = (sum((v - mean) ** 2 for v in numbers) / (len(numbers) - 1)) ** 0.5
        for c in range(3):
            expected = norm.scale[c] * (image[c] - mean) / (deviation + 1e-5) + norm.shift[c]
            torch.testing.assert_close(norm(x)[b, c], expected)


def test_instance_norm_undoes_adain_and_layer_norm_does_not():
    x = torch.randn(1, 4, 8, 8)
    styles = [(torch.randn(1, 4), torch.rand(1, 4) + 0.5) for _ in range(2)]
    first, second = (adain(x, *style) for style in styles)
    instance = torch.nn.InstanceNorm2d(4)
    torch.testing.assert_close(instance(first), instance(second), atol=1e-3, rtol=0)
    layer = LayerNorm(4)
    layer.scale.data.fill_(1.0)
    assert (layer(first) - layer(second)).abs().mean() > 0.1


def test_layer_norm_scales_start_in_the_unit_interval():
    scale = LayerNorm(1000).scale
    assert scale.min() >= 0 and scale.max() <= 1 and 0.45 < scale.mean() < 0.55
