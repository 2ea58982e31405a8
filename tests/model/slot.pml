/* One slot on three nodes: leases, epochs, writes on two copies, joining copies (design, section 5; the real thing:
 * storage/replication). Spin tries every order of events there is within the budgets below.
 *
 *   spin -a slot.pml && gcc -O2 -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan        run by: ./dev test model
 *
 * How to read it. The grid is a set of facts (Copy: what lies at one node; Epoch: what was agreed and sent in one epoch),
 * and `node` lists the steps a node may take, each with what allows it. Messages are facts that stay: whoever may receive
 * one does so at once, late, again or never. So loss, delay, reordering and doubling need no steps of their own, and have
 * no budget. The map is agreed by one compare-and-swap, which is what register.pml shows of the register.
 *
 * Time is order: a lease held is one bit of truth, the promise behind it ends after it does; that is all that 2 s and 3 s
 * are for. A node that crashes has only forgotten; one that is dead does nothing for as long as the walk likes; one that
 * is suspected may be alive. Every write to disk is finished at once.
 *
 * Promises, as assertions named by their text: acknowledged() on two nodes; committed() the same write at a place, by one
 * node in an epoch; read() misses nothing acknowledged and takes back nothing shown; name_in_sync() whole; take_opening()
 * takes back nothing known to be committed; `quiet` nothing is stuck when nothing more can happen.
 *
 * Left out: lost, old and damaged disks, and with them combining; a copy in memory that is ahead of its disk; bulk in many
 * pieces and keys written twice; logs trimmed; a primary alone and its lease from the voters; movement of sound copies;
 * clocks that drift; more than one slot per pair of nodes.
 *
 * Each rule can be broken by a -D of the names below; run_model.py shows that every one is missed. */

#ifndef EPOCHS
#define EPOCHS 4 /* the first, and changes of the map after it */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define NODES 3
#define WRITES 2
#define NONE 7 /* no node */

#ifdef PRIMARY_FIRST /* a commit waits for nobody */
#define must_have(e) 0
#else
#ifdef NO_JOINING_ACK /* a commit does not wait for joining copies */
#define must_have(e) (epoch[e].in_sync & ~bit(epoch[e].primary))
#else
#define must_have(e) others(e)
#endif
#endif
#ifdef NO_LEASE_WAIT /* a promise to the last primary is not kept */
#define bound(n, p) false
#else
#define bound(n, p) (bound_in(n, 1, p) || bound_in(n, 2, p) || bound_in(n, 3, p) || bound_in(n, EPOCHS - 1, p))
#endif
#ifdef RESUME /* a restarted primary goes on in its epoch */
#define resumes true
#else
#define resumes false
#endif
#ifdef LEND_UNBOUND /* the lease that is given with the answer to an opening is not remembered by its giver */
#define binds_itself false
#else
#define binds_itself true
#endif
#ifdef FORGET_LEASE /* a restarted node does not wait for the lease that it may have given */
#define remembers false
#else
#define remembers true
#endif
#ifdef NO_READ_LEASE /* a primary answers without leases */
#define leased(p) true
#else
#define leased(p) (others(copy[p].row) != 0 && epoch[copy[p].row].lent == others(copy[p].row))
#endif
#ifdef EARLY_WHOLE /* a joining copy is named in sync before its gap is closed */
#define complete(n) true
#else
#define complete(n) (whole(n) && copy[n].commit >= copy[n].whole_at)
#endif
#ifdef NO_TAKE_BACK /* a copy keeps what its new primary lacks */
#define takes_back false
#else
#define takes_back true
#endif

/* Writes in order, each with the epoch that it was given its place in. 0: not held (the gap of a joining copy). */
typedef Log {
  byte length;
  byte write[WRITES + 1];
  byte epoch[WRITES + 1];
}

mtype = { no_role, opening, ordering, serving, handing_over };

typedef Copy {
  /* on disk */
  byte row;      /* the epoch whose row of the map was taken in */
  byte opened;   /* the last epoch that it was opened in */
  Log log;
  byte commit;   /* the last place known to be committed */
  byte whole_at; /* what had been received when the gap was closed */
  /* in memory */
  mtype role;
  byte pending[WRITES + 1]; /* a primary's writes on their way, in order */
  byte restarted;           /* the epoch it was primary of in its last life, while it has that row */
}

