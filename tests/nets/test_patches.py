"""Sampled places, projection heads, and SimDCL's mapping."""

import torch

from labkit.nets.blocks import count_parameters
from labkit.nets.patches import PatchHeads, PatchMapping, at_places, random_places


def test_head_counts_are_the_official_codes():
    with torch.device("meta"):
        assert count_parameters(PatchHeads((3, 128, 256, 256, 256))) == 560_384
        assert count_parameters(PatchHeads((3, 160, 160))) == 280_832


def test_places_differ_and_are_as_many_as_fit():
    torch.manual_seed(0)
    few, all_there_are = random_places([torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 4, 4)], 20)
    assert len(few) == len(set(few.tolist())) == 20 and few.max() < 64
    assert sorted(all_there_are.tolist()) == list(range(16))
    assert not torch.equal(few, random_places([torch.zeros(2, 3, 8, 8)], 20)[0])


def test_vectors_are_those_at_the_places_row_by_row():
    features = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).float()
    vectors = at_places(features, torch.tensor([7, 0]))  # row 1, column 2
    assert torch.equal(vectors[:, 0], features[:, :, 1, 2])
    assert torch.equal(vectors[:, 1], features[:, :, 0, 0])


def test_heads_give_unit_vectors_of_one_size_and_the_map_agrees():
    torch.manual_seed(0)
    heads, maps = PatchHeads((3, 7), dim=32), [torch.randn(2, 3, 4, 4), torch.randn(2, 7, 2, 2)]
    with torch.no_grad():  # fresh heads put out so little that the small constant of the norm would show
        for parameter in heads.parameters():
            parameter.mul_(50)
    places = random_places(maps, 3)
    out = heads([at_places(m, p) for m, p in zip(maps, places, strict=True)])
    assert [o.shape for o in out] == [(2, 3, 32), (2, 3, 32)]
    assert all(torch.allclose(o.norm(dim=-1), torch.ones(2, 3), atol=1e-4) for o in out)
    assert torch.allclose(at_places(heads.map(1, maps[1]), places[1]), out[1], atol=1e-4)


def test_a_mapping_makes_one_unit_vector_of_all_layers():
    with torch.device("meta"):
        assert count_parameters(PatchMapping()) == 10_688
    torch.manual_seed(0)
    mapping, layers = PatchMapping(2, dim=5), [torch.randn(3, 9, 8), torch.randn(3, 7, 8)]
    with torch.no_grad():
        for parameter in mapping.parameters():
            parameter.mul_(50)
    out = mapping(layers)
    assert out.shape == (3, 5) and torch.allclose(out.norm(dim=1), torch.ones(3), atol=1e-4)
    assert torch.equal(out, mapping([layers[0][:, :7], layers[1]]))  # as many places of each as the smallest has
    torch.testing.assert_close(out[1:2], mapping([layer[1:2] for layer in layers]))  # images do not see each other
    assert not torch.allclose(out, mapping([layers[0], -layers[1]]))
