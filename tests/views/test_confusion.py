import torch

from labkit.views.confusion import confusion, confusions


def test_rows_are_what_was_written_and_columns_what_is_read():
    table = confusion(seen=torch.tensor([2, 2, 0]), labels=torch.tensor([1, 1, 0]), classes=3)
    assert table.tolist() == [[1, 0, 0], [0, 0, 2], [0, 0, 0]]


def test_the_circles_are_the_best_renaming():
    renamed = torch.tensor([[0, 9, 1], [8, 0, 2], [1, 0, 7]])
    (panel,) = confusions({"renamed": renamed}).axes
    columns, rows = panel.lines[0].get_data()
    assert dict(zip(rows, columns, strict=True)) == {0: 1, 1: 0, 2: 2}