typedef Epoch {
  /* what was agreed; sets of nodes are bits */
  byte primary;
  byte in_sync;
  byte joining;
  byte retired;
  /* leases to the primary, to act on this row: held, and remembered by their givers */
  byte lent;
  byte promised;
  /* what was sent */
  bool open_sent;
  Log open;              /* the primary's log at the opening */
  byte open_commit;
  byte answered;         /* who was opened */
  byte entry[WRITES + 1];
  byte acknowledged[WRITES + 1]; /* by whom, at each place */
  byte told;             /* the primary's commit position */
  byte committer;        /* for the check: who committed here */
}

Copy copy[NODES];
Epoch epoch[EPOCHS + 1];
byte newest = 1; /* the epoch of the newest agreed map */
byte crashes = CRASHES;

/* What clients know. */
byte truth[WRITES + 1]; /* the write first committed at each place */
byte asked;             /* writes up to this one have been sent for the first time */
byte acknowledged_set;  /* writes that were acknowledged */
byte acknowledged_to;   /* the last place of such a write */
byte shown_to;          /* the last place that a read has shown */

#define bit(n) (1 << (n))
#define has(set, n) (((set) >> (n)) & 1)
#define others(e) ((epoch[e].in_sync | epoch[e].joining) & ~bit(epoch[e].primary))
#define held_by(e) (epoch[e].in_sync | epoch[e].joining | epoch[e].retired)
#define two(set) ((set) == 3 || (set) == 5 || (set) == 6 || (set) == 7)
#define is_primary(n) (epoch[copy[n].row].primary == n)
#define whole(n) \
  ((copy[n].log.length < 1 || copy[n].log.write[1] != 0) && (copy[n].log.length < 2 || copy[n].log.write[2] != 0))
#define holds(n, w) \
  ((copy[n].log.length >= 1 && copy[n].log.write[1] == w) || (copy[n].log.length >= 2 && copy[n].log.write[2] == w))

/* n promised a lease to the primary of an earlier epoch e, and it has not run out: no part in p's epoch. */
#define bound_in(n, e, p)                                                                               \
  (e < copy[n].row && epoch[e].primary != p && epoch[e].primary != n && has(epoch[e].lent & epoch[e].promised, n))
#define may_answer(p) (copy[p].role == serving && leased(p))

/* Scratch, always 0 between steps. */
hidden byte s;
hidden byte shared;
hidden byte other;

inline append(n, w, e) {
  copy[n].log.write[copy[n].log.length + 1] = w;
  copy[n].log.epoch[copy[n].log.length + 1] = e;
  copy[n].log.length++
}

inline acknowledge(n, w) {
  acknowledged_set = acknowledged_set | bit(w);
  s = (copy[n].log.write[1] == w -> 1 : 2);
  if
  :: s > acknowledged_to -> acknowledged_to = s
  :: else
  fi
}

/* Place `at` of n's log is now committed in epoch e. */
inline committed(n, at, e) {
  assert(truth[at] == 0 || truth[at] == copy[n].log.write[at]); /* one write at a place, for ever */
  truth[at] = copy[n].log.write[at];
  assert(epoch[e].committer == 0 || epoch[e].committer == n + 1); /* one committing node in an epoch */
  epoch[e].committer = n + 1
}

/* ------------------------------------------------------------------------------------------------- the map */

/* n takes in the row of epoch e, and from then on lends its primary a lease to act on that row: when it is asked for
 * all that it gives to that node, and with the answer to the opening. */
inline take_row(n, e) {
  copy[n].row = e;
  copy[n].role = no_role;
  copy[n].restarted = 0;
  lend(n, e);
  if
  :: epoch[e].primary != n -> /* what was on its way fails; the client asks again */
     copy[n].pending[1] = 0;
     copy[n].pending[2] = 0
  :: else
  fi;
  if
  :: !has(held_by(e), n) -> forget_log(n); copy[n].opened = 0
  :: else
  fi;
  s = 1;
  do
  :: s >= EPOCHS -> break
  :: else ->
     if
     :: copy[0].row > s && copy[1].row > s && copy[2].row > s -> forget_epoch(s)
     :: else
     fi;
     s++
  od;
  s = 0
}

/* As early and as long as can be: then most reads are possible, and whoever waits for its end may still see it at once. */
inline lend(n, e) {
  if
  :: has(others(e), n) ->
     epoch[e].lent = epoch[e].lent | bit(n);
     if
     :: binds_itself -> epoch[e].promised = epoch[e].promised | bit(n)
     :: else
     fi
  :: else
  fi
}

