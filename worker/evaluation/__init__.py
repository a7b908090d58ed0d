"""How accurate a model is, by the field's own measures.

`datasets` reads annotations, `predict` runs a backend over them, `results` makes scored people out of what it
found, `coco`, `pck` and `diagnostics` measure those: each takes annotations and results and runs no network.
docs/accuracy.md says what each figure is.
"""


class EvaluationError(Exception):
    """What cannot be measured; the message says what was found, what was expected and what to do."""
