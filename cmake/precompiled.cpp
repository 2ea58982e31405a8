// Nothing of its own: the target that reads precompiled.hpp for all others needs a source.
