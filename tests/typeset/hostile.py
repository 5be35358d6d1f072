"""Models whose comments and names are out for trouble."""

from __future__ import annotations

_BODY = """h[t] = tanh(W @ h[t-1] + U @ x[t] + b)  # {comment}
o[t] = V @ h[t] + c  # {comment}
loss[t] = squared_error(o[t], y[t])  # {comment}
"""

_COMMENTS = {
    "commands": r"\input{/etc/passwd} \write18{ls} \end{document} \csname x\endcsname ^^5c",
    "specials": r"100 % of $x_1$ & y#2 ~ ^ _ { } }} {{ \\ \ \% \$ -- --- ?` !` ''' \"\"\"",
    "quotes": "\"\"\" ''' ``` `` '' \" '",
    "markup": "<script>alert(1)</script> --> <!-- | **bold** [a](b) $$x$$ &amp;",
    "letters": "Zustände, naïve façade, Łódź, nghiệm số ẩn, Ελληνικά, кирилл, 中文, 🙂, ﬁ, ½",
    "controls": "left\u202eright\u200b\u00a0\u00ad end",
    "long": "x" * 400 + " " + "many words " * 60,
}

HOSTILE: dict[str, str] = {
    **{name: f"# {text}\n{_BODY.format(comment=text)}" for name, text in _COMMENTS.items()},
    "names": """
h_0_0[t] = tanh(np @ h_0_0[t-1] + W_hx @ end[t] + W_h_x * input)
loss_t[t] = V__ @ h_0_0[t] + begin * label_hat_tilde
loss[t] = squared_error(loss_t[t], verb[t])
""",
    "unicode_names": """
状態[t] = tanh(Ж @ 状態[t-1] + é @ ξ[t] + naïve_中_b)
loss[t] = squared_error(Ω_ж @ 状態[t], ÿ[t])
""",
    "long_names": f"""
{"h" * 200}[t] = tanh({"W" * 300} @ {"h" * 200}[t-1] + {"_".join("abcdefghij" * 9)} @ x[t])
loss[t] = squared_error({"h" * 200}[t], {"y_" * 90}q[t])
""",
}
