// Nothing of its own: the target that reads precompiled.hpp for all tests needs a source besides doctest
// itself.
