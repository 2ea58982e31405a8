/* The register that agrees on the map: CASPaxos (Rystsov 2018) with changes of voters by joint majorities (design,
 * section 5; the real thing: gossip/register, proposer.hpp tells the steps). Two proposers, four acceptors. The first three
 * vote; proposer 0 replaces voter 0 by the fourth, then ends the change. Proposer 1 changes a slot; with -DRIVALS it
 * replaces voter 2 by the fourth instead.
 *
 *   spin -a register.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan        run by: ./dev test model
 *
 * Messages are facts that stay, as in slot.pml. A proposer begins again whenever it likes: so duels, refusals, deadlines
 * and its crashes need no steps of their own. What an acceptor has said is on its disk first, so its crash changes nothing.
 *
 * Promises, as assertions: one map is chosen for each version; each chosen map is built on the chosen one before it; the
 * voters never hold less than what a proposer knows to be chosen.
 *
 * Left out: growth from one voter, disks without their acceptor's state, a proposer's ballots after its restart (a number
 * drawn at its start keeps them apart), liveness (duels end by random pauses), and several changes of voters in a row,
 * without which it does no harm to build on a map with other voters before that was carried through.
 *
 * Each rule can be broken by a -D of the names below; tests/model/run_model.py shows that every one is missed. */

#ifndef BALLOTS
#define BALLOTS 4
#endif
#define ACCEPTORS 4

/* Sets of voters, as bits of acceptors; and sets of such sets, as bits 0 to 2. */
#define initial_voters 7 /* 0 1 2 */
#define rivals_voters 11 /* 0 1 3 */
#define new_voters 14    /* 1 2 3 */
#define has(set, n) (((set) >> (n)) & 1)
#define votes(set) (has(set, 0) + has(set, 1) + has(set, 2) + has(set, 3))
#define majority(answered, voters) (votes((answered) & (voters)) >= 2)
#define met(asked, answered)                                               \
  ((!has(asked, 0) || majority(answered, initial_voters)) &&               \
   (!has(asked, 1) || majority(answered, new_voters)) && (!has(asked, 2) || majority(answered, rivals_voters)))
#define everyone(asked)                                                                   \
  ((has(asked, 0) * initial_voters) | (has(asked, 1) * new_voters) | (has(asked, 2) * rivals_voters))

/* A map is its contents: equal contents are the same map. Its number: who changed the voters (0 nobody, 1, 2), how far
 * (0 not, 1 begun, 2 ended), whether the slot was changed; its version counts the changes. 1 is the first; 0 is none. */
#define map_number(who, stage, slot) (1 + (slot) + 2 * (stage) + 6 * (who))
#define slot_of(map) (((map) - 1) % 2)
#define stage_of(map) ((((map) - 1) / 2) % 3)
#define who_of(map) (((map) - 1) / 6)
#define version_of(map) (1 + slot_of(map) + stage_of(map))
#define first_map 1

/* The sets of voters that a map names: present ones, and those before while a change is under way. */
#define voters_of(map)                                                                             \
  (stage_of(map) == 0 -> 1 : (1 << who_of(map)) | (stage_of(map) == 1 -> 1 : 0))

#ifdef FORGET_PROMISE /* an acceptor accepts below its promise */
#define refuses(a, b) false
#else
#define refuses(a, b) (promised[a] > b)
#endif
#ifdef NEW_VOTERS_ONLY /* a change of voters asks those who come, not those who go too */
#define needed_by(map) (stage_of(map) == 0 -> 1 : (1 << who_of(map)))
#define joint(known, extra) (extra == 0 -> known : extra)
#else
#define needed_by(map) voters_of(map)
#define joint(known, extra) (known | extra)
#endif
#define covers(asked, map) ((needed_by(map) & ~(asked)) == 0)
#ifdef IGNORE_FOUND /* builds on what it knows, not on what the voters hold */
#define newest_found(p) proposer[p].known
#else
#define newest_found(p) (found == 0 -> proposer[p].known : ballot[found - 1].map)
#endif

mtype = { idle, preparing, accepting };

/* Ballot b belongs to proposer b mod 2; 0 is what the first three voters began with. */
typedef Ballot {
  bool prepared;
  byte asked;                /* sets of voters */
  byte promise[ACCEPTORS];   /* what each had accepted, as 1 + ballot; 0: not promised; 255: had nothing */
  byte map;                  /* to be accepted; 0 until decided */
  byte accepted;             /* by whom */
}
Ballot ballot[BALLOTS + 1];

byte promised[ACCEPTORS];
byte accepted[ACCEPTORS]; /* 1 + ballot; 0: nothing */

