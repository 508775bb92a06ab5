import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import ConfigError, load, load_text, pool_for
from mpfcgi.config.directives import REGISTRY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PythonHandeler x", "t:1: there is no directive PythonHandeler (did you mean PythonHandler?)"),
        ("PythonDebug maybe", "t:1: PythonDebug takes On or Off, not 'maybe'"),
        ("\nAllowOverride All", "t:2: AllowOverride can't stand in server config"),
        ("RewriteRule a b", "t:1: RewriteRule would be lost here"),
        ("LimitConcurrentRequests 2", "t:1: LimitConcurrentRequests takes a group and a number, not 1 arguments"),
        ("LimitConcurrentRequests a 0", "t:1: LimitConcurrentRequests takes a number from 1 to 1000000, not '0'"),
        ("XBitHack maybe", "t:1: XBitHack takes On or Off or Full, not 'maybe'"),
        ('SSIStartTag ""', "t:1: SSIStartTag can't be empty"),
        ("Include nothere.conf", "t:1: Include: there is no"),
        ("<Directroy /x>\n</Directroy>", "t:1: there is no section <Directroy> (did you mean <Directory>?)"),
        ("Listen nonsense", "t:1: Listen nonsense has no port"),
        ("Listen unix:" + "x" * 200, "t:1: the path of a unix socket has at most 107 bytes"),
        ("Options +Indexes FollowSymLinks", "t:1: Options can't mix options with and without + or -"),
        (
            "<PythonPool a>\nThreads 4\n</PythonPool>",
            "t:2: Threads takes 1, not '4': a worker answers one request at a time; write MaxProcesses 4",
        ),
        (
            "<Directory /x>\nRequire ip 1.2.3.400\n</Directory>",
            "t:2: Require takes an IP address or network, not '1.2.3.400'",
        ),
        ("PythonHandler a |", "t:1: PythonHandler has a | with no file extension after it"),
    ],
)
def test_mistakes_are_named_with_file_line_and_remedy(text, message):
    with pytest.raises(ConfigError) as error:
        load_text(text, "t")
    assert str(error.value).startswith(message)


def test_what_the_front_end_does_is_reported_as_ignored():
    assert load_text("SSLEngine On", "t").warnings == ("t:1: SSLEngine is ignored: the front-end sees to it",)


def test_conditions_choose_what_is_read():
    text = (
        "<IfDefine A>\nServerName a\n</IfDefine>\n<IfDefine !A>\nServerName b\n</IfDefine>\n"
        "<IfModule mod_ssl.c>\nNonsense\n</IfModule>\n<IfModule mod_python.c>\nPythonDebug On\n</IfModule>\n"
        "<IfVersion < 2.4>\nNonsense\n</IfVersion>"
    )
    assert load_text(text, "t").main.name == "b"
    assert load_text(text, "t", defines=["A"]).main.name == "a"


def test_included_files_stand_where_they_are_included(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "1.conf").write_text("ServerName ${HOST}\n")
    (tmp_path / "conf.d" / "2.conf").write_text("\nNonsense\n")
    main = tmp_path / "main.conf"
    main.write_text("Define HOST www.example.com\nInclude conf.d/1.conf\nIncludeOptional nothing*.conf\n")
    assert load(str(main)).main.name == "www.example.com"
    main.write_text("Include conf.d/*.conf\n")
    with pytest.raises(ConfigError, match=r"2\.conf:2: there is no directive Nonsense"):
        load(str(main))


def test_a_file_that_includes_itself_is_an_error(tmp_path):
    main = tmp_path / "main.conf"
    main.write_text("Include main.conf\n")
    with pytest.raises(ConfigError, match="include each other"):
        load(str(main))


@pytest.mark.parametrize(
    "line",
    [
        'PythonOption "" value', 'PythonPath ""', 'PythonInterpreter ""', 'PythonImport module ""',
        'PythonInputFilter "" NAME', 'PythonOutputFilter module ""',
    ],
)  # fmt: skip
def test_what_is_needed_cannot_be_empty(line):
    with pytest.raises(ConfigError, match=f"t:1: {line.split()[0]} can't be empty"):
        load_text(line, "t")


@pytest.mark.parametrize("files", ["Files x", "FilesMatch x"])
@pytest.mark.parametrize("location", ["Location /x", "LocationMatch x"])
def test_files_are_not_told_apart_by_place(files, location):
    text = f"<{location}>\n<{files}>\nPythonDebug On\n</{files.split()[0]}>\n</{location.split()[0]}>"
    with pytest.raises(ConfigError, match=f"t:2: <{files.split()[0]}> can't stand in <{location.split()[0]}>"):
        load_text(text, "t")


