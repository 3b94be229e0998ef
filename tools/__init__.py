"""What builds and checks the book. No reader imports it.

book            where the parts lie, the order of the chapters, the course's addresses
cache           the executed outputs that the book, its notebooks and its tests share
kernel          what every kernel of the book is started with
execute         bring the cache up to date                          python -m tools.execute
labels          what every label of the book is called: "Figure 1.2"
plain           MyST to the Markdown that Colab and JupyterLab show
notebook        write book/X.ipynb from book/X.md                   python -m tools.notebook
exercises       the exercises as the chapters tell them
sheets          write sheets/X.ipynb, exercises with blanks         python -m tools.sheets
figures         a chapter's figures to remember, as a table
compare         printed numbers: words exact, floats within a tolerance
nbtest          pytest runs a notebook, compares it and fills the cache
lint_cells      ruff on the code cells of book/*.md                 python -m tools.lint_cells
links           no broken link, no foreign resource in the site     python -m tools.links
rows            the table of models, line by line
results         the tables of the page of results
playground      the models of the live playgrounds, golden values   python -m tools.playground
packing         a network as int8 and as the page runs it
playground_pictures   the playgrounds' pictures for paper
shipped         the trained networks that both of them show
browser         Chromium, a page whose formulas are set, and a server
offline         the site, notebooks, sheets and wheel in one zip    python -m tools.offline
paper           the site as one PDF                                 python -m tools.paper
"""
