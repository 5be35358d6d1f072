"""Families by blocks: which they are, that the numbers stay, and that loops meet no gaps."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from symbptt import cli
from symbptt.algebra import NOW, Concat, Cotangent, Product, Ref, add_dims, walk
from symbptt.binding import bind
from symbptt.calculus.gradients import derive
from symbptt.codegen.fast.buffers import Buffer, Extent, LocalName, view
from symbptt.codegen.fast.passes import LEVELS, optimised
from symbptt.codegen.fast.passes.layout import layout
from symbptt.codegen.fast.passes.splitting import splitting
from symbptt.codegen.fast.printing import FastPrinter
from symbptt.codegen.lowering import lower
from symbptt.codegen.naming import ValueNames
from symbptt.codegen.numpy_printer import is_rowwise
from symbptt.codegen.places import leaves
from symbptt.codegen.program import Assign, Block, Program
from symbptt.codegen.render import generate, render
from symbptt.errors import OptionError
from symbptt.language.parser import parse
from tests import cells
from tests.agreement import disagreements
from tests.codegen.runtime import carried
from tests.codegen.test_levels import result
from tests.modules import BUILT_IN, EXHAUSTIVE, RANDOM, executed, model_of, module_of
from tests.points import Point, draw, sizes

NAMES = (*BUILT_IN, *cells.NAMES, *(RANDOM if EXHAUSTIVE else RANDOM[::5]))
BLOCKED = ("lstm", "gru", "gru_v1", "peephole_lstm")

EXPECTED = {
    "lstm": {"f i o g", "k2 k4 k5"},
    "gru": {"r z", "k1 k3 k4 k2"},
    "peephole_lstm": {"f i", "k3 k4 k5"},
    "minimal_gated_unit": set(),
    "elman": set(),
}


@cache
def program_of(name: str) -> Program:
    return optimised(lower(derive(bind(model_of(name), cells.BINDINGS.get(name)))), 2)


def before(name: str, change: Any) -> Program:
    """The program as a pass gets it."""
    program = lower(derive(bind(model_of(name))))
    for earlier in LEVELS[2][: LEVELS[2].index(change)]:
        program = earlier(program)
    return program


def joined(family: tuple[Any, ...]) -> str:
    return " ".join(member.name for member in family)


# --- which families ------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPECTED)
def test_gates_and_their_coefficients_are_by_blocks(name: str) -> None:
    assert {joined(family) for family in program_of(name).by_blocks} == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_only_loops_and_chunks_take_blocks(name: str) -> None:
    """Straight code and products see none of them; all are values of their own step."""
    program = program_of(name)
    members = {member for family in program.by_blocks for member in family}
    for block in program.blocks:
        for place, statement in block.run():
            taken = [leaf for leaf in all_leaves(statement) if is_of(leaf, members)]
            assert all(leaf in members and leaf.index == NOW for leaf in taken)
            if place not in ("loop", "chunk") or block.scan:
                assert taken == []
            for side in multiplied(statement):
                assert not any(is_of(leaf, members) for leaf in leaves(side))


def all_leaves(statement: Assign) -> list[Any]:
    return [*statement.targets, *leaves(statement.value)]


def is_of(leaf: Any, members: set[Any]) -> bool:
    return isinstance(leaf, Ref) and leaf.name in {member.name for member in members}


def multiplied(statement: Assign) -> list[Concat]:
    """What products take as one array."""
    products = [n for n in walk(statement.value) if isinstance(n, Product) and is_rowwise(n)]
    return [p.right for p in products if isinstance(p.right, Concat)]


@pytest.mark.parametrize("name", NAMES)
def test_an_array_is_read_for_the_last_time_before_it_is_taken(name: str) -> None:
    """In a step; what runs before a loop, or a chunk's coefficients, it finds as they were."""
    program = program_of(name)
    for pair in program.reuse:
        first, second = sorted(pair, key=lambda family: begun(program, family))
        for block in program.blocks[begun(program, second) :]:
            reads = [k for k, s in enumerate(block.statements) if read(s) & set(first)]
            writes = [k for k, s in enumerate(block.statements) if set(s.targets) & set(second)]
            assert not reads or max(reads) < min(writes)


def begun(program: Program, family: Any) -> int:
    """The first block that writes it."""
    return next(k for k, block in enumerate(program.blocks) if set(written(block)) & set(family))


def written(block: Block) -> list[Any]:
    return [target for _, statement in block.run() for target in statement.targets]


def read(statement: Assign) -> set[Any]:
    return set(leaves(statement.value))


LATE = """
x: (d,)
a[t] = tanh(A @ x[t] + B @ h[t-1])
b[t] = tanh(C @ x[t] + D @ h[t-1] + a[t])
e[t] = 2 * a[t] + 1
g[t] = 2 * b[t] + 1
h[t] = e[t] * g[t]
loss[t] = squared_error(h[t], y[t])
"""


