"""Layouts of libraries, as the ecosystems that take C describe them; the C files are in `src`.

Sources: Arduino library specification rev. 2.2 (arduino.github.io/arduino-cli/latest/library-specification), the build
system and the component manager of ESP-IDF (docs.espressif.com, idf_component_register and idf_component.yml), modules
of Zephyr (docs.zephyrproject.org/latest/develop/modules.html), library.json of PlatformIO
(docs.platformio.org/en/latest/manifests/library-json).
"""

import json

from edgeasr import __version__
from edgeasr_firmware.formats.project import Project, readme
from edgeasr_firmware.formats.selftest import arena_c

__all__ = ["arduino", "esp_idf", "platformio", "zephyr"]

_HOME = "https://github.com/edgeasr/edgeasr"
_SENTENCE = "A quantised model as C99 that needs nothing else."
_SELFTEST = "`ea_selftest(arena)` compares the model with test vectors: it returns 0 if all is well."


def arduino(project: Project) -> dict[str, str]:
    """Give the files of an Arduino library."""
    properties = {
        "name": project.name,
        "version": __version__,
        "author": "edgeasr",
        "maintainer": "edgeasr",
        "sentence": _SENTENCE,
        "paragraph": project.origin,
        "category": "Data Processing",
        "url": _HOME,
        "architectures": "*",
        "includes": "model.h",
    }
    sketch = [
        f"// {project.origin}",
        "#include <ea_selftest.h>",
        "",
        *arena_c(),
        "",
        "void setup()",
        "{",
        "    Serial.begin(115200);",
        "    while (!Serial) {",
        "    }",
        '    Serial.print("test vectors that went wrong: ");',
        "    Serial.println(ea_selftest(arena));",
        "}",
        "",
        "void loop()",
        "{",
        "}",
    ]
    use = ("Put this folder among the libraries of Arduino; the example `SelfTest` prints what goes wrong, 0.",)
    return {
        **_sources(project, use),
        "library.properties": "".join(f"{name}={value}\n" for name, value in properties.items()),
        "examples/SelfTest/SelfTest.ino": "\n".join(sketch) + "\n",
    }


def esp_idf(project: Project) -> dict[str, str]:
    """Give the files of a component of ESP-IDF."""
    listed = "".join(f'\n         "src/{name}"' for name in project.sources)
    manifest = {"version": __version__, "description": f"{_SENTENCE} {project.origin}", "url": _HOME}
    use = ("Put this folder among the `components` of a project.", _SELFTEST)
    return {
        **_sources(project, use),
        "CMakeLists.txt": f'# {project.origin}\nidf_component_register(\n    SRCS{listed}\n    INCLUDE_DIRS "src")\n',
        "idf_component.yml": "".join(f"{name}: {json.dumps(value)}\n" for name, value in manifest.items()),
    }


def zephyr(project: Project) -> dict[str, str]:
    """Give the files of a module of Zephyr."""
    symbol = project.name.upper()
    listed = "".join(f"\n    ../src/{name}" for name in project.sources)
    cmake = [
        f"# {project.origin}",
        f"if(CONFIG_{symbol})",
        f"  zephyr_library_named({project.name})",
        f"  zephyr_library_sources({listed})",
        "  zephyr_include_directories(../src)",
        "endif()",
    ]
    kconfig = [f"# {project.origin}", f"config {symbol}", f'\tbool "{project.name}"', "\thelp", f"\t  {_SENTENCE}"]
    module = [f"# {project.origin}", f"name: {project.name}", "build:", "  cmake: zephyr", "  kconfig: zephyr/Kconfig"]
    use = (f"Name this folder in `ZEPHYR_EXTRA_MODULES` or a west manifest, and set `CONFIG_{symbol}=y`.", _SELFTEST)
    return {
        **_sources(project, use),
        "zephyr/module.yml": "\n".join(module) + "\n",
        "zephyr/CMakeLists.txt": "\n".join(cmake) + "\n",
        "zephyr/Kconfig": "\n".join(kconfig) + "\n",
    }


def platformio(project: Project) -> dict[str, str]:
    """Give the files of a library for PlatformIO."""
    manifest = {
        "name": project.name,
        "version": __version__,
        "description": f"{_SENTENCE} {project.origin}",
        "keywords": ["speech", "machine learning"],
        "homepage": _HOME,
        "headers": "model.h",
        "frameworks": "*",
        "platforms": "*",
        "build": {"srcDir": "src", "includeDir": "src"},
    }
    use = ("Put this folder into `lib` of a project.", _SELFTEST)
    return {**_sources(project, use), "library.json": json.dumps(manifest, indent=2) + "\n"}


def _sources(project: Project, use: tuple[str, ...]) -> dict[str, str]:
    """Put the C files into `src`, and a README before them."""
    files = {f"src/{name}": text for name, text in project.files.items()}
    return {**files, "README.md": readme(project, use, "src/")}