/* Nobody acts on this row any more: what was sent is refused by all. (For Spin, which then has fewer states.) */
inline forget_epoch(e) {
#ifdef NO_FENCE
  skip
#else
  epoch[e].open_sent = false;
  forget_open(e);
  epoch[e].answered = 0;
  epoch[e].entry[1] = 0;
  epoch[e].entry[2] = 0;
  epoch[e].acknowledged[1] = 0;
  epoch[e].acknowledged[2] = 0;
  epoch[e].told = 0;
  epoch[e].committer = 0;
  epoch[e].in_sync = 0;
  epoch[e].joining = 0;
  epoch[e].retired = 0
#endif
}

inline forget_open(e) {
  epoch[e].open.length = 0;
  epoch[e].open.write[1] = 0;
  epoch[e].open.epoch[1] = 0;
  epoch[e].open.write[2] = 0;
  epoch[e].open.epoch[2] = 0;
  epoch[e].open_commit = 0
}

inline forget_log(n) {
  copy[n].log.length = 0;
  copy[n].log.write[1] = 0;
  copy[n].log.epoch[1] = 0;
  copy[n].log.write[2] = 0;
  copy[n].log.epoch[2] = 0;
  copy[n].commit = 0;
  copy[n].whole_at = 0
}

/* A change of the map: from the row that the asker has, which must be the newest. Joins `joiner` unless NONE. */
inline agree(p, synced, joined, gone, joiner) {
  newest++;
  epoch[newest].primary = p;
  epoch[newest].in_sync = synced;
  epoch[newest].joining = joined;
  epoch[newest].retired = gone;
  if
  :: joiner != NONE ->
     epoch[newest].joining = epoch[newest].joining | bit(joiner);
     epoch[newest].retired = epoch[newest].retired & ~bit(joiner)
  :: else
  fi
}

/* The node that is neither a nor b. */
#define third(a, b) (3 - (a) - (b))

#define may_ask(n) (copy[n].row == newest && newest < EPOCHS)
#define row_of(n) epoch[copy[n].row]

/* ------------------------------------------------------------------------------------------------- openings */

/* n, another copy of epoch e, is brought to its primary's log: takes back what that lacks, gets what it has. */
inline take_opening(n, e) {
  shared = 0;
  if
  :: copy[n].log.length >= 1 && epoch[e].open.length >= 1 && copy[n].log.epoch[1] == epoch[e].open.epoch[1] ->
     shared = 1;
     if
     :: copy[n].log.length >= 2 && epoch[e].open.length >= 2 && copy[n].log.epoch[2] == epoch[e].open.epoch[2] ->
        shared = 2
     :: else
     fi
  :: else
  fi;
  assert(copy[n].commit <= shared);                                     /* nothing committed is taken back */
  assert(!has(epoch[e].in_sync, n) || epoch[e].open_commit <= shared);  /* an in-sync copy has no gap */
  if
  :: takes_back ->
     s = shared + 1;
     do
     :: s > WRITES -> break
     :: else ->
        if
        :: s > epoch[e].open.length -> copy[n].log.write[s] = 0; copy[n].log.epoch[s] = 0
        :: else -> /* what is committed and not held is a gap, which the filling closes */
           copy[n].log.write[s] = (s > epoch[e].open_commit -> epoch[e].open.write[s] : 0);
           copy[n].log.epoch[s] = epoch[e].open.epoch[s]
        fi;
        s++
     od;
     copy[n].log.length = epoch[e].open.length
  :: else
  fi;
  if
  :: epoch[e].open_commit > copy[n].commit -> copy[n].commit = epoch[e].open_commit
  :: else
  fi;
  copy[n].whole_at = (has(epoch[e].joining, n) -> copy[n].log.length : 0);
  copy[n].opened = e;
  epoch[e].answered = epoch[e].answered | bit(n);
  if
  :: epoch[e].answered == others(e) -> forget_open(e)
  :: else
  fi;
  s = 0;
  shared = 0
}

/* Every other copy has the primary's log: all of it is committed. What was on its way comes next, in the new epoch. */
inline finish_opening(n, e) {
  copy[n].role = ordering;
  s = copy[n].commit + 1;
  do
  :: s > copy[n].log.length -> break
  :: else -> committed(n, s, e); s++
  od;
  copy[n].commit = copy[n].log.length;
  copy[n].whole_at = 0;
  epoch[e].told = copy[n].commit;
  send_pending(n, e);
  s = 0
}

