#include "protocols/smtp/data_decoder.hpp"

#include <algorithm>

namespace gridmail::smtp {

/// The part of the input that can be passed on in one piece: interrupted only where a byte is dropped or put
/// in.
class DataDecoder::Run {
 public:
  Run(BytesView input, Sink& sink) : input_(input), sink_(sink) {}
  /// Passes on what came before `at` and goes on from `next`.
  void interrupt(std::size_t at, std::size_t next) {
    if (at > start_) sink_.run(input_.substr(start_, at - start_));
    start_ = next;
  }
  void insert(BytesView literal) { sink_.run(literal); }

 private:
  BytesView input_;
  Sink& sink_;
  std::size_t start_ = 0;
};

DataDecoder::Fed DataDecoder::feed(BytesView input, Sink& sink) {
  Run run(input, sink);
  std::size_t at = 0;
  while (at < input.size()) {
    const char c = input[at];
    switch (state_) {
      case State::line_start:
        if (c != '.' || framing_ == Framing::chunks) {
          take_text(input, at, run);
          break;
        }
        run.interrupt(at, at + 1);
        state_ = State::dot;
        ++at;
        break;
      case State::dot:
        if (c != '\r') {
          take_text(input, at, run);
          break;
        }
        run.interrupt(at, at + 1);
        state_ = State::dot_cr;
        ++at;
        break;
      case State::dot_cr:
        if (c == '\n') return {at + 1, true};
        run.insert("\r");  // it was the content's after all
        ++line_;
        state_ = State::cr;
        break;
      case State::cr:
        if (c == '\n') {
          end_line(line_ - 1);
          state_ = State::line_start;
          ++at;
          break;
        }
        has_bare_cr_ = true;
        take_text(input, at, run);
        break;
      case State::text:
        take_text(input, at, run);
        break;
    }
  }
  run.interrupt(at, at);
  return {at, false};
}

/// Takes bytes up to and including the next LF, or all. The state is none in which the first byte is special.
void DataDecoder::take_text(BytesView input, std::size_t& at, Run& run) {
  const BytesView rest = input.substr(at);
  const std::size_t lf = rest.find('\n');
  const BytesView line = rest.substr(0, lf);
  if (line.find('\0') != BytesView::npos) has_nul_ = true;
  const std::size_t cr = line.find('\r');
  if (cr != BytesView::npos && cr + 1 < line.size()) has_bare_cr_ = true;
  line_ += line.size();
  const bool ends_in_cr = !line.empty() && line.back() == '\r';
  if (lf == BytesView::npos) {
    longest_line_ = std::max(longest_line_, line_ - (ends_in_cr ? 1 : 0));
    state_ = ends_in_cr ? State::cr : State::text;
    at = input.size();
    return;
  }
  const std::size_t lf_at = at + lf;
  at = lf_at + 1;
  if (ends_in_cr) {
    end_line(line_ - 1);
    state_ = State::line_start;
    return;
  }
  has_bare_lf_ = true;
  end_line(line_);
  // No line start: what follows a bare LF is neither an end of data nor stuffed.
  state_ = State::text;
  if (bare_lf_ == BareLf::repair) {
    run.interrupt(lf_at, at);
    run.insert("\r\n");
  }
}

void DataDecoder::end_line(std::size_t length) {
  longest_line_ = std::max(longest_line_, length);
  line_ = 0;
}

}  // namespace gridmail::smtp
