// Owned and viewed bytes, big-endian keys, hex, base64, BLAKE2b.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridmail {

/// Owned bytes. A std::string, as RocksDB and protobuf both speak it.
using Bytes = std::string;
using BytesView = std::string_view;

/// Appends an integer big-endian, so that byte order of keys is number order.
void append_be16(Bytes& out, std::uint16_t value);
void append_be32(Bytes& out, std::uint32_t value);
void append_be64(Bytes& out, std::uint64_t value);
/// Reads what append_be… wrote at `offset`; the caller has checked the length.
[[nodiscard]] std::uint16_t read_be16(BytesView in, std::size_t offset = 0);
[[nodiscard]] std::uint32_t read_be32(BytesView in, std::size_t offset = 0);
[[nodiscard]] std::uint64_t read_be64(BytesView in, std::size_t offset = 0);

[[nodiscard]] std::string to_hex(BytesView bytes);
/// Lower or upper case; nothing when the text is not hex of an even length.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, padded.
[[nodiscard]] std::string to_base64(BytesView bytes);
/// Strict: padded, no foreign characters, no line breaks. Nothing on anything else.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);
/// RFC 4648 section 5 without padding: for tokens in URLs and on command lines.
[[nodiscard]] std::string to_base64url(BytesView bytes);
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

/// BLAKE2b of `size` bytes (16 to 64), optionally keyed (RFC 7693).
[[nodiscard]] Bytes blake2b(BytesView message, std::size_t size = 32, BytesView key = {});

/// The smallest key greater than every key that starts with `prefix`; empty when there is none (all 0xff).
[[nodiscard]] Bytes prefix_end(BytesView prefix);

/// Compares secrets without telling by its time where they differ.
[[nodiscard]] bool equal_in_constant_time(BytesView a, BytesView b);

}  // namespace gridmail
