"""Sources bring public posts in: one module a platform, each a plug-in."""
