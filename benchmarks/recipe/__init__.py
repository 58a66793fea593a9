"""Experiments behind the default recipe: what they ask, their rows, their stored tables.

    python -m benchmarks.recipe --list
    python -m benchmarks.recipe --run skeleton --jobs 2
    python -m benchmarks.recipe --table skeleton
    python -m benchmarks.recipe --run final --test
    python -m benchmarks.recipe --verdicts final
    python -m benchmarks.recipe --summary

An experiment is a question and a product of data sets, variants, budgets and seeds (`experiments`).
Every row is one process (`run_one`) on a clock of steps x quiet cost (`steady_clock`), and one line
of `results/NAME.jsonl`. A row that is there is not run again, so that a table that was interrupted
goes on; another setting makes another row, and a table shows the rows of the experiment as it is
now. A row that failed stays, with its error, until `--again`.

Variants are compared on valid. `--test` reads test as well, once, for the table that is published;
it keeps the predictions in `runs/recipe`, from which `--verdicts` says what `nasci run` would have
said of every seed. `--summary` prints the bars, from what is stored alone.
"""
