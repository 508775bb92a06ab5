import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api import Table

KEYS = st.sampled_from(["a", "A", "b", "Set-Cookie", "set-cookie"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "set", "del"]), KEYS, st.text("xyz", max_size=2)), max_size=15)


@given(STEPS)
def test_a_table_is_a_list_of_pairs_whose_keys_ignore_case(steps):
    table, model = Table(), []
    for step, key, value in steps:
        if step == "add":
            table.add(key, value)
            model.append((key, value))
        elif step == "set":
            table[key] = value
            same = [i for i, (name, _) in enumerate(model) if name.lower() == key.lower()]
            if same:
                model[same[0]] = (model[same[0]][0], value)
                model = [item for i, item in enumerate(model) if i not in same[1:]]
            else:
                model.append((key, value))
        else:
            del table[key]
            model = [item for item in model if item[0].lower() != key.lower()]
        assert table.items() == model
        for name in ("a", "SET-COOKIE"):
            values = [value for other, value in model if other.lower() == name.lower()]
            assert (name in table) == bool(values)
            assert table.get(name) == (values[0] if values else None)
            if values:
                assert table[name] == (values if len(values) > 1 else values[0])


def test_values_are_strings_or_bytes():
    table = Table({"A": 1})
    assert table["a"] == "1"
    table["b"] = b"\xe9"
    assert table["b"] == "é"
    for wrong in (1, None, "€"):
        with pytest.raises(TypeError):
            table["c"] = wrong
    with pytest.raises(KeyError):
        table["nothere"]


def test_a_table_made_or_updated_from_another_has_all_values_of_its_keys():
    cookies = Table()
    cookies.add("Set-Cookie", "1")
    cookies.add("set-cookie", "2")
    assert Table(cookies).items() == cookies.items()
    other = Table({"SET-COOKIE": "0", "b": "c"})
    other.update(cookies)
    assert other.items() == [("b", "c"), ("Set-Cookie", "1"), ("set-cookie", "2")]


def test_it_is_shown_backwards_and_compared_as_a_dictionary():
    table = Table([("A", "1"), ("B", "2")])
    assert repr(table) == "{'B': '2', 'A': '1'}"
    assert table == {"A": "1", "B": "2"}
    assert table.copy() == table