typedef Proposer {
  mtype phase;
  byte next_ballot;
  byte known;    /* the newest chosen map known here */
  byte extra;    /* sets of voters found out on the way */
  bool carrying;
}
Proposer proposer[2];

byte chosen[5] = 0; /* the map chosen for each version */
byte newest = 1;    /* version */

#define current(p) (proposer[p].next_ballot - 2)

/* Scratch, always 0 between steps. */
byte got;          /* from whom promises were received */
hidden byte found; /* 1 + the highest ballot that the promises name; 0: none */
hidden byte base;
hidden byte next;

/* What proposer p makes of a map; the same map when it has nothing to change. */
inline apply_wish(p) {
  if
#ifdef RIVALS
  :: p == 1 && stage_of(base) == 0 -> next = map_number(2, 1, slot_of(base))
  :: p == 1 && stage_of(base) == 1 -> next = map_number(who_of(base), 2, slot_of(base))
#else
  :: p == 1 && slot_of(base) == 0 -> next = map_number(who_of(base), stage_of(base), 1)
#endif
  :: p == 0 && stage_of(base) == 0 -> next = map_number(1, 1, slot_of(base))
  :: p == 0 && stage_of(base) == 1 -> next = map_number(who_of(base), 2, slot_of(base))
  :: else -> next = base
  fi
}

/* What is still on its way of an attempt that ended can be refused or lost, but for the map that it asked to accept. */
inline forget_attempt(p) {
  if
  :: proposer[p].next_ballot > 2 ->
     ballot[current(p)].prepared = false;
     ballot[current(p)].accepted = 0;
     forget_promises(p);
     if
     :: ballot[current(p)].map == 0 -> ballot[current(p)].asked = 0
     :: else
     fi
  :: else
  fi;
  proposer[p].phase = idle;
  proposer[p].carrying = false
}

inline forget_promises(p) {
  ballot[current(p)].promise[0] = 0;
  ballot[current(p)].promise[1] = 0;
  ballot[current(p)].promise[2] = 0;
  ballot[current(p)].promise[3] = 0
}

inline begin_attempt(p) {
  forget_attempt(p);
  ballot[proposer[p].next_ballot].prepared = true;
  ballot[proposer[p].next_ballot].asked = joint(needed_by(proposer[p].known), proposer[p].extra);
  proposer[p].next_ballot = proposer[p].next_ballot + 2;
  proposer[p].phase = preparing
}

inline have_accepted(p, what, carried) {
  forget_promises(p);
  ballot[current(p)].prepared = false;
  ballot[current(p)].map = what;
  proposer[p].carrying = carried;
  proposer[p].phase = accepting
}

inline find(p, a, answered) {
  if
  :: has(answered, a) && ballot[current(p)].promise[a] != 255 && ballot[current(p)].promise[a] > found ->
     found = ballot[current(p)].promise[a]
  :: else
  fi
}

/* A majority of every set that was asked has promised. */
inline decide(p, answered) {
  find(p, 0, answered);
  find(p, 1, answered);
  find(p, 2, answered);
  find(p, 3, answered);
  base = newest_found(p);
  assert(version_of(base) >= version_of(proposer[p].known)); /* the voters hold what was chosen */
  apply_wish(p);
  if
  :: !covers(ballot[current(p)].asked, base) ->
     proposer[p].extra = proposer[p].extra | needed_by(base);
     forget_attempt(p)
  :: covers(ballot[current(p)].asked, base) && voters_of(base) != voters_of(proposer[p].known) ->
     have_accepted(p, base, true)
  :: covers(ballot[current(p)].asked, base) && voters_of(base) == voters_of(proposer[p].known) ->
     if
     :: next == base && base == proposer[p].known -> forget_attempt(p) /* nothing to change */
     :: next == base && base != proposer[p].known -> have_accepted(p, base, false)
     :: next != base && covers(ballot[current(p)].asked, next) -> have_accepted(p, next, false)
     :: else ->
        proposer[p].extra = proposer[p].extra | needed_by(next);
        forget_attempt(p)
     fi
  fi;
  found = 0;
  base = 0;
  next = 0
}

#define may_decide(p, answered)                                                                          \
  (proposer[p].phase == preparing && met(ballot[current(p)].asked, answered) && promises(p, answered, 0) && \
   promises(p, answered, 1) && promises(p, answered, 2) && promises(p, answered, 3))
#define promises(p, answered, a) (!has(answered, a) || ballot[current(p)].promise[a] != 0)

