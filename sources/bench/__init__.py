"""How fast the sources map answers to posts: pages of every platform's form, and what reads them."""
