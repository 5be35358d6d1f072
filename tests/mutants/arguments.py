"""Why mutants that no check finds change nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.mutants.result import DIFFERENT, SAME, UNRUN, Result


@dataclass(frozen=True)
class Argument:
    """Of all survivors that the patterns fit; an empty pattern fits all.

    Attributes
    ----------
    why : str
    where, kind, edit, place, remark : str
        Regular expressions; ``edit`` is of "before -> after".
    """

    why: str
    where: str = ""
    kind: str = ""
    edit: str = ""
    place: str = ""
    remark: str = ""

    def fits(self, result: Result) -> bool:
        edit = f"{result.before} -> {result.after}"
        pairs = (
            (self.where, result.where), (self.kind, result.kind), (self.edit, edit),
            (self.place, result.place), (self.remark, result.remark),
        )  # fmt: skip
        return all(not pattern or re.search(pattern, text) for pattern, text in pairs)


ARGUMENTS: tuple[Argument, ...] = (
    Argument(
        "A squared or absolute error, and a Huber loss, are symmetric in their arguments.",
        edit=r"_(squared_error|absolute_error|huber)\((\w+), (\w+)\) -> .*\(\3, \2\)",
    ),
    Argument(
        "In plain code every row is zero till it is written, and written once: stored or added.",
        where=r"^_forward$",
        kind="stored for added",
    ),
    Argument(
        "An inner product is symmetric.",
        place="rows",
        kind="another function",
        edit=r"(dot|inner)\((\w+), (\w+)\).* -> .*\1\(\3, \2\)",
    ),
    Argument("What is scaled is zero.", kind="factor near 1", edit=r"= np\.zeros"),
    Argument(
        "In how many pieces a product is computed changes no number; those of other sizes are "
        "tried by setting `_THRESHOLDS`.",
        edit=r"^_blocking\(",
        kind="another function",
    ),
    Argument(
        "A sum and a product of two arrays do not depend on their order.",
        kind="another function",
        edit=r"^_(multiply|add)\((.+?), (.+?), (.+)\) -> _\1\(\3, \2, \4\)$",
    ),
    Argument(
        "How many rows a chunk has, and in how many pieces a product is computed, is a choice of "
        "speed; where it is said twice and differs, `reach` finds it.",
        where="^(_arrays|_backward_views|_forward_views)$",
        kind="dropped factor|number off by one",
        edit=r"^\d+( \* size\['\w+'\])? -> (\d+|size\['\w+'\])$",
    ),
    Argument(
        "The block is the first, or the last: its end need not be said.",
        where="_views$",
        kind="slice",
        edit=r"^0:\d+ -> :\d+$|^(\d+):\d+ -> \d+:$",
    ),
    Argument(
        "The two are of one length by construction; `strict` says so.",
        edit=r"zip\(.*strict=True\) -> zip\(",
    ),
    Argument(
        "Another derivation, whose every member the exact check proves right as well.",
        place="rules and walk",
        remark=f"^{DIFFERENT}",
    ),
    Argument(
        "Another module, which returns the same numbers: how its statements are arranged is a "
        "matter of speed.",
        place="passes|lowering",
        remark=f"^{DIFFERENT}",
    ),
    Argument(
        "The same module, byte for byte, of each of the models that run the line (forty at most); "
        "of another program a wrong module would not leave `symbptt generate`, which tries it.",
        place="passes|lowering",
        remark=f"^{SAME}",
    ),
    Argument("Zero times gates is zero.", where="^gated$", edit="is_zero", remark=f"^{SAME}"),
    Argument(
        "The same factors make the same product again.",
        where="^without_first_gates$",
        kind="threshold",
        remark=f"^{SAME}",
    ),
    Argument(
        "The pointwise terms of a sum are differentiated alike as one sum and one by one.",
        where="^(_sum_of_terms|in_groups)$",
        remark=f"^{SAME}",
    ),
    Argument(
        "`dot` alone has two operands, and what one operand receives twice of it is equal.",
        where="^(_vector|_total)$",
        remark=f"^{SAME}",
    ),
    Argument(
        "No equation of a model holds a pick: rows of losses do, and a loss is taken by its row.",
        where="_pick$",
        remark=f"^{UNRUN}",
    ),
    Argument(
        "The rows of losses give no gradient by an integer target, and a prediction is none.",
        where="^(_loss|_is_index)$",
        remark=f"^{SAME}",
    ),
    Argument(
        "What counts as a number decides where in a product it stands, not whether.",
        where="^is_number$",
        remark=f"^{SAME}",
    ),
    Argument(
        "Where no term of a sum is positive, another of them stands first.",
        where="^add$",
        kind="number off by one",
        remark=f"^{SAME}",
    ),
    Argument("A product that is 0 has been returned before.", edit=r"^value < 0 -> value <= 0$"),
    Argument("Both put the factors in front.", edit=r"^pending\[:0\] = .* -> pending\[:0\] \+= "),
    Argument(
        "A chain that no part has is of zeros, and repeated members are left out.",
        where="^in_step$",
        remark=f"^{SAME}",
    ),
    Argument(
        "What is read at T, or without a gate, holds nothing that would be put in or left out.",
        where=r"^(at_step|Walk\.at_start)$",
        kind="condition",
        edit="-> if False",
        remark=f"^{SAME}",
    ),
    Argument(
        "More rows are set to zero than need be: those that live are written whole.",
        where="_run_backward",
        kind="slice",
        edit=r"rows\.live\.start",
    ),
    Argument(
        "The quick way of a call through a workspace is a short cut: the other gives the same.",
        where="loss_and_grads",
        kind="condition",
        edit=r"if quick and workspace\.takes.* -> if False",
    ),
    Argument(
        "The line is said of T = 1 alone, where 1/T is 1.",
        place="derivation steps",
        where=r"^\(8\) dL/dh\[0\]$",
        kind="1/T",
    ),
    Argument(
        "`np.matmul` and `np.dot` multiply the same matrices; which is taken is a matter of speed.",
        edit=r"^_product_in\((\w+), False\) -> _product_in\(False, \1\)$",
    ),
    Argument(
        "By which sizes a product is cut in blocks, and whether a matrix is kept with gaps, is a "
        "matter of speed.",
        where="_views$",
        place="modules",
        edit=r"^size\['\w+'\] \+ size\['\w+'\] -> |given=True\) -> ",
    ),
    Argument(
        "By which sizes a chunk is cut is a matter of speed.",
        where="^_arrays$",
        edit=r"^2 \* size\['\w+'\] \+ 2 \* size\['\w+'\] -> ",
    ),
    Argument(
        "How many rows a chunk, a block, a part of a scan or a segment has, whether rows are kept "
        "apart, which function multiplies, how large NumPy's buffers are: a matter of speed.",
        where="^(_chunk_rows|_blocking|_product_in|_matrix|_gap|_scan_plan|_segment_steps"
        "|_without_copies)$",
        place="runtime",
        remark="^$|buffer of NumPy",
    ),
    Argument(
        "More room than sweeps need is zeros that nothing reads.",
        where="^_backward$",
        kind="number off by one",
        edit="^1 -> 2$",
        remark="^$",
    ),
    Argument(
        "Every row is named once: added one by one or all together it is the same sum.",
        where="^_add_at$",
        kind="condition",
    ),
    Argument(
        "Each piece of rows is computed by itself, in any order.",
        where="^_by_rows$",
        kind="shift",
    ),
    Argument("A factor of all powers cancels.", where="^_softmax$", edit="^powers = "),
    Argument(
        "Of two axes the last one is axis 1, and is what NumPy takes unasked.",
        edit=r"^np\.take_along_axis\(o, y\[:, None\], axis=1\) -> ",
    ),
    Argument(
        "It is asked only whether it is 0.",
        kind="factor near 1",
        edit=r"^(real = isinstance|targets = all)\(",
    ),
    Argument(
        "Among sequences of one length any order does: results are put back in order.",
        edit=r"^np\.argsort\(-given, kind='stable'\) -> ",
    ),
    Argument(
        "Rows by their numbers are the rows of the slice.",
        where="^_run$",
        kind="threshold",
    ),
    Argument(
        "Zeros times one are zeros; Python's 0 stays exact beside numbers of an exact type.",
        where="^_past$",
        edit="^call.dtype == object -> ",
    ),
    Argument(
        "Gates of another float are rounded to the buffer's where they are multiplied.",
        where="^_gates$",
        edit="^gates \\* call.one if call.dtype == object ",
    ),
    Argument(
        "Of finite floats both give the same numbers; of exact ones True stands for 1.",
        where="^_step$",
        kind="condition",
    ),
    Argument("False is what `zip` takes unasked.", edit=r"^zip\(.*, strict=False\) -> zip\("),
    Argument(
        "Between one step and itself there are no gates, and no input without time has a lag.",
        where="^_through_gates$",
        remark=f"^{SAME}",
    ),
    Argument(
        "A name more is one that nothing asks about: it has no readers, or is the loss.",
        where=r"^Walk\.variables$",
        remark=f"^{SAME}",
    ),
    Argument(
        "What is walked is what L depends on, so that something reads it.",
        where=r"^Walk\.adjoint$",
        edit="^0 -> 1$",
        remark=f"^{SAME}",
    ),
    Argument(
        "Said of a step past T, or of T itself, where the terms past T are absent: still true.",
        place="derivation steps",
        kind="a range off by one",
        edit=r"<= t <= T(-\d+)? -> .*<= t <= T(\+1|-\d+)?$",
    ),
)


def argument(result: Result) -> Argument | None:
    return next((each for each in ARGUMENTS if each.fits(result)), None)
