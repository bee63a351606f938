"""What makes a post a hit: apps, handles, lexicon, rules, the screen, its explanations. Pure."""
