"""Tables in the layouts that users have; every row finds its image, or a sentence says why not."""

import random
from pathlib import Path

import numpy as np
import pytest
from image_files import NOTHING, image, pixels, table

from nasci.data import ReadOptions
from nasci.data.csv_table import read_csv
from nasci.data.image_table import read_image_table
from nasci.errors import DataError


@pytest.fixture
def plain(tmp_path) -> Path:
    """Three images in a folder, each of its number times ten."""
    root = tmp_path / "images"
    for number in (1, 2, 3):
        image(root / f"{number}.png", number * 10)
    return root


@pytest.mark.parametrize("name", ["{}.png", "{}", "images/{}.png", "images\\{}", "./{}.png"])
@pytest.mark.parametrize("where", ["in", "beside", "itself"])
def test_rows_find_images_by_any_name(plain, name: str, where: str) -> None:
    cells = [name.format(number) for number in (3, 1, 2)]
    path = (plain if where == "in" else plain.parent) / "t.csv"
    table(path, "file,mass", *(f"{cell},{value}" for cell, value in zip(cells, "abc", strict=True)))
    given = path if where == "itself" else plain
    source = read_image_table(given, NOTHING)
    assert pixels(source) == [30, 10, 20]
    assert source.y.tolist() == ["a", "b", "c"]
    assert source.y_names == ("mass",)
    assert source.layout == "NHWC"
    assert source.groups is source.parts is source.tree is source.augmentation is None


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (("1", "-2", "+3"), "i", [1, -2, 3]),
        (("1", "2.5", "3e2"), "f", [1, 2.5, 300]),
        (("1", "b", "3"), "U", ["1", "b", "3"]),
        (("1_0", "2", "3"), "U", ["1_0", "2", "3"]),
        (("none", "NA", "?"), "U", ["none", "NA", "?"]),
        (("9" * 30, "1", "2"), "f", [1e30, 1, 2]),
    ],
)
def test_types_of_columns(plain, cells, kind: str, values) -> None:
    rows = [f"{number},{cell}" for number, cell in enumerate(cells, start=1)]
    table(plain / "t.csv", "id,y", *rows)
    y = read_image_table(plain, NOTHING).y
    assert y.dtype.kind == kind
    assert y.tolist() == values


def test_columns_are_chosen(plain) -> None:
    path = table(plain / "t.csv", "id,a,b,who", "1,5,0.5,p", "2,6,0.25,p", "3,7,0.125,q")
    options = ReadOptions(y=("b", "a"), group="who")
    source = read_image_table(plain, options)
    np.testing.assert_array_equal(source.y, [[0.5, 5], [0.25, 6], [0.125, 7]])
    assert source.y_names == ("b", "a")
    assert source.groups.tolist() == ["p", "p", "q"]
    with pytest.raises(DataError, match=r"which columns .* are the targets.* a, b, who"):
        read_image_table(plain, NOTHING)
    with pytest.raises(DataError, match="Did you mean `who`"):
        read_image_table(plain, ReadOptions(y=("a",), group="whom"))
    with pytest.raises(DataError, match=r"numbers in several target columns.*`who`"):
        read_image_table(plain, ReadOptions(y=("a", "who")))
    table(path, "row,a,file,y", "1,3,1,0", "1,1,2,1", "1,2,3,0")  # two columns name images
    source = read_image_table(plain, ReadOptions(x="file", y=("y",)))
    assert pixels(source) == [10, 20, 30]


def test_the_column_of_names_has_most_of_them(plain) -> None:
    table(plain / "t.csv", "label,id", "1,2", "1,3", "2,1")
    source = read_image_table(plain, NOTHING)
    assert pixels(source) == [20, 30, 10]
    assert source.y.tolist() == [1, 1, 2]


