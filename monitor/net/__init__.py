"""The network, text only: what sources read with and channels report with. Knows no platform."""