/* A majority of every set has accepted. */
inline choose(p) {
  base = ballot[current(p)].map;
  assert(chosen[version_of(base)] == 0 || chosen[version_of(base)] == base); /* one map for each version */
  /* built on the one before: at least its changes, and nobody else's change of voters */
  assert(version_of(base) == 1 || chosen[version_of(base) - 1] == 0 ||
         (slot_of(base) >= slot_of(chosen[version_of(base) - 1]) &&
          stage_of(base) >= stage_of(chosen[version_of(base) - 1]) &&
          (stage_of(chosen[version_of(base) - 1]) == 0 || who_of(base) == who_of(chosen[version_of(base) - 1]))));
  chosen[version_of(base)] = base;
  if
  :: version_of(base) > newest -> newest = version_of(base)
  :: else
  fi;
  proposer[p].known = base;
  proposer[p].extra = 0;
  forget_attempt(p);
  base = 0
}

#define wants_more(p) (stage_of(proposer[p].known) < 2 || slot_of(proposer[p].known) == 0)

proctype propose(byte me) {
end:
  do
  :: d_step { proposer[me].next_ballot <= BALLOTS && wants_more(me) -> begin_attempt(me) }
  /* the promises received by then: any that suffice, of those given */
  :: atomic {
       if
       :: may_decide(me, 3) -> got = 3
       :: may_decide(me, 5) -> got = 5
       :: may_decide(me, 6) -> got = 6
       :: may_decide(me, 7) -> got = 7
       :: may_decide(me, 9) -> got = 9
       :: may_decide(me, 10) -> got = 10
       :: may_decide(me, 11) -> got = 11
       :: may_decide(me, 12) -> got = 12
       :: may_decide(me, 13) -> got = 13
       :: may_decide(me, 14) -> got = 14
       :: may_decide(me, 15) -> got = 15
       fi;
       d_step { decide(me, got); got = 0 }
     }
  :: d_step { proposer[me].phase == accepting &&
              met(ballot[current(me)].asked, ballot[current(me)].accepted) -> choose(me) }
  /* only chosen maps are told */
  :: d_step { newest > version_of(proposer[me].known) ->
       proposer[me].known = chosen[newest];
       proposer[me].extra = 0;
       if
       :: proposer[me].phase == preparing -> forget_attempt(me)
       :: else
       fi
     }
  od
}

#define may_promise(a, b)                                                                              \
  (ballot[b].prepared && ballot[b].promise[a] == 0 && has(everyone(ballot[b].asked), a) && !refuses(a, b))
#define may_accept(a, b)                                                                               \
  (ballot[b].map != 0 && !has(ballot[b].accepted, a) && has(everyone(ballot[b].asked), a) && !refuses(a, b))

inline promise_ballot(a, b) {
  ballot[b].promise[a] = (accepted[a] == 0 -> 255 : accepted[a]);
  promised[a] = b
}
inline accept_ballot(a, b) {
  ballot[b].accepted = ballot[b].accepted | (1 << a);
  promised[a] = b;
  accepted[a] = b + 1
}

proctype acceptor(byte me) {
end:
  do
  :: d_step { may_promise(me, 1) -> promise_ballot(me, 1) }
  :: d_step { may_promise(me, 2) -> promise_ballot(me, 2) }
  :: d_step { may_promise(me, 3) -> promise_ballot(me, 3) }
  :: d_step { may_promise(me, 4) -> promise_ballot(me, 4) }
  :: d_step { may_accept(me, 1) -> accept_ballot(me, 1) }
  :: d_step { may_accept(me, 2) -> accept_ballot(me, 2) }
  :: d_step { may_accept(me, 3) -> accept_ballot(me, 3) }
  :: d_step { may_accept(me, 4) -> accept_ballot(me, 4) }
#if BALLOTS > 4
  :: d_step { may_promise(me, 5) -> promise_ballot(me, 5) }
  :: d_step { may_accept(me, 5) -> accept_ballot(me, 5) }
#endif
#if BALLOTS > 5
  :: d_step { may_promise(me, 6) -> promise_ballot(me, 6) }
  :: d_step { may_accept(me, 6) -> accept_ballot(me, 6) }
#endif
#if BALLOTS > 6
  :: d_step { may_promise(me, 7) -> promise_ballot(me, 7) }
  :: d_step { may_accept(me, 7) -> accept_ballot(me, 7) }
#endif
  od
}

init {
  d_step {
    chosen[1] = first_map;
    ballot[0].map = first_map;
    accepted[0] = 1;
    accepted[1] = 1;
    accepted[2] = 1;
    proposer[0].known = first_map;
    proposer[1].known = first_map;
    proposer[0].phase = idle;
    proposer[1].phase = idle;
    proposer[0].next_ballot = 2;
    proposer[1].next_ballot = 1
  }
  atomic {
    run propose(0);
    run propose(1);
    run acceptor(0);
    run acceptor(1);
    run acceptor(2);
    run acceptor(3)
  }
}
