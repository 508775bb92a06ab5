from mpfcgi.api.psp_cache import PAGES, Compiled, Memory


def page(stamp):
    return Compiled(stamp, compile("", "page", "exec"), False, False, {})


def test_a_page_is_found_while_its_file_is_the_same():
    memory = Memory()
    kept = page((1, 2, 3))
    memory.put("a", kept)
    assert memory.get("a", (1, 2, 3)) is kept
    assert memory.get("a", (1, 2, 4)) is None
    assert memory.get("b", (1, 2, 3)) is None


def test_there_are_512_pages_and_the_one_unused_for_longest_goes():
    memory = Memory()
    for number in range(PAGES):
        memory.put(str(number), page(None))
    memory.get("0", None)
    memory.put("new", page(None))
    assert (PAGES, len(memory)) == (512, 512)
    assert memory.get("0", None)
    assert memory.get("1", None) is None
