// Nothing of its own: a target that reads a precompiled header for others needs a source.