def test_numbers_stand_where_members_follow_one_another() -> None:
    """b is a sum that reads the gate a: its own part may not lie where a's block is."""
    model = parse(LATE)
    program = optimised(lower(derive(bind(model))), 2)
    assert "a b" in map(joined, program.families)
    assert "a b" not in map(joined, program.by_blocks)
    point = draw(model, T=4, B=3, seed=1)
    plain, fast = (executed(generate(model, level=k), "late") for k in (0, 2))
    assert disagreements(result(fast, point), result(plain, point), 1e-12) == []


# --- split families --------------------------------------------------------------------------


def test_what_only_the_product_joined_is_split() -> None:
    """A GRU's candidate is worked on alone, its gates together."""
    old = before("gru", splitting)
    new = splitting(old)
    assert "n r z" in map(joined, old.families)
    assert "r z" in map(joined, new.families)
    assert not any("n" in joined(family).split() for family in new.families)


@pytest.mark.parametrize("name", ("gru", "peephole_lstm", "minimal_gated_unit"))
def test_split_statements_keep_their_formulas(name: str) -> None:
    old = before(name, splitting)
    assert sorted(formulas(splitting(old))) == sorted(formulas(old))


def formulas(program: Program) -> list[tuple[int, str]]:
    told = [
        cited
        for block in program.blocks
        for _, s in block.run()
        for cited in ((s.step, s.formula), *s.cited)
    ]
    return [cited for cited in told if cited[1]]


# --- the numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize("bytes_of_a_chunk", (1, 2000, 8000))
@pytest.mark.parametrize("name", BLOCKED)
def test_numbers_stand_over_many_chunks_and_lengths(name: str, bytes_of_a_chunk: int) -> None:
    expected, found = both(name, generate(model_of(name)), bytes_of_a_chunk)
    assert disagreements(found, expected, 1e-12) == []


def both(name: str, source: str, bytes_of_a_chunk: int = 4000) -> tuple[Any, Any]:
    """What plain code gives for ragged sequences, and what a source gives in small chunks."""
    point = ragged(name)
    module = executed(source, name)
    module._THRESHOLDS["bytes of a chunk"] = bytes_of_a_chunk
    return result(module_of(name, False, 0), point), result(module, point)


def ragged(name: str) -> Point:
    return replace(draw(model_of(name), T=17, B=5, seed=3), lengths=np.array([17, 4, 11, 0, 12]))


