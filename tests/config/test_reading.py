import os

import pytest

from mpfcgi.config import ConfigError, load, load_text
from mpfcgi.config.reading import Reader


def read(text, **defines):
    return [(node.name, *node.args) for node in Reader("/", defines).read(text, "t")]


def test_a_define_holds_for_the_lines_after_it():
    assert read("A ${X}\nDefine X 1\nA ${X}\nUnDefine X\nA ${X}") == [("A", "${X}"), ("A", "1"), ("A", "${X}")]


def test_a_define_in_a_section_holds_in_it_and_behind_it():
    reader = Reader("/", {})
    section, after = reader.read("<S>\nDefine X 1\nA ${X}\n</S>\nB ${X}", "t")
    assert (section.children[0].args, after.args) == (("1",), ("1",))


def test_a_define_in_a_section_that_does_not_hold_is_not_done():
    assert read("<IfDefine NO>\nDefine X 1\n</IfDefine>\nA ${X}") == [("A", "${X}")]


def test_a_variable_of_the_environment_stands_behind_a_defined_one(monkeypatch):
    monkeypatch.setenv("MPFCGI_TEST_X", "outside")
    assert read("A ${MPFCGI_TEST_X}\nDefine MPFCGI_TEST_X inside\nA ${MPFCGI_TEST_X}") == [
        ("A", "outside"),
        ("A", "inside"),
    ]


def test_a_name_that_is_not_defined_is_reported():
    assert load_text("ServerAdmin ${NOBODY_KNOWS}", "t").warnings == ("t:1: ${NOBODY_KNOWS} is not defined",)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("IfModule mod_python.c", True),
        ("IfModule python_module", True),
        ("IfModule !python_module", False),
        ("IfModule mod_ssl.c", False),
        ("IfModule !mod_ssl.c", True),
        ("IfDefine A", True),
        ("IfDefine !A", False),
        ("IfVersion 2.4", True),
        ("IfVersion >= 2.2", True),
        ("IfVersion > 2.4.500", False),
        ("IfVersion !< 2.4", True),
        ("IfFile /etc/passwd", True),
        ("IfFile !/etc/passwd", False),
        ("IfDirective PythonHandler", True),
        ("IfDirective Nonsense", False),
    ],
)
def test_conditions_hold_as_in_apache_with_mod_python(condition, holds):
    name = condition.split()[0]
    assert read(f"<{condition}>\nB\n</{name}>", A="") == [("B",)] * holds


@pytest.mark.parametrize("text", ["<IfModule>\n</IfModule>", "<IfVersion x>\n</IfVersion>", "<IfVersion ~ 2>\n</IfVersion>",
                                  "Define", "UnDefine", "Include", "Error told so"])  # fmt: skip
def test_what_can_not_be_done_is_a_config_error_with_its_place(text):
    reader = Reader("/", {})
    reader.read("\n" + text, "t")
    with pytest.raises(ConfigError) as error:
        reader.mistakes.end()
    assert error.value.place.line == 2


def test_what_a_missing_module_takes_away_is_reported_where_it_would_be_refused():
    text = "<IfModule mod_rewrite.c>\nRewriteRule a b\nDirectoryIndex x\n</IfModule>"
    assert load_text(text, "t").warnings == ("t:2: RewriteRule is not read: there is no module mod_rewrite.c here",)


def test_include_wants_files_where_includeoptional_does_not(tmp_path):
    assert load_text("IncludeOptional none/*.conf", server_root=str(tmp_path)).main.name == ""
    with pytest.raises(ConfigError, match=r"there is no .*none/"):
        load_text("Include none/*.conf", server_root=str(tmp_path))


@pytest.mark.parametrize("what", ["pipe", "/dev/zero", "huge", "folder"])
def test_what_can_not_be_a_configuration_is_an_error_at_once(tmp_path, what):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with open(tmp_path / "huge", "w") as file:
        os.truncate(file.fileno(), 100 << 20)
    path = str(tmp_path / what)
    said = r"Is a directory" if what == "folder" else r"has more than 16 MB" if what == "huge" else "Not a regular file"
    with pytest.raises(ConfigError, match=said):
        load(path)
    if what != "folder":
        with pytest.raises(ConfigError, match=rf"^t:2: .*{said}"):
            load_text(f"\nInclude {path}", "t")
        with pytest.raises(ConfigError, match=r"^t:1: TypesConfig .*(Not a regular file|more than)"):
            load_text(f"TypesConfig {path}", "t")


def test_the_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path):
    for name in ("b.conf", "a.conf"):
        (tmp_path / "d" / name[0]).mkdir(parents=True)
        (tmp_path / "d" / name[0] / name).write_text(f"{name[0].upper()}\n")
    assert [node.name for node in Reader(str(tmp_path), {}).read("Include d", "t")] == ["A", "B"]


def test_includes_start_at_the_serverroot_of_before_and_paths_at_the_last_one(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "more.conf").write_text("ServerRoot ../srv\n")
    main = tmp_path / "main.conf"
    main.write_text("<Directory htdocs>\n</Directory>\nServerRoot etc\nInclude more.conf\n")
    config = load(str(main))
    assert config.server_root == str(tmp_path / "srv")
    assert config.main.sections[0].argument == str(tmp_path / "srv" / "htdocs")


def test_the_tree_has_what_holds_with_files_in_their_place(tmp_path):
    (tmp_path / "more.conf").write_text("PythonDebug ${STATE}\n")
    text = "Define STATE On\n<IfModule mod_python.c>\n<Location />\nInclude more.conf\n</Location>\n</IfModule>"
    (location,) = load_text(text, server_root=str(tmp_path)).tree
    assert [(node.name, node.args) for node in location.children] == [("PythonDebug", ("On",))]


def test_a_warning_of_the_file_is_handed_on():
    assert load_text("Warning mind the gap", "t").warnings == ("t:1: mind the gap",)
