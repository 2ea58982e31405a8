#include "protocols/smtp/reply.hpp"

namespace gridmail::smtp {

void append_to(std::string& out, const Reply& reply) {
  out.append(std::to_string(reply.code)).push_back(' ');
  if (!reply.enhanced.empty()) out.append(reply.enhanced).push_back(' ');
  out.append(reply.text).append("\r\n");
}

std::string to_string(const Reply& reply) {
  std::string line;
  append_to(line, reply);
  return line;
}

}  // namespace gridmail::smtp
