"""The generated ratings are what they say; MovieLens' files are read, and refused with the line that is torn."""

import numpy as np
import pytest

from companion.data import movielens, ratings

ROWS = [(1, 10, 5, 978300760), (1, 20, 3, 978302109), (3, 10, 1, 978301968), (2, 7, 4, 978300275)]
FORMATS = {
    "u.data": ("", "{}\t{}\t{}\t{}\n"),
    "ratings.dat": ("", "{}::{}::{}::{}\n"),
    "ratings.csv": ("userId,movieId,rating,timestamp\n", "{},{},{},{}\n"),
}


@pytest.fixture(params=FORMATS)
def name(request):
    return request.param


@pytest.fixture
def write(name, tmp_path):
    """Writes lines, heading first; `where` is the line number of the first rating."""

    def write(rows, *, heading=None, end=None):
        head, line = FORMATS[name]
        text = (head if heading is None else heading) + "".join(
            row if isinstance(row, str) else line.format(*row) for row in rows
        )
        (tmp_path / name).write_text(text if end is None else text[:end], encoding="utf8", newline="")
        return tmp_path / name

    write.first = 2 if name == "ratings.csv" else 1
    return write


# --- MovieLens ---


def test_each_format_is_read(write):
    read = ratings.load(write(ROWS))
    assert read.shape == (3, 3)
    assert read.user_ids.tolist() == [1, 2, 3]
    assert read.item_ids.tolist() == [7, 10, 20]
    assert read.users.tolist() == [0, 0, 2, 1]
    assert read.items.tolist() == [1, 2, 1, 0]
    assert read.values.tolist() == [5, 3, 1, 4]
    assert read.times.tolist() == [row[3] for row in ROWS]
    assert [x.dtype for x in (read.users, read.items, read.values, read.times)] == [int, int, float, int]
    back = [(read.user_ids[u], read.item_ids[i], v, t) for u, i, v, t in zip(*read[:3], read.times, strict=True)]
    assert back == ROWS


def test_half_stars_where_the_format_has_them(write, name):
    rows = [*ROWS, (4, 7, 0.5, 0), (5, 7, 4.5, 1)]
    if name == "u.data":
        with pytest.raises(ValueError, match=r"u.data, line 5: the rating is 0.5; 1 to 5 in steps of 1 are allowed"):
            ratings.load(write(rows))
    else:
        assert ratings.load(write(rows)).values.tolist()[-2:] == [0.5, 4.5]


def test_a_file_in_parts_is_the_file_at_once(write, monkeypatch):
    rows = [(u, i, 1 + (u * i) % 5, 10 * u + i) for u in range(1, 12) for i in range(1, 8)]
    whole = ratings.load(write(rows))
    monkeypatch.setattr(movielens, "PART", 5)
    for ours, theirs in zip(ratings.load(write(rows)), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match=f"line {write.first + 76}: the rating is 6;"):
        ratings.load(write([*rows[:-1], (*rows[-1][:2], 6, 0)]))
    with pytest.raises(ValueError, match=f"line {write.first + 76}: the rating is 'six';"):
        ratings.load(write([*rows[:-1], (*rows[-1][:2], "six", 0)]))


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(name, write):
    path = write(ROWS)
    text = path.read_text(encoding="utf8").replace("\n", "\r\n")
    path.write_bytes((("\ufeff" if name == "ratings.csv" else "") + text).encode())
    assert ratings.load(path).values.tolist() == [5, 3, 1, 4]


def torn(name):
    """(rows, the offence in the message, the line of ratings it is in)."""
    line = FORMATS[name][1]
    separator = {"u.data": "\t", "ratings.dat": "::", "ratings.csv": ","}[name]
    other = ";" if name != "u.data" else " "
    cases = [
        ([*ROWS[:2], separator.join("123") + "\n", *ROWS[2:]], r"has 3 field\(s\) .*; 4 are needed", 3),
        ([*ROWS[:1], separator.join("12345") + "\n"], r"has 5 field\(s\)", 2),
        ([ROWS[0], "\n", ROWS[1]], r"has 1 field\(s\)", 2),
        ([line.replace(separator, other).format(*ROWS[0])], r"has 1 field\(s\) separated by", 1),
        ([ROWS[0], ("x", 1, 1, 1)], r"the user is 'x'; a number is needed", 2),
        ([ROWS[0], (1, "two", 1, 1)], r"the item is 'two'; a number", 2),
        ([(1, 1, "", 1)], r"the rating is ''; a number", 1),
        ([(1, 1, 3, "noon")], r"the time is 'noon'; a number", 1),
        ([ROWS[0], (1, 2, 6, 1)], r"the rating is 6; .* are allowed", 2),
        ([(1, 2, 0, 1)], r"the rating is 0;", 1),
        ([(1, 2, -1, 1)], r"the rating is -1;", 1),
        ([(1, 2, 3.25, 1)], r"the rating is 3.25;", 1),
        ([(1, 2, "nan", 1)], r"the rating is nan;", 1),
        ([(1, 2, "inf", 1)], r"the rating is inf;", 1),
        ([(0, 2, 3, 1)], r"the user is 0; a whole number ≥ 1", 1),
        ([(1, 2.5, 3, 1)], r"the item is 2.5; a whole number ≥ 1", 1),
        ([(1, 2, 3, -5)], r"the time is -5; a whole number ≥ 0", 1),
        ([(1, 2, 3, 1e300)], r"the time is 1e\+300;", 1),
        ([*ROWS, ROWS[1]], "a pair that line {2} has rated; one rating for each pair", 5),
    ]  # fmt: skip
    return cases


