// ENVELOPE and BODYSTRUCTURE as RFC 3501, section 7.4.2, prints them.
#pragma once
#include <string>

#include "protocols/mime/structure.hpp"

namespace gridmail::imap {

void append_envelope(std::string& out, const mime::Envelope& envelope);

enum class Extension : std::uint8_t { left_out, given };

/// BODY leaves the extension data out, BODYSTRUCTURE gives it.
void append_body_structure(std::string& out, const mime::Structure& structure, Extension extension);

}  // namespace gridmail::imap
