"""C files side by side, with a Makefile and a CMakeLists.txt."""

from collections.abc import Sequence

from edgeasr_firmware.boards import COMPILER_FLAGS, Board
from edgeasr_firmware.formats.project import Project, readme
from edgeasr_firmware.formats.selftest import main_c

__all__ = ["plain"]

_SELFTEST = "ea_selftest.c"


def plain(project: Project) -> dict[str, str]:
    """Give the files of a folder that `make` and `cmake` build."""
    sources = [name for name in project.sources if name != _SELFTEST]
    use = (
        "`make test` compares the model with the test vectors of `ea_selftest.c`; put the model on a board, and call",
        "`ea_selftest(arena)` there too: it returns 0 if all is well.",
    )
    return {
        **project.files,
        "main.c": main_c(project.origin),
        "Makefile": _makefile(project.board, sources, project.origin),
        "CMakeLists.txt": _cmake_lists(project.board, sources, project.origin),
        "README.md": readme(project, use),
    }


def _makefile(board: Board, sources: Sequence[str], origin: str) -> str:
    """Write the Makefile: a library of the model, and on the host its self-test."""
    lines = [
        f"# {origin}",
        f"CC = {board.compiler}",
        f"AR = {board.compiler.removesuffix('gcc')}ar",
        f"CFLAGS = {' '.join((*COMPILER_FLAGS, *board.flags))}",
        f"OBJECTS = {' '.join(name.removesuffix('.c') + '.o' for name in sources)}",
        "",
        "libea_model.a: $(OBJECTS)",
        "\t$(AR) rcs $@ $^",
        "",
        "# with LDFLAGS for the start-up and the memory of the board; on the host it needs none",
        "selftest: main.o ea_selftest.o libea_model.a",
        "\t$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS)",
        "",
        "test: selftest",
        "\t./selftest",
        "",
        "$(OBJECTS) main.o ea_selftest.o: $(wildcard *.h)",
        "",
        "clean:",
        "\trm -f *.o libea_model.a selftest",
        "",
        ".PHONY: test clean",
    ]
    return "\n".join(lines) + "\n"


def _cmake_lists(board: Board, sources: Sequence[str], origin: str) -> str:
    """Write CMakeLists.txt: the same library and self-test."""
    lines = [
        f"# {origin}",
        "cmake_minimum_required(VERSION 3.13)",
        "project(ea_model C)",
        "set(CMAKE_C_STANDARD 99)",
        f"add_library(ea_model STATIC {' '.join(sources)})",
        "target_include_directories(ea_model PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})",
    ]
    if board.flags:
        lines += [f"target_compile_options(ea_model PUBLIC {' '.join(board.flags)})"]
    lines += [
        "if(NOT CMAKE_CROSSCOMPILING)",
        f"  add_executable(selftest main.c {_SELFTEST})",
        "  target_link_libraries(selftest ea_model)",
        "  enable_testing()",
        "  add_test(NAME selftest COMMAND selftest)",
        "endif()",
    ]
    return "\n".join(lines) + "\n"
