"""Says what kind of wheel this is; all else is in pyproject.toml. Run by scripts/wheel, which puts the library inside."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class WithLibrary(Distribution):
    """Belongs to a platform, though nothing is compiled here."""

    def has_ext_modules(self):
        return True


class PlatformWheel(bdist_wheel):
    """A wheel for every Python 3 of the platforms that its library runs on."""

    def get_tag(self):
        return "py3", "none", os.environ["TAMIS_WHEEL_PLATFORM"]


setup(distclass=WithLibrary, cmdclass={"bdist_wheel": PlatformWheel})
