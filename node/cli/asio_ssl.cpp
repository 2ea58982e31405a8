// The one translation unit that holds Asio's compiled TLS part (ASIO_SEPARATE_COMPILATION); only the CLI uses
// it.
#include <asio/ssl/impl/src.hpp>