MISTAKES = {
    "another gate's block": (
        "_by_blocks(v.f_etc[now], 4)[0, 1]",
        "_by_blocks(v.f_etc[now], 4)[0, 3]",
    ),
    "another gate's blocks": ("4, len(run))[:, 1:2]", "4, len(run))[:, 2:3]"),
    "columns for blocks": ("_by_columns(v.f_sum_etc[top], 4)", "_by_blocks(v.f_sum_etc[top], 4)"),
    "blocks for columns": ("_by_blocks(v.k2_etc[here], 3)", "_by_columns(v.k2_etc[here], 3)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_order_of_blocks_is_noticed(mistake: str) -> None:
    right, wrong = MISTAKES[mistake]
    source = generate(model_of("lstm"))
    assert right in source
    expected, found = both("lstm", source.replace(right, wrong))
    assert disagreements(found, expected)


def test_chunks_of_steps_of_several_lengths_are_noticed() -> None:
    """Steps of 3 sequences and of 1 have as many rows as two of 2."""
    model = model_of("lstm")
    source = generate(model)
    assert ", even=True)" in source
    point = replace(draw(model, T=2, B=3, seed=5), lengths=np.array([2, 1, 1]))
    expected = result(module_of("lstm", False, 0), point)
    assert disagreements(result(executed(source, "lstm"), point), expected, 1e-12) == []
    mixed = executed(source.replace(", even=True)", ")"), "lstm")
    assert disagreements(result(mixed, point), expected)


# --- reuse ------------------------------------------------------------------------------------


def test_an_lstms_adjoints_stand_where_its_gates_stood() -> None:
    pairs = {(joined(guest), joined(host)) for guest, host in program_of("lstm").reuse}
    assert pairs == {("f_in i_in o_in g_in", "f i o g"), ("a_o a_g a_f a_i", "f i o g")}
    assert program_of("gru").reuse  # of what stood before the loop alone: 4 adjoints, 2 gates
    assert not any(isinstance(guest[0], Cotangent) for guest, _ in program_of("gru").reuse)


def test_a_gate_that_is_read_too_late_is_noticed() -> None:
    """dL/dc[t-1] += f[t] * dL/dc[t], once the adjoints stand where f stood."""
    model = model_of("lstm")
    derivation = derive(model)

    def late(program: Program) -> Program:
        return replace(program, backward=tuple(map(reordered, program.backward)))

    def reordered(block: Block) -> Block:
        gates = {member for family in program_of("lstm").by_blocks for member in family}
        readers = [s for s in block.statements if block.place == "loop" and read(s) & gates]
        others = [s for s in block.statements if s not in readers]
        return replace(block, statements=(*others, *readers))

    text = render(lower(derivation), derivation, "", 1, (*LEVELS[2], late))
    expected = result(module_of("lstm", False, 0), ragged("lstm"))
    assert disagreements(result(executed(text, "lstm"), ragged("lstm")), expected)


# --- what it is for ---------------------------------------------------------------------------


def test_the_forward_loop_meets_gaps_at_the_turn_alone() -> None:
    module = module_of("lstm", False, 2)
    views = workspace(module, "lstm").even_plan[0][0].views
    loop = views.loop_1
    h = sizes(model_of("lstm"))["h"]
    for step in loop:
        assert [array.shape for array in step if not array.flags.c_contiguous] == [(4, 6, h)]


def test_columns_blocks_and_adjoints_have_one_room() -> None:
    module = module_of("lstm", False, 2)
    w = workspace(module, "lstm")
    room = w.kept[0]["f_etc"]
    views = vars(w.even_plan[0][0].views)
    del views["f_etc"]
    whole = [a for a in views.values() if isinstance(a, np.ndarray) and a.shape == room.shape]
    assert len(whole) == 2
    assert all(np.shares_memory(array, room) for array in whole)
    assert not {"f_in_etc", "d_a_o_etc"} & {*w.buffers, *w.kept[0]}


def workspace(module: Any, name: str) -> Any:
    return module.Workspace(sizes(model_of(name)), 7, 6, np.float64)


@pytest.mark.parametrize("name", BLOCKED)
def test_numpy_has_its_buffers_back(name: str) -> None:
    """After a call, and after one that is refused half-way."""
    module, point = module_of(name, False, 2), draw(model_of(name), T=3, B=4)
    size = np.getbufsize()
    result(module, point)
    assert np.getbufsize() == size
    w = module.Workspace(sizes(model_of(name)), 3, 4, np.float64)
    w.even_plan = None
    with pytest.raises(TypeError):
        result(module, point, w)
    assert np.getbufsize() == size


def test_without_families_nothing_is_changed() -> None:
    program = before("elman", layout)
    assert layout(program) == program


# --- asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", BLOCKED)
def test_columns_may_be_asked_for(name: str) -> None:
    model, point = model_of(name), draw(model_of(name), T=5, B=4, seed=3)
    text = generate(model, gates="columns")
    assert "_by_blocks(" in generate(model) and "_by_blocks(" not in text
    assert disagreements(result(executed(text, name), point), result(module_of(name), point)) == []


@pytest.mark.parametrize(("gates", "level"), [("rows", 2), ("columns", 1), ("columns", 0)])
def test_a_layout_that_there_is_not_is_refused(gates: str, level: int) -> None:
    with pytest.raises(OptionError, match="gates"):
        generate(model_of("lstm"), level=level, gates=gates)


def test_the_command_lays_out_by_columns() -> None:
    runner = CliRunner()
    found = runner.invoke(cli.main, ["generate", "lstm", "--gates", "columns"])
    assert found.stdout == generate(model_of("lstm"), gates="columns")
    assert "symbptt generate lstm --gates columns" in found.stdout
    for other in ("-O1", "--explain", "--mode=forward"):
        refused = runner.invoke(cli.main, ["generate", "lstm", "--gates", "columns", other])
        assert refused.exit_code == 2
        assert "--gates columns and" in refused.output


PARTS = [
    (width, starts)
    for width in (1, 2)
    for count in (1, 2, 3, 4)
    for starts in permutations(range(5 - width), count)
]


@pytest.mark.parametrize("how", ["rows", "columns"])
@pytest.mark.parametrize(("width", "starts"), PARTS)
def test_a_name_is_of_its_part_wherever_that_begins(
    how: str, width: int, starts: tuple[int, ...]
) -> None:
    """Parts that overlap are as many and as long as those that stand end to end."""
    whole = np.arange(16.0).reshape(4, 4)
    dims = [Extent(add_dims(["h"] * before)) for before in range(5)]
    buffers = {"whole": Buffer("static", (dims[4].dim, dims[4].dim))}
    pairs = [
        (f"part{start}", view(how, LocalName("whole"), dims[start], dims[width]))
        for start in starts
    ]
    functions = carried("_block", "_rows_of", "_side_by_side", "_stacked")
    v = SimpleNamespace()
    printer = FastPrinter(ValueNames(model_of("elman")))
    space = {**vars(functions), "v": v, "whole": whole, "size": {"h": 1}}
    lines = list(printer.named(pairs, buffers, {}))
    exec("\n".join(lines), space)
    assert (len(lines) < len(starts)) == (starts == tuple(range(0, 4, width)))
    for start in starts:
        cut = np.s_[start : start + width]
        expected = whole[cut] if how == "rows" else whole[:, cut]
        np.testing.assert_array_equal(getattr(v, f"part{start}"), expected)
