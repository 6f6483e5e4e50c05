"""Layouts of libraries: their manifests by the rules of each ecosystem, and what they build."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from edgeasr.cli import group
from edgeasr.errors import FirmwareError
from edgeasr.features.config import FrontendConfig
from edgeasr_firmware.boards import BOARDS
from edgeasr_firmware.check import check_firmware
from edgeasr_firmware.export import write_firmware
from edgeasr_firmware.formats import FORMATS
from edgeasr_firmware.formats.project import identifier
from edgeasr_firmware.frontend import frontend_files
from edgeasr_firmware.inputs import random_inputs
from edgeasr_firmware.spot import SpotSettings, spot_files

Need = Callable[[str], None]

MAIN = """
#include "ea_selftest.h"
static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
int main(void) { return ea_selftest(arena); }
"""


def write(model: Path, layout: str, folder: Path) -> Path:
    return write_firmware(model, BOARDS["host"], folder / layout, layout).folder


def run_command(*command: object, **more: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_by_cmake(subfolder: Path, functions: str, folder: Path, *definitions: str) -> None:
    """Build what a CMakeLists.txt adds with functions that stand for those of its ecosystem, and run the self-test."""
    folder.mkdir()
    (folder / "main.c").write_text(MAIN)
    (folder / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.13)
project(check C)
set(CMAKE_C_FLAGS "-std=gnu17 -Wall -Werror")
{functions}
add_subdirectory("{subfolder}" library)
add_executable(check main.c)
target_link_libraries(check library)
""")
    run_command("cmake", "-S", folder, "-B", folder / "build", *definitions)
    run_command("cmake", "--build", folder / "build")
    run_command(folder / "build" / "check")


@pytest.mark.parametrize("layout", FORMATS)
def test_layout_is_bit_exact_and_the_same_each_time(layout: str, model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    firmware = write_firmware(model, BOARDS["host"], tmp_path / "out", layout)
    before = {name: (firmware.folder / name).read_bytes() for name in firmware.files}
    inputs = random_inputs([tensor for tensor, _ in firmware.program.inputs], 5)
    assert check_firmware(firmware, BOARDS["host"], inputs).wrong == 0
    again = write_firmware(model, BOARDS["host"], tmp_path / "out", layout)
    assert {name: (again.folder / name).read_bytes() for name in again.files} == before
    on_disk = {path.relative_to(again.folder).as_posix() for path in again.folder.rglob("*") if path.is_file()}
    assert on_disk == set(again.files)


def test_layout_is_not_written_over_files_of_others(model: Path, tmp_path: Path) -> None:
    folder = write(model, "arduino", tmp_path)
    (folder / "examples" / "mine.ino").write_text("years of work")
    with pytest.raises(FirmwareError, match=r"found examples/mine.ino"):
        write(model, "arduino", tmp_path)


# https://arduino.github.io/arduino-cli/latest/library-specification/
ARDUINO_CATEGORIES = {"Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
                      "Data Storage", "Data Processing", "Other"}  # fmt: skip
ARDUINO_REQUIRED = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
                    "architectures"}  # fmt: skip
ARDUINO_H = """
#include <stdio.h>
struct Port {
    void begin(long) {}
    operator bool() const { return true; }
    void print(const char *text) { printf("%s", text); }
    void println(int number) { printf("%d\\n", number); }
};
static Port Serial;
void setup();
void loop();
int main() { setup(); loop(); return 0; }
"""


