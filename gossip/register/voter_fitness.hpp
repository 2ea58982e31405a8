// VoterFitness: whether this node's acceptor may vote, as far as its disk goes (design, section 5, "Old
// disks"). An old disk has forgotten votes. Its voter is silent until a majority of the others has put it out
// of the voters; from then on nothing rests on what it forgot, and it may be made a voter again.
//
// A voter votes in a start only once as many of the others as make a majority with it remember the mark of
// this start, and all of them have had time to tell an older one that this disk lacks. So one disk at a time
// may be old; not the disk of one voter while all those who remember its marks are away. The only voter has
// nobody to tell it, nor to take its place: it votes.
//
// On the register's strand only. Owned by the register's service.
#pragma once
#include "gossip/disk_marks.hpp"
#include "gossip/register/acceptor.hpp"

namespace gridmail {

class VoterFitness {
 public:
  VoterFitness(NodeId self, Clock& clock, const DiskMarks& marks)
      : self_(self), clock_(clock), marks_(marks) {}

  /// The others are told of this start's mark from now on.
  void start() { started_ = clock_.now(); }
  [[nodiscard]] bool may_vote(const Map* map, const Acceptor& acceptor) const;
  /// Votes given in an earlier life of this disk are forgotten.
  [[nodiscard]] bool has_forgotten(const Acceptor& acceptor) const { return acceptor.life() < marks_.life(); }
  /// By a map that was agreed after the votes were forgotten: nothing rests on them.
  [[nodiscard]] bool may_begin_anew(const Map& map) const;
  /// The disk's.
  [[nodiscard]] std::uint64_t life() const { return marks_.life(); }

 private:
  [[nodiscard]] NodeSet co_voters(const Map& map) const;

  const NodeId self_;
  Clock& clock_;
  const DiskMarks& marks_;
  TimePoint started_;
};

}  // namespace gridmail
