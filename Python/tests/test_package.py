"""The package as such: its version, its README, its wheel."""

import importlib
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import tamis
from conftest import REPOSITORY

README = Path(__file__).resolve().parents[1] / "README.md"


def test_version():
    source = (REPOSITORY / "Sources" / "Tamis" / "Tamis.swift").read_text()
    assert tamis.__version__ == re.search(r'static let version = "(.*)"', source)[1]
    assert tamis.encoder_name.startswith(f"tamis {tamis.__version__}")


@pytest.mark.parametrize("module", ["tamis", "tamis.study"])
def test_everything_public_is_documented(module):
    if module == "tamis.study":
        for package in ("scipy", "matplotlib", "onnxruntime", "PIL"):
            pytest.importorskip(package)
    found = importlib.import_module(module)
    for name in found.__all__:
        thing = getattr(found, name)
        if callable(thing):
            assert thing.__doc__, name
            for member, value in vars(thing).items() if isinstance(thing, type) else ():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{member}"


def test_invalid_vectors_are_refused():
    invalid = sorted((REPOSITORY / "Conformance" / "vectors" / "invalid").glob("*.tamis"))
    assert len(invalid) > 100
    for path in invalid:
        with pytest.raises((tamis.MalformedError, tamis.UnsupportedError, tamis.LimitError)):
            with tamis.Model(path, sequential=True) as model:
                model.verify()
        with pytest.raises(tamis.TamisError):
            list(tamis.iter_tensors(path))


def test_the_example_of_the_readme(model_path, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    example = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[1]
    assert len([line for line in example.splitlines() if line]) == 5
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").write_bytes(model_path.read_bytes())
    exec(example.replace("conv1.weight", "w0"), {})
    assert (tmp_path / "model.tamis").exists()


def test_the_wheel(tmp_path, model_path):
    """Installs the wheel that scripts/wheel has built into a new environment, without an index, and uses it."""
    wheels = sorted((REPOSITORY / "dist").glob(f"tamis-{tamis.__version__}-py3-none-*.whl"), key=os.path.getmtime)
    if not wheels:
        pytest.skip("skipped: no wheel; build it by scripts/wheel")
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps", wheels[-1]],
        check=True, stdin=subprocess.DEVNULL)
    # numpy comes from the environment of the tests.
    (tmp_path / "env" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "numpy-of-tests.pth").write_text(
        sysconfig.get_paths()["platlib"])
    program = f"""
import tamis
assert tamis.__file__.startswith({str(tmp_path)!r}), tamis.__file__
data = open({str(model_path)!r}, "rb").read()
assert tamis.decode(tamis.encode(data, lossless=True)) == data
assert tamis.open(tamis.encode(data)).tensor("w0").shape == (96, 192)
"""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    subprocess.run([python, "-c", program], check=True, env=clean, cwd=tmp_path)
