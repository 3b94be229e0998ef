"""The reader's own pictures, in the states that readers' folders are in."""

import numpy as np
import pytest
from PIL import Image

from companion.data import folder, images


def paint(path, colour, size=(8, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


@pytest.fixture
def pets(tmp_path):
    """Forty cats and forty dogs; cat i is (i, 0, 0), dog i is (0, 0, i)."""
    root = tmp_path / "pets"
    for i in range(40):
        paint(root / "cat" / f"{i}.png", (i, 0, 0))
        paint(root / "dog" / "outdoors" / f"{i}.PNG", (0, 0, i))
    return root


def test_two_classes_and_a_split_by_name(pets):
    train, test = images(pets), images(pets, "test")
    assert train.x.shape[1:] == (3, 8, 8)
    assert train.x.dtype == np.uint8
    assert train.y.dtype == np.int64
    assert len(train.x) + len(test.x) == 80
    assert 6 <= len(test.x) <= 26  # binomial(80, 1/5), three sigma
    for x, y in train, test:
        assert (y == (x[:, 2, 0, 0] > x[:, 0, 0, 0]))[x.any((1, 2, 3))].all()  # cats are red, dogs are blue
    seen = {tuple(p) for p in train.x[:, :, 0, 0]}
    assert not seen & {tuple(p) for p in test.x[:, :, 0, 0] if p.any()}


def test_the_same_order_wherever_the_folder_lies_and_classes_mix(pets, tmp_path):
    before = images(pets)
    after = images(pets.rename(tmp_path / "elsewhere"))
    assert np.array_equal(before.x, after.x)
    assert np.array_equal(before.y, after.y)
    assert 2 < before.y[:20].sum() < 18
    first = images(tmp_path / "elsewhere", n=5)
    assert np.array_equal(first.x, before.x[:5])
    assert np.array_equal(first.y, before.y[:5])


def test_more_pictures_move_none_from_train_to_test(pets):
    before = {tuple(p) for p in images(pets).x[:, :, 0, 0]}
    for i in range(40, 60):
        paint(pets / "cat" / f"{i}.png", (i, 0, 0))
    assert before <= {tuple(p) for p in images(pets).x[:, :, 0, 0]}


def test_the_reader_says_which_are_for_the_test(tmp_path):
    paint(tmp_path / "train" / "a" / "1.png", 10, mode="L")
    paint(tmp_path / "train" / "c" / "1.png", 30, mode="L")
    paint(tmp_path / "test" / "b" / "1.png", 20, mode="L")
    paint(tmp_path / "test" / "c" / "2.png", 40, mode="L")
    train, test = images(tmp_path), images(tmp_path, "test")
    assert dict(zip(train.x[:, 0, 0, 0].tolist(), train.y.tolist(), strict=True)) == {10: 0, 30: 2}
    assert dict(zip(test.x[:, 0, 0, 0].tolist(), test.y.tolist(), strict=True)) == {20: 1, 40: 2}
    assert train.x.shape == (2, 1, 8, 8)  # all grey, so one channel


def test_no_subfolders_are_one_class_and_what_is_no_picture_is_passed_over(tmp_path):
    for i in range(30):
        paint(tmp_path / f"{i}.png", (i, i, 200))
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._1.png").write_text("what a Mac leaves behind")
    (tmp_path / ".thumbnails").mkdir()
    paint(tmp_path / ".thumbnails" / "1.png", 0)
    train, test = images(tmp_path), images(tmp_path, "test")
    assert len(train.x) + len(test.x) == 30
    assert len(test.x) > 0
    assert not train.y.any()
    assert not test.y.any()


def test_one_of_another_size_is_named_and_pixels_is_the_remedy(pets):
    paint(pets / "cat" / "train-odd.png", (99, 0, 0), size=(12, 6))
    odd = next(split for split in ("train", "test") if _raises(pets, split))
    with pytest.raises(ValueError, match=r"train-odd\.png is 12×6 pixels where most others are 8×8; pass pixels=32"):
        images(pets, odd)
    assert images(pets, odd, pixels=32).x.shape[1:] == (3, 32, 32)


def _raises(root, split):
    try:
        images(root, split)
    except ValueError:
        return True


def test_pixels_takes_the_middle(tmp_path):
    """A red bar at either end of a wide picture is cut away."""
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, :10, 0] = picture[:, 20:, 0] = 255
    picture[:, 10:20, 1] = 200
    for split in "train", "test":
        (tmp_path / split).mkdir()
        Image.fromarray(picture).save(tmp_path / split / "1.png")
    x = images(tmp_path, pixels=5).x
    assert x.shape == (1, 3, 5, 5)
    assert not x[:, 0].any()
    assert (x[:, 1] == 200).all()


def test_every_kind_of_picture_is_read_as_it_looks(tmp_path):
    file = tmp_path / "1.png"
    Image.fromarray(np.full((4, 4), 40000, np.uint16)).save(file)
    assert folder.read(file).mode == "L"
    assert folder.read(file).getpixel((0, 0)) == 155  # 40000 of 65535
    paint(file, (255, 0, 0, 0), mode="RGBA")
    assert folder.read(file).getpixel((0, 0)) == (255, 255, 255)  # transparent, hence paper
    paint(file, (0, 128), mode="LA")
    assert folder.read(file).mode == "L"
    assert folder.read(file).getpixel((0, 0)) == 127
    paint(file, 1, mode="1")
    assert folder.read(file).mode == "L"
    assert folder.read(file).getpixel((0, 0)) == 255
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: a camera held upright
    paint(tmp_path / "1.jpg", 0, size=(8, 4), exif=turned)
    assert folder.read(tmp_path / "1.jpg").size == (4, 8)


def test_grey_pictures_among_coloured_ones_become_coloured(tmp_path):
    for split in "train", "test":
        paint(tmp_path / split / "1.png", 70, mode="L")
        paint(tmp_path / split / "2.png", (1, 2, 3))
    x = images(tmp_path).x
    assert sorted(p.tolist() for p in x[:, :, 0, 0]) == [[1, 2, 3], [70, 70, 70]]


def test_torn_pictures_are_named(pets):
    for split in "train", "test":
        paint(pets / split / "ok.png", 0)
    torn = pets / "train" / "torn.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(torn)
    for content in torn.read_bytes()[:2000], b"no picture", b"":
        torn.write_bytes(content)
        with pytest.raises(ValueError, match=r"torn\.png cannot be read as a picture .*; mend it or take it away"):
            images(pets)


def test_says_what_is_wrong_with_a_folder(tmp_path, pets):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no pictures for the split 'train'; add some \(.*png"):
        images(tmp_path / "empty")
    with pytest.raises(ValueError, match=r"n is 81, but .*pets has \d+ pictures to train with"):
        images(pets, n=81)
    paint(pets / "stray.png", 0)
    with pytest.raises(ValueError, match="pictures beside subfolders"):
        images(pets)
    paint(tmp_path / "half" / "train" / "1.png", 0)
    with pytest.raises(ValueError, match="half has a subfolder 'train' but not both"):
        images(tmp_path / "half")
