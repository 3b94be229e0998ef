"""A checker for every exercise in code: run it on your answer, it tells you what came back and why that may be.

    verdict = svd.check_truncation(my_truncation)      # ✓ …, or ✗ … with the likely cause
    verdict.hint(1)                                    # a nudge; hint(2) says more

One file per chapter, with the chapter's name:

    norms.py   check_column_sum_norm   check_power_iteration   check_convolution_norm
    svd.py     check_truncation   check_range_finder   check_pca   check_explained_rank

What they stand on:

    verdict.py   Verdict, and `exercise`, which makes a checker of a function
    answers.py   call the student's function safely, read what it returned
    _words.py    how they speak of matrices
    _cases.py    matrices to try the function on
    _pca.py, _explained.py   two of svd's checkers, to keep its file short

Checkers test properties, so every correct answer passes, however it is written. The solutions are in the chapters.
"""