inline send_pending(n, e) {
  if
  :: copy[n].pending[1] != 0 -> epoch[e].entry[copy[n].log.length + 1] = copy[n].pending[1]
  :: else
  fi;
  if
  :: copy[n].pending[2] != 0 -> epoch[e].entry[copy[n].log.length + 2] = copy[n].pending[2]
  :: else
  fi;
  if
  :: copy[n].pending[1] == 0 -> copy[n].role = serving /* services come last */
  :: else
  fi
}

/* --------------------------------------------------------------------------------------------------- writes */

#define knows(n, w) (holds(n, w) || copy[n].pending[1] == w || copy[n].pending[2] == w)

inline submit(n, w) {
  if
  :: w > asked -> asked = w
  :: else
  fi;
  if
  :: copy[n].pending[1] == 0 -> copy[n].pending[1] = w; epoch[copy[n].row].entry[copy[n].log.length + 1] = w
  :: else -> copy[n].pending[2] = w; epoch[copy[n].row].entry[copy[n].log.length + 2] = w
  fi
}

/* All others have it: the primary, last, writes it too. */
inline commit_first(n, e) {
  append(n, copy[n].pending[1], e);
  committed(n, copy[n].log.length, e);
  copy[n].commit = copy[n].log.length;
  epoch[e].told = copy[n].commit;
  /* on two nodes */
  assert(holds((n + 1) % 3, copy[n].pending[1]) || holds((n + 2) % 3, copy[n].pending[1]));
  acknowledge(n, copy[n].pending[1]);
  copy[n].pending[1] = copy[n].pending[2];
  copy[n].pending[2] = 0;
  if
  :: copy[n].pending[1] == 0 && copy[n].role == ordering -> copy[n].role = serving
  :: else
  fi;
  s = 0
}

inline read(n) {
  assert(acknowledged_to <= copy[n].commit); /* no acknowledged write is lost, or missed by who may answer */
  assert(shown_to <= copy[n].commit);        /* what was shown is not taken back */
  assert(copy[n].commit < 1 || copy[n].log.write[1] == truth[1]);
  assert(copy[n].commit < 2 || copy[n].log.write[2] == truth[2]);
  shown_to = copy[n].commit
}

#define misses_something(n)                                                     \
  (acknowledged_to > copy[n].commit || shown_to > copy[n].commit ||             \
   (copy[n].commit >= 1 && copy[n].log.write[1] != truth[1]) ||                 \
   (copy[n].commit >= 2 && copy[n].log.write[2] != truth[2]))

/* The primary of epoch e closes the gap of the joining copy n from what it has committed. */
inline fill(n, e) {
  if
  :: copy[n].log.length >= 1 && copy[n].log.write[1] == 0 -> copy[n].log.write[1] = copy[epoch[e].primary].log.write[1]
  :: else
  fi;
  if
  :: copy[n].log.length >= 2 && copy[n].log.write[2] == 0 -> copy[n].log.write[2] = copy[epoch[e].primary].log.write[2]
  :: else
  fi;
  copy[n].whole_at = copy[n].log.length
}

inline name_in_sync(p, n) {
  /* a copy named in sync is whole */
  assert(copy[p].commit < 1 || copy[n].log.write[1] == copy[p].log.write[1]);
  assert(copy[p].commit < 2 || copy[n].log.write[2] == copy[p].log.write[2]);
  agree(p, row_of(p).in_sync | bit(n), row_of(p).joining & ~bit(n), 0, NONE)
}

inline hand_over(p, to) {
  copy[p].role = handing_over;
  row_of(p).lent = 0;
  agree(to, row_of(p).in_sync, row_of(p).joining, row_of(p).retired, NONE)
}

/* -------------------------------------------------------------------------------------------------- crashes */

/* All that is in memory is gone. The disk says who may hold a lease from here: the primaries of the row and of the
 * last opening. */
inline restart(n) {
  crashes--;
  copy[n].role = no_role;
  copy[n].pending[1] = 0;
  copy[n].pending[2] = 0;
  s = 1;
  do
  :: s > EPOCHS -> break
  :: else ->
     if
     :: epoch[s].primary == n && s <= copy[n].opened -> epoch[s].lent = 0
     :: epoch[s].primary == n && s > copy[n].opened /* its new life asks for them again */
     :: epoch[s].primary != n && remembers &&
        (epoch[s].primary == row_of(n).primary ||
         (copy[n].opened != 0 && epoch[s].primary == epoch[copy[n].opened].primary))
     :: else -> epoch[s].promised = epoch[s].promised & ~bit(n)
     fi;
     s++
  od;
  if
  :: copy[n].opened == copy[n].row && is_primary(n) -> copy[n].restarted = copy[n].row
  :: else
  fi;
  s = 0
}

