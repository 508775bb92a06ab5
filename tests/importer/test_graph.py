"""Which modules a change reaches."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mpfcgi.importer import Importer


@st.composite
def graphs_and_edits(draw):
    """For each of n modules the later ones that it imports, and some to edit, one after the other."""
    count = draw(st.integers(1, 6))
    imports = [draw(st.sets(st.integers(number + 1, count))) for number in range(count)] + [set()]
    return imports, draw(st.lists(st.integers(0, count), max_size=4))


def reaches(imports, start):
    found = {start}
    for child in imports[start]:
        found |= reaches(imports, child)
    return found


@settings(max_examples=40)
@given(graphs_and_edits())
def test_just_the_modules_that_depend_on_a_changed_one_are_loaded_again(case):
    imports, edits = case
    with tempfile.TemporaryDirectory() as root:

        def write(number, version):
            lines = [f"import m{child}" for child in sorted(imports[number])]
            Path(root, f"m{number}.py").write_text("\n".join([*lines, f"version = {version}"]))

        for number in range(len(imports)):
            write(number, 0)
        importer = Importer()

        def load():
            importer.new_request()
            return [importer.load(f"m{number}", root) for number in range(len(imports))]

        before = load()
        for version, edited in enumerate(edits, 1):
            write(edited, version)
            after = load()
            changed = {number for number, module in enumerate(after) if module is not before[number]}
            assert changed == {number for number in range(len(imports)) if edited in reaches(imports, number)}
            assert after[edited].version == version
            for number, module in enumerate(after):
                assert all(getattr(module, f"m{child}") is after[child] for child in imports[number])
            before = after