def test_hosts_have_their_names_and_ports():
    config = load_text(
        "<VirtualHost *:8080>\nServerName WWW.Example.com:81\nServerAlias a *.b\n</VirtualHost>\n"
        "<VirtualHost *:8080>\nServerName other.example.com\n</VirtualHost>\n"
    )
    host, other = config.vhosts
    assert (host.name, host.port, host.aliases, host.wild_aliases) == ("WWW.Example.com", 81, ("a",), ("*.b",))
    # Only ServerName tells it (manual 4.5.7: "appears to be 0").
    assert other.port == 0


def test_the_pool_of_a_name_is_its_own_or_the_longest_pattern_that_fits():
    config = load_text(
        "".join(
            f'<PythonPool "{name}">\nMaxProcesses {n}\n</PythonPool>\n'
            for name, n in [("*", 1), ("/home/*", 2), ("x", 3)]
        )
    )
    sizes = {name: pool_for(config.pools, name).max_processes for name in ("x", "/home/a/", "other")}
    assert sizes == {"x": 3, "/home/a/": 2, "other": 1}


def test_every_directive_has_help_and_contexts():
    for spec in REGISTRY.values():
        assert spec.help
        assert spec.contexts
        assert set(spec.contexts) <= set("SVDHP")


@given(st.sampled_from(sorted(REGISTRY)), st.lists(st.text('aA1+-|./:*"% ', max_size=6), max_size=4))
def test_any_arguments_are_taken_or_are_a_config_error(name, args):
    try:
        load_text(f"{name} {' '.join(args)}", "t")
    except ConfigError as error:
        place = error.place
        assert place is not None


def test_an_option_for_an_importer_that_is_not_here_is_reported():
    config = load_text('PythonOption mod_python.legacy.importer "*"\n', "a.conf")
    assert [text.partition(": ")[2] for text in config.warnings if "importer" in text] == [
        "PythonOption mod_python.legacy.importer is ignored: modules are loaded by the importer of mod_python 3.3 (manual 4.5.1)"
    ]


def test_all_mistakes_are_found_at_once(tmp_path):
    (tmp_path / "part.conf").write_text("PythonDebug perhaps\n<Directory /x>\n")
    text = f"""Listen nonsense
Include {tmp_path}/part.conf
Include {tmp_path}/nowhere.conf
<PythonPool a>
    MaxProcesses none
    ProcessManager dynamic
    StartProcesses 50
    Nonsense
</PythonPool>
<VirtualHost *>
    <Directory /x>
        Options Nothing
        <Directroy /x>
        </Directroy>
    </Directory>
    RewriteRule a b
</VirtualHost>
Define
"""
    with pytest.raises(ConfigError) as error:
        load_text(text, "t")
    found = [str(one.place) for one in (error.value, *error.value.others)]
    assert sorted(found) == sorted([
        "t:1", f"{tmp_path}/part.conf:2", "t:3", "t:5", "t:8", "t:12", "t:13", "t:16", "t:18",
    ])  # fmt: skip
    # Nothing hangs on to an error that is already told of.
    assert not any(one.others for one in error.value.others)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pm.max_children = 5", "here it is MaxProcesses"),
        ("env[HOME] = /x", "here it is SetEnv in a <PythonPool>"),
        ("[www]", "here it is <PythonPool NAME> and </PythonPool>"),
        ("harakiri = 30", "here it is RequestTimeout"),
        ("reload_on_rss 200", "here it is MemoryLimit"),
        ("WSGIDaemonProcess site", "here it is <PythonPool NAME>"),
    ],
)
def test_settings_of_other_process_managers_are_told_by_their_names_here(text, hint):
    with pytest.raises(ConfigError, match="there is no directive") as error:
        load_text(text, "t")
    assert error.value.hint == hint
    named = [word for word in hint.split() if word.lower() in REGISTRY]
    assert named or "<PythonPool" in hint


def test_what_others_call_it_is_a_directive_of_ours():
    from mpfcgi.config import foreign_names

    for meaning in foreign_names._NAMES.values():
        words = meaning.replace("<PythonPool", "PythonPool").split()
        assert words[0].lower() in {*REGISTRY, "pythonpool", "mpfcgi", "nothing:"}, meaning