/* ---------------------------------------------------------------------------------------------------- steps */

#define e_ copy[me].row
#define is_other(n, e) has(others(e), n)

proctype node(byte me; byte left; byte right) {
end:
  do
  /* the map comes in, whole: the newest there is, or one on the way to it */
  :: d_step { copy[me].row < newest -> other = copy[me].row + 1; take_row(me, other); other = 0 }
  :: d_step { copy[me].row + 1 < newest -> take_row(me, newest) }

  /* a lease that this node gave runs out; it matters only when it is waited for */
  :: d_step { bound_in(me, 1, epoch[e_].primary) -> epoch[1].lent = epoch[1].lent & ~bit(me) }
  :: d_step { bound_in(me, 2, epoch[e_].primary) -> epoch[2].lent = epoch[2].lent & ~bit(me) }
#if EPOCHS > 3
  :: d_step { bound_in(me, 3, epoch[e_].primary) -> epoch[3].lent = epoch[3].lent & ~bit(me) }
#endif
#if EPOCHS > 4
  :: d_step { bound_in(me, 4, epoch[e_].primary) -> epoch[4].lent = epoch[4].lent & ~bit(me) }
#endif

  /* the primary opens its epoch */
  :: d_step { is_primary(me) && copy[me].role == no_role && (copy[me].restarted != e_ || resumes) && !bound(me, me) ->
       copy[me].opened = e_;
       if
       :: !epoch[e_].open_sent ->
          epoch[e_].open_sent = true;
          epoch[e_].open_commit = copy[me].commit;
          epoch[e_].open.length = copy[me].log.length;
          epoch[e_].open.write[1] = copy[me].log.write[1];
          epoch[e_].open.epoch[1] = copy[me].log.epoch[1];
          epoch[e_].open.write[2] = copy[me].log.write[2];
          epoch[e_].open.epoch[2] = copy[me].log.epoch[2]
       :: else
       fi;
       copy[me].role = opening
     }
  :: d_step { epoch[e_].open_sent && is_other(me, e_) && copy[me].opened != e_ && !bound(me, epoch[e_].primary) ->
       take_opening(me, e_)
     }
  :: d_step { copy[me].role == opening && (epoch[e_].answered & others(e_)) == others(e_) -> finish_opening(me, e_) }

  /* a client sends a write, or sends it again; write 2 is first sent after write 1, as both are alike */
  :: d_step { copy[me].role == serving && two(epoch[e_].in_sync | epoch[e_].joining) && !has(acknowledged_set, 1) &&
              !knows(me, 1) -> submit(me, 1) }
  :: d_step { copy[me].role == serving && two(epoch[e_].in_sync | epoch[e_].joining) && !has(acknowledged_set, 2) &&
              asked >= 1 && !knows(me, 2) -> submit(me, 2) }
  /* one that is there already is acknowledged under a lease, as a read is */
  :: d_step { may_answer(me) && holds(me, 1) && !has(acknowledged_set, 1) -> acknowledge(me, 1); s = 0 }
  :: d_step { may_answer(me) && holds(me, 2) && !has(acknowledged_set, 2) -> acknowledge(me, 2); s = 0 }

  /* another copy takes the next entry, and acknowledges it: of its own epoch only */
#ifdef NO_FENCE /* copies take entries of any epoch: here, of the first */
  :: d_step { copy[me].log.length < WRITES && epoch[1].entry[copy[me].log.length + 1] != 0 ->
       append(me, epoch[1].entry[copy[me].log.length + 1], 1);
       epoch[1].acknowledged[copy[me].log.length] = epoch[1].acknowledged[copy[me].log.length] | bit(me)
     }
#endif
  :: d_step { is_other(me, e_) && copy[me].opened == e_ && copy[me].log.length < WRITES &&
              epoch[e_].entry[copy[me].log.length + 1] != 0 ->
       append(me, epoch[e_].entry[copy[me].log.length + 1], e_);
       epoch[e_].acknowledged[copy[me].log.length] = epoch[e_].acknowledged[copy[me].log.length] | bit(me)
     }
  /* and learns what is committed */
  :: d_step { is_other(me, e_) && copy[me].opened == e_ && epoch[e_].told > copy[me].commit &&
              copy[me].log.length > copy[me].commit ->
       copy[me].commit = (epoch[e_].told < copy[me].log.length -> epoch[e_].told : copy[me].log.length)
     }

  :: d_step { (copy[me].role == ordering || copy[me].role == serving) && copy[me].pending[1] != 0 &&
              copy[me].log.length < WRITES &&
              (epoch[e_].acknowledged[copy[me].log.length + 1] & must_have(e_)) == must_have(e_) ->
       commit_first(me, e_)
     }
  :: d_step { may_answer(me) && (copy[me].commit > shown_to || misses_something(me)) -> read(me) }

  /* a joining copy's gap is closed */
  :: d_step { has(epoch[e_].joining, me) && copy[me].opened == e_ && !whole(me) &&
              copy[epoch[e_].primary].row == e_ &&
              (copy[epoch[e_].primary].role == ordering || copy[epoch[e_].primary].role == serving) ->
       fill(me, e_)
     }
  :: d_step { may_ask(me) && is_primary(me) && (copy[me].role == ordering || copy[me].role == serving) &&
              has(epoch[e_].joining, left) && copy[left].opened == e_ && complete(left) -> name_in_sync(me, left) }
  :: d_step { may_ask(me) && is_primary(me) && (copy[me].role == ordering || copy[me].role == serving) &&
              has(epoch[e_].joining, right) && copy[right].opened == e_ && complete(right) -> name_in_sync(me, right) }

  /* an in-sync copy believes the primary dead and asks to take over; the lost copy is replaced in the same change */
  :: d_step { may_ask(me) && has(epoch[e_].in_sync, me) && !is_primary(me) ->
       other = third(me, row_of(me).primary);
       if
       :: has(row_of(me).joining, other) -> other = NONE
       :: else
       fi;
       agree(me, row_of(me).in_sync & ~bit(row_of(me).primary), row_of(me).joining,
             row_of(me).retired | bit(row_of(me).primary), other);
       other = 0
     }
  /* the primary believes another copy dead, and replaces it by the third node */
  :: d_step { may_ask(me) && is_primary(me) && copy[me].restarted != e_ && is_other(left, e_) ->
       agree(me, row_of(me).in_sync & ~bit(left), row_of(me).joining & ~bit(left), row_of(me).retired | bit(left), right)
     }
  :: d_step { may_ask(me) && is_primary(me) && copy[me].restarted != e_ && is_other(right, e_) ->
       agree(me, row_of(me).in_sync & ~bit(right), row_of(me).joining & ~bit(right), row_of(me).retired | bit(right), left)
     }
  /* a planned handover: leases are handed back first */
  :: d_step { may_ask(me) && is_primary(me) && copy[me].role == serving && copy[me].pending[1] == 0 &&
              has(epoch[e_].in_sync, left) -> hand_over(me, left) }
  :: d_step { may_ask(me) && is_primary(me) && copy[me].role == serving && copy[me].pending[1] == 0 &&
              has(epoch[e_].in_sync, right) -> hand_over(me, right) }
  /* a restarted primary hands over to another in-sync copy, or has a new epoch where there is none */
  :: d_step { may_ask(me) && is_primary(me) && copy[me].restarted == e_ && !resumes ->
       if
       :: has(row_of(me).in_sync, left) -> other = left
       :: !has(row_of(me).in_sync, left) && has(row_of(me).in_sync, right) -> other = right
       :: else -> other = me
       fi;
       agree(other, row_of(me).in_sync, row_of(me).joining, row_of(me).retired, NONE);
       other = 0
     }

  :: d_step { crashes > 0 && (copy[me].role != no_role || copy[me].opened != e_) -> restart(me) }
  od
}

/* When nothing more can happen: every write was acknowledged, unless the last epoch's primary has crashed in it. */
proctype quiet() {
  timeout ->
  assert((has(acknowledged_set, 1) && has(acknowledged_set, 2)) ||
         (newest == EPOCHS && copy[epoch[newest].primary].restarted == newest))
}

init {
  d_step {
    epoch[1].primary = 0;
    epoch[1].in_sync = bit(0) | bit(1);
    copy[0].row = 1;
    copy[1].row = 1;
    copy[2].row = 1;
    copy[0].role = no_role;
    copy[1].role = no_role;
    copy[2].role = no_role;
    epoch[1].lent = others(1);
    epoch[1].promised = others(1)
  }
  atomic {
    run node(0, 1, 2);
    run node(1, 2, 0);
    run node(2, 0, 1);
    run quiet()
  }
}
