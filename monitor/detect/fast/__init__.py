"""The fast path: which of many posts the screen has to look at closely, found without folding or decoding most."""
