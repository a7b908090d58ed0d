"""Config files are read and never run: what is understood, what is refused, and that nothing else happens."""

import ast
import builtins
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocap_worker.vitpose.config import MAX_BYTES, ConfigError, read_config


def written(folder, text, name="config.py"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_assignments_literals_dicts_and_names(tmp_path):
    path = written(
        tmp_path,
        '''
"""A docstring."""
size = (192, 256)
codec = dict(type="UDPHeatmap", input_size=size, sigma=-2.5)
copy = other = codec
model = dict(head=dict(decoder=codec, layers=[1, None, True, {"a": [()]}]), text="a" "b")
''',
    )
    codec = {"type": "UDPHeatmap", "input_size": (192, 256), "sigma": -2.5}
    assert read_config(path) == {
        "size": (192, 256),
        "codec": codec,
        "copy": codec,
        "other": codec,
        "model": {"head": {"decoder": codec, "layers": [1, None, True, {"a": [()]}]}, "text": "ab"},
    }


def test_a_base_is_changed_key_by_key(tmp_path):
    (tmp_path / "shared folder").mkdir()
    written(tmp_path / "shared folder", "a = dict(x=1, y=dict(z=1, w=2), n=[1])\nb = 1", "base.py")
    path = written(tmp_path, "_base_ = ['shared folder/base.py']\na = dict(y=dict(z=3), n=[2])\nc = 5")
    assert read_config(path) == {"a": {"x": 1, "y": {"z": 3, "w": 2}, "n": [2]}, "b": 1, "c": 5}


def test_delete_starts_a_dict_afresh(tmp_path):
    written(tmp_path, "a = dict(x=1, y=dict(z=1))", "base.py")
    path = written(tmp_path, "_base_ = './base.py'\na = dict(y=dict(_delete_=True, w=2))")
    assert read_config(path) == {"a": {"x": 1, "y": {"w": 2}}}


def test_bases_of_bases_are_found_beside_their_own_file(tmp_path):
    (tmp_path / "one" / "two").mkdir(parents=True)
    written(tmp_path, "a = 1", "top.py")
    written(tmp_path / "one", "_base_ = '../top.py'\nb = 2", "middle.py")
    path = written(tmp_path / "one" / "two", "_base_ = ['../middle.py']\nc = 3")
    assert read_config(path) == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import os", "an import"),
        ("from os import path", "an import"),
        ("a = open('file')", "a call"),
        ("a = os.environ", "an attribute"),
        ("a = 2 ** 9", "arithmetic"),
        ("a = 1 / 0", "arithmetic"),
        ("a = 'text' * 4", "arithmetic"),
        ("a = [0] * 4", "arithmetic"),
        ("a = 'text' + 1", "arithmetic"),
        ("a = {} + {}", "arithmetic"),
        ("a = 10000000 * 10000000 * 10", "arithmetic"),
        ("a = f'{first:>10}'", "an f-string"),
        ("a = f'{second}'", "an f-string"),
        ("a = f'{open(1)}'", "a call"),
        ("a = [1][1]", "takes 1"),
        ("a = second['key']", "takes 'key'"),
        ("a = [1][:]", "a subscript"),
        ("a = first[first]", "a subscript"),
        ("a = list(range(10**9))", "arithmetic"),
        ("a = list(range(1000000))", "range"),
        ("a = list(range('a'))", "range"),
        ("a = list(first)", "a call"),
        ("a = second.__class__", "an attribute"),
        ("a = {{second.name}}", "an attribute"),
        ("a = {1, 2}", "a Set"),
        ("a = [x for x in ()]", "a ListComp"),
        ("a = lambda: 0", "a Lambda"),
        ("a = unknown", "unknown, which is not assigned above"),
        ("a = dict(**b)", "unpacks"),
        ("a = {**b}", "dict key"),
        ("a = dict([])", "a call"),
        ("a, b = 1, 2", "something other than a new name"),
        ("a.b = 1", "something other than a new name"),
        ("dict = 1", "something other than a new name"),
        ("a += 1", "a AugAssign"),
        ("a: int = 1", "a AnnAssign"),
        ("print('hello')", "would have to be run"),
        ("if True: a = 1", "a If"),
        ("def f(): pass", "a function"),
        ("a = -'text'", "a UnaryOp"),
        ("a = 1j", "a Constant"),
        ("a = (b := 1)", "a NamedExpr"),
        ("a = 'unclosed", "is not Python"),
    ],
)
def test_more_than_a_description_is_refused_with_file_and_line(tmp_path, line, said):
    path = written(tmp_path, f"first = 1\nsecond = dict()\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    message = str(caught.value)
    assert f"{path}, line 3" in message and said in message
    assert "\n" not in message


def test_sums_items_texts_and_ranges(tmp_path):
    path = written(
        tmp_path,
        """
codec = dict(input_size=(192, 256), sizes=[3, 4])
arch = dict(feedforward_channels=384 * 4, less=384 - 4 * 2, more=[1] + [2])
size = codec['input_size']
width = codec['input_size'][0]
root = 'data/coco/'
ann_file = root + 'person.json'
prefix = f'{root}train2017/{width}/'
channels = dict(dataset_channel=[list(range(3)), ], inference_channel=list(range(1, 3)))
""",
    )
    found = read_config(path)
    assert found["arch"] == {"feedforward_channels": 1536, "less": 376, "more": [1, 2]}
    assert (found["size"], found["width"]) == ((192, 256), 192)
    assert (found["ann_file"], found["prefix"]) == ("data/coco/person.json", "data/coco/train2017/192/")
    assert found["channels"] == {"dataset_channel": [[0, 1, 2]], "inference_channel": [1, 2]}


def test_values_of_bases_are_taken_by_either_way_of_writing(tmp_path):
    written(tmp_path, "info = dict(name='coco', sizes=[1, 2])", "base.py")
    path = written(tmp_path, "_base_ = 'base.py'\na = {{_base_.info}}\nb = _base_.info.sizes[1]\nc = _base_.other")
    found = read_config(path)
    assert (found["a"], found["b"], found["c"]) == ({"name": "coco", "sizes": [1, 2]}, 2, None)


def test_shared_bases_that_were_not_copied_along_are_left_out(tmp_path):
    text = "_base_ = ['../../_base_/default_runtime.py', '../../_base_/datasets/coco.py']\na = {{_base_.info}}\nb = 1"
    (tmp_path / "one" / "two").mkdir(parents=True)
    path = written(tmp_path / "one" / "two", text)
    assert read_config(path) == {"a": None, "b": 1}
    (tmp_path / "_base_" / "datasets").mkdir(parents=True)
    written(tmp_path / "_base_" / "datasets", "info = dict(name='coco')", "coco.py")
    assert read_config(path) == {"info": {"name": "coco"}, "a": {"name": "coco"}, "b": 1}


def test_a_circle_of_bases_is_refused(tmp_path):
    written(tmp_path, "_base_ = 'b.py'", "a.py")
    written(tmp_path, "_base_ = 'a.py'", "b.py")
    with pytest.raises(ConfigError, match=r"a\.py is its own _base_, by way of .*b\.py"):
        read_config(tmp_path / "a.py")


def test_two_bases_may_not_assign_the_same_name(tmp_path):
    written(tmp_path, "a = 1", "one.py")
    written(tmp_path, "a = 2", "two.py")
    with pytest.raises(ConfigError, match="two of its _base_ files assign a"):
        read_config(written(tmp_path, "_base_ = ['one.py', 'two.py']"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("_base_ = 'nowhere.py'", "nowhere.py is not there"),
        ("_base_ = 3", "no path"),
        ("_base_ = ['\\x00.py']", "cannot be read"),
        (b"\xff\xfe\x00", "is not Python"),
        (b"a = 1\x00", "is not Python"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        ("a = " + "[" * 500 + "]" * 500, "is not Python"),
        ("a = " + "-" * 50_000 + "1", "deep|too complex"),  # from Python 3.12 on its parser says so
        ("a = " + "-" * 900 + "1", "a UnaryOp"),
        ("a = " + "9" * 5000, "is not Python"),
        ("a = [1]\n" + "a = [a, a]\n" * 40, "makes more than"),
        ("a = [1]\n" + "a = a + a\n" * 40, "makes more than"),
        ("a = 'a'\n" + "a = a + a\n" * 40, "makes more than"),
        ("a = 'a'\n" + "a = f'{a}{a}'\n" * 40, "makes more than"),
        ("a = 9\n" + "a = a * a\n" * 40, "arithmetic"),
        ("a = [1]\n" + "a = [a]\n" * 3000, "makes more than"),
    ],
)
def test_broken_and_hostile_files_are_refused_in_one_sentence(tmp_path, content, said):
    with pytest.raises(ConfigError, match=said):
        read_config(written(tmp_path, content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="is not there"):
        read_config(tmp_path / "nowhere.py")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path)


names = st.sampled_from(["a", "b", "model", "_base_", "dict", "x1"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(string.printable, max_size=8)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(values)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_is_read_as_python_reads_it(tmp_path, value):
    text = repr(value)
    if "inf" in text.replace("'", ""):
        value, text = 0, "0"
    assert read_config(written(tmp_path, f"a = {text}")) == {"a": ast.literal_eval(text)}


fragments = st.sampled_from(
    "a b dict ( ) [ ] { } , = : ' \" \n # * ** - + . 1 2.5 None import os open('ran','w') __import__('os') "
    "_base_ 'config.py' lambda f'{1}' \\ \t if for in while True _delete_ list range _base_.a {{_base_.a}} f'{a}' [0] "
    "['a']".split(" ")
)


@given(st.lists(fragments, max_size=25).map(" ".join) | st.binary(max_size=60))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_file_nothing_is_run_and_only_config_errors_come(tmp_path, monkeypatch, content):
    path = written(tmp_path, content)

    def forbidden(*_arguments, **_options):
        raise AssertionError("a config was run")

    with monkeypatch.context() as patched:
        for name in ("eval", "exec"):
            patched.setattr(builtins, name, forbidden)
        try:
            found = read_config(path)
        except ConfigError as error:
            assert str(path) in str(error)
        else:
            assert all(isinstance(name, str) for name in found)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.py"]
