// What the fields of one header say about a part and, where it is a message's, about the message.
#pragma once
#include "node/base/bytes.hpp"
#include "protocols/mime/parser.hpp"
#include "protocols/mime/structure.hpp"
#include "protocols/mime/text_budget.hpp"

namespace gridmail::mime {

/// Fills what the fields name in `part` (whose type is the default one) and, if not null, in `message`.
/// `Part::kind` and everything about offsets stay as they are.
void read_entity_header(BytesView header, const Limits& limits, TextBudget& budget, Part& part,
                        Message* message);

}  // namespace gridmail::mime