def test_arduino_properties_follow_the_specification(model: Path, tmp_path: Path) -> None:
    folder = write(model, "arduino", tmp_path)
    properties = dict(line.split("=", 1) for line in (folder / "library.properties").read_text().splitlines())
    assert properties.keys() >= ARDUINO_REQUIRED
    assert all(properties.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", properties["name"])
    assert not properties["name"].startswith("Arduino")
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in ARDUINO_CATEGORIES
    assert {path.name for path in folder.iterdir()} == {"library.properties", "src", "examples", "README.md"}
    assert (folder / "src" / properties["includes"]).exists()
    assert (folder / "examples" / "SelfTest" / "SelfTest.ino").exists()  # a sketch has the name of its folder


def test_arduino_library_compiles_and_its_sketch_runs(model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    need("clang++")
    folder, objects = write(model, "arduino", tmp_path), tmp_path / "objects"
    objects.mkdir()
    (tmp_path / "Arduino.h").write_text(ARDUINO_H)
    for source in sorted((folder / "src").glob("*.c")):
        run_command("gcc", "-std=gnu11", "-w", f"-I{folder / 'src'}", "-c", source, cwd=objects)
    sketch = folder / "examples" / "SelfTest" / "SelfTest.ino"
    run_command("clang++", "-std=gnu++17", "-Wall", "-Werror", "-x", "c++", "-include", tmp_path / "Arduino.h",
                f"-I{folder / 'src'}", "-c", sketch, "-o", objects / "sketch.o")  # fmt: skip
    run_command("gcc", *sorted(objects.glob("*.o")), "-o", tmp_path / "sketch")
    assert run_command(tmp_path / "sketch") == "test vectors that went wrong: 0\n"


@pytest.mark.parametrize("layout", ["arduino", "platformio"])
def test_manifest_passes_the_schema_of_platformio(layout: str, model: Path, tmp_path: Path) -> None:
    from platformio.package.manifest.parser import ManifestParserFactory
    from platformio.package.manifest.schema import ManifestSchema

    folder = write(model, layout, tmp_path)
    manifest = ManifestSchema().load_manifest(ManifestParserFactory.new_from_dir(str(folder)).as_dict())
    assert manifest["name"] == "ea_my_model_1"
    assert manifest["headers"] == ["model.h"]
    assert manifest["platforms"] == ["*"]


def test_platformio_library_names_folders_that_are_there(model: Path, tmp_path: Path) -> None:
    folder = write(model, "platformio", tmp_path)
    build = json.loads((folder / "library.json").read_text())["build"]
    assert (folder / build["includeDir"] / "model.h").exists()
    assert (folder / build["srcDir"] / "model.c").exists()


IDF = """
function(idf_component_register)
    cmake_parse_arguments(A "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
    if(A_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "unknown: ${A_UNPARSED_ARGUMENTS}")
    endif()
    add_library(library STATIC ${A_SRCS})
    target_include_directories(library PUBLIC ${A_INCLUDE_DIRS})
endfunction()
"""


def test_esp_idf_component_is_valid_and_builds(model: Path, tmp_path: Path, need: Need) -> None:
    from idf_component_tools.manager import ManifestManager, UploadMode

    need("cmake")
    folder = write(model, "esp-idf", tmp_path)
    manager = ManifestManager(folder, "ea_my_model_1", upload_mode=UploadMode.component).validate()
    assert manager.is_valid, manager.validation_errors
    build_by_cmake(folder, IDF, tmp_path / "check")


# The keys used here as METADATA_SCHEMA of zephyr/scripts/zephyr_module.py has them; closed, as Zephyr's is not.
ZEPHYR_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "build": {
            "type": "object",
            "properties": {"cmake": {"type": "string"}, "kconfig": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
ZEPHYR = """
function(zephyr_library_named name)
    add_library(library STATIC)
endfunction()
function(zephyr_library_sources)
    target_sources(library PRIVATE ${ARGN})
endfunction()
function(zephyr_include_directories)
    target_include_directories(library PUBLIC ${ARGN})
endfunction()
"""


def test_zephyr_module_is_valid_and_builds(model: Path, tmp_path: Path, need: Need) -> None:
    import kconfiglib

    need("cmake")
    folder = write(model, "zephyr", tmp_path)
    module = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    jsonschema.validate(module, ZEPHYR_SCHEMA)
    symbols = kconfiglib.Kconfig(str(folder / module["build"]["kconfig"])).unique_defined_syms
    assert [(symbol.name, symbol.type) for symbol in symbols] == [("EA_MY_MODEL_1", kconfiglib.BOOL)]
    folder_of_cmake = folder / module["build"]["cmake"]
    build_by_cmake(folder_of_cmake, ZEPHYR, tmp_path / "check", "-DCONFIG_EA_MY_MODEL_1=y")


@pytest.mark.parametrize("stem", ["ds-cnn.int8", "ünï", "1", "...", "x" * 200])
def test_identifier_is_one_of_c_whatever_the_file(stem: str) -> None:
    assert re.fullmatch(r"ea_[a-z0-9_]*", identifier(stem))
    assert len(identifier(stem)) <= 63


def test_headers_of_all_that_hears_are_for_cpp_too(model: Path, tmp_path: Path, need: Need) -> None:
    need("gcc")
    need("clang++")
    folder = write(model, "c", tmp_path)
    settings = SpotSettings(["yes", "no", "a", "b", "c"], True, 0.2, 0, 1, 4, 0.5, 3)
    for name, text in {**frontend_files(FrontendConfig()), **spot_files(settings)}.items():
        (folder / name).write_text(text)
    (tmp_path / "main.cc").write_text("""
#include "ea_listen.h"
#include "ea_selftest.h"
static ea_listener ears;
static uint8_t arena[EA_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
int main()
{
    ea_listen_reset(&ears);
    return ea_selftest(arena);
}
""")
    run_command("clang++", "-std=c++17", "-Wall", "-Werror", f"-I{folder}", "-c", "main.cc", cwd=tmp_path)
    run_command("gcc", "-c", *(path for path in folder.glob("*.c") if path.stem != "main"), cwd=tmp_path)
    run_command("gcc", *tmp_path.glob("*.o"), "-o", tmp_path / "ears")
    run_command(tmp_path / "ears")


def test_firmware_command_names_every_board_and_format() -> None:
    text = " ".join(CliRunner().invoke(group, ["firmware", "--help"]).stdout.split())
    words = set(re.findall(r"[\w-]+", text))
    assert [name for name in (*FORMATS, "tflm") if name not in words] == []
    # of several cores the family is named once: cortex-m0, -m3
    assert [name for name in BOARDS if not words & {name, f"-{name.rpartition('-')[2]}"}] == []


def test_firmware_command_writes_formats(model: Path, tmp_path: Path) -> None:
    def call(*arguments: str) -> object:
        return CliRunner().invoke(group, ["firmware", str(model), "--out", str(tmp_path / "out"), *arguments])

    assert "no format 'zip'" in call("--format", "zip").stderr
    assert "leave it out" in call("--format", "tflm", "--check", "2").stderr
    found = json.loads(call("--format", "tflm", "--json").stdout)
    assert found["arena_bytes"] > 0
    assert found["check"] is None
