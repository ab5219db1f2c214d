"""Makes the conformance vectors. Start with Conformance/generate.py."""