def test_what_is_torn_is_named_with_its_line(name, write):
    for rows, offence, line in torn(name):
        offence = offence.replace("{2}", str(write.first + 1))
        path = write(rows)
        with pytest.raises(ValueError, match=rf"{name}, line {write.first + line - 1}: .*{offence}") as caught:
            ratings.load(path)
        assert str(path) in str(caught.value)
        assert "mend that line, or get the file again" in str(caught.value)


@pytest.mark.parametrize("end", [-1, -3, -12])
def test_a_last_line_cut_off_is_noticed_although_its_fields_look_well(end, name, write):
    with pytest.raises(
        ValueError, match=rf"{name}, line {write.first + 3}: the last line does not end: the file is torn"
    ):
        ratings.load(write(ROWS, end=end))


def test_empty_files_and_missing_headings(name, write):
    with pytest.raises(ValueError, match=f"{name} is empty; get it again"):
        ratings.load(write([], heading=""))
    if name == "ratings.csv":
        with pytest.raises(ValueError, match=r"ratings.csv has no ratings"):
            ratings.load(write([]))
        for wrong in ("", "user,item,rating,time\n", "userId;movieId;rating;timestamp\n"):
            with pytest.raises(
                ValueError, match=r"ratings.csv, line 1: .*; the heading 'userId,movieId,rating,timestamp'"
            ):
                ratings.load(write(ROWS, heading=wrong))


def test_other_names_and_missing_files(tmp_path):
    with pytest.raises(
        ValueError, match=r"'u.item' is no file of ratings known here; give u.data, ratings.dat, ratings.csv"
    ):
        ratings.load(tmp_path / "u.item")
    with pytest.raises(FileNotFoundError):
        ratings.load(tmp_path / "u.data")


# --- generated ---


@pytest.fixture(scope="module")
def made():
    return ratings.generate()


def test_what_is_generated_is_a_function_of_the_seed(made):
    for ours, theirs in zip(ratings.generate(), made, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(ratings.generate(seed=1).values[:100], made.values[:100])


def test_the_noise_is_what_it_says(made):
    noise = made.values - made.clean
    assert noise.std() == pytest.approx(made.noise, rel=0.01)
    assert abs(noise.mean()) < 0.005
    for other in (made.clean, made.times, made.users, made.items):
        assert abs(np.corrcoef(noise, other)[0, 1]) < 0.01


def test_the_clean_ratings_are_the_formula(made):
    affinity = (made.taste[made.users] * made.mixture[made.items]).sum(1)
    np.testing.assert_allclose(made.clean, 3.5 + made.user_bias[made.users] + made.item_bias[made.items] + affinity)
    np.testing.assert_allclose(made.mixture.sum(1), 1)
    assert (made.mixture.argmax(1) == made.genre).all()
    assert set(made.genre) == set(range(len(ratings.GENRES)))
    assert made.clean.std() > 1.5 * made.noise


def test_no_pair_comes_twice_and_most_do_not_come(made):
    keys = made.users * made.shape[1] + made.items
    assert len(np.unique(keys)) == len(keys)
    assert 0.25 < len(keys) / (made.shape[0] * made.shape[1]) < 0.35
    assert set(made.users) == set(range(2000))
    counts = np.bincount(made.items, minlength=800)
    assert counts[:80].mean() > 2 * counts[-80:].mean()  # some items are popular
    assert np.percentile(np.bincount(made.users), 90) > 2.5 * np.percentile(np.bincount(made.users), 10)


def test_times_ascend_and_nobody_rates_before_being_there(made):
    assert (np.diff(made.times) >= 0).all()
    assert made.times[0] >= 0
    assert made.times[-1] < ratings.DAYS
    first = np.full(2000, ratings.DAYS)
    np.minimum.at(first, made.users, made.times)
    assert first.max() > 300  # some users come late


@pytest.mark.parametrize("wrong", [{"users": 0}, {"items": 0}, {"per_user": 0}, {"per_user": 401}])
def test_sizes_that_cannot_be(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ratings.generate(**wrong)


def test_the_folder_of_the_package_names_it():
    from companion import data

    assert data.ratings is ratings
    assert ratings.load is movielens.load