def test_sets_of_labels(plain) -> None:
    table(plain / "t.csv", "id,found", "1,b|a", "2,b", "3,c | b")
    source = read_image_table(plain, NOTHING)
    assert source.y_names == ("a", "b", "c")
    assert source.y.dtype == np.uint8
    np.testing.assert_array_equal(source.y, [[1, 1, 0], [0, 1, 0], [0, 1, 1]])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiters_and_marks(plain, delimiter: str, encoding: str) -> None:
    rows = [f"{n}{delimiter}{n}" for n in (1, 2, 3)]
    table(plain / "t.csv", f'"id"{delimiter}größe', *rows, "", encoding=encoding)
    assert read_image_table(plain, NOTHING).y_names == ("größe",)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["id,y", "1,0", "2,1"], "labels are missing for 1 of 3 images.*3.png"),
        (["id,y", "1,0", "2,1", "3,0", "4,1", "5,1"], "2 of 5 rows have none.*`4` of column id"),
        (["id,y", "1,0", "2,1", "3,0", "1,1"], "lines 2 and 5 are both for 1.png"),
        (["id,y", "1,0", "2,", "3,0"], r"line 3 \(row 2\) is empty"),
        (["id,y", "1,0", "2,nan", "3,0"], r"line 3 \(row 2\) is nan"),
        (["id,y", "1,0", "2,NA", "3,0"], r"line 3 \(row 2\) is NA"),
        (["id,y", "1,0", "2,inf", "3,0.5"], r"line 3 \(row 2\) is inf"),
        (["id,y", "1,0", "2,NaN", "3,a"], r"line 3 \(row 2\) is NaN"),
        (["id,y", "1,0", "2,1,7", "3,0"], "2 cells in every row.*line 3 has 3"),
        (["id,y,y", "1,0,0"], "`y` stands there twice"),
        (["id,y"], "a row an example"),
        (["", ""], r"0 line\(s\)"),
        (["id,y", "a,u", "b,v"], "that names the images .*such as 1.png"),
        (["id,y", "1.png,0", "../2.png,1", "3.png,0"], r"leads out of it \(`../2.png`\)"),
        (["id,y", "1.png,0", "/etc/2.png,1", "3.png,0"], "leads out of it"),
        (["id,y", "1.png,0", "C:\\2.png,1", "3.png,0"], "leads out of it"),
        (["id,y", "1.png,0", ",1", "3.png,0"], "name of an image in line 3"),
        (['id,y', '"1,0', "2,1"], "cannot be read"),
    ],
)  # fmt: skip
def test_refuses(plain, rows: list[str], sentence: str) -> None:
    table(plain / "t.csv", *rows)
    with pytest.raises(DataError, match=sentence):
        read_image_table(plain, NOTHING)


def test_which_table(plain) -> None:
    with pytest.raises(DataError, match=r"a CSV table in .* or beside it"):
        read_image_table(plain, NOTHING)
    rows = ("id,y", "1,0", "2,1", "3,0")
    table(plain / "a.csv", *rows)
    table(plain / "b.csv", *rows)
    with pytest.raises(DataError, match=r"one CSV table .* a\.csv, b\.csv"):
        read_image_table(plain, NOTHING)
    assert len(read_image_table(plain, ReadOptions(table="b.csv")).x) == 3
    table(plain.parent / "c.csv", *rows)
    assert len(read_image_table(plain, ReadOptions(table="c.csv")).x) == 3
    for name in ("no.csv", "../../d.csv", "/etc/passwd"):
        with pytest.raises(DataError, match=r"data\.table"):
            read_image_table(plain, ReadOptions(table=name))
    with pytest.raises(DataError, match="itself a table"):
        read_image_table(plain / "a.csv", ReadOptions(table="b.csv"))
    with pytest.raises(DataError, match="there is no file"):
        read_image_table(plain / "no.csv", NOTHING)


def test_two_images_of_one_name(plain) -> None:
    image(plain / "a" / "4.png")
    image(plain / "b" / "4.png", 5)
    table(plain / "t.csv", "id,y", "1,0", "2,1", "3,0", "4,1")
    with pytest.raises(DataError, match=r"there are a/4\.png and b/4\.png"):
        read_image_table(plain, NOTHING)
    table(plain / "t.csv", "id,y", "1,0", "2,1", "3,0", "a/4.png,1", "b/4,0")
    assert pixels(read_image_table(plain, NOTHING)) == [10, 20, 30, 0, 5]


def test_folders_without_rows_are_left_out_and_said(plain) -> None:
    image(plain / "unlabelled" / "9.png")
    table(plain / "t.csv", "id,y", "1,0", "2,1", "3,0")
    assert "1 images are left out: no image of unlabelled" in " ".join(
        read_image_table(plain, NOTHING).notes
    )


def test_links_must_stay_within(plain, tmp_path) -> None:
    (plain / "4.png").symlink_to(image(tmp_path / "outside.png"))
    table(plain / "t.csv", "id,y", "1,0", "2,1", "3,0", "4,1")
    with pytest.raises(DataError, match="leads outside"):
        read_image_table(plain, NOTHING)


def test_damaged_tables_give_a_value_or_a_sentence(plain) -> None:
    chooser = random.Random(0)
    path = table(plain / "t.csv", "id,y", "1,0.5", "2,x|y", "3,7")
    content = path.read_bytes()
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(chooser.randint(1, 3)):
            damaged[chooser.randrange(len(damaged))] = chooser.randrange(256)
        if chooser.random() < 0.3:
            del damaged[chooser.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        try:
            assert len(read_image_table(plain, NOTHING).x) == 3
        except DataError as error:
            assert len(str(error)) > 20


def test_long_cells_are_refused(tmp_path) -> None:
    path = table(tmp_path / "t.csv", "a,b", f"1,{'x' * 200_000}")
    with pytest.raises(DataError, match="cannot be read"):
        read_csv(path)
