"""A whole kecamatan in one process, driven by one seed: real nodes, a real hub, a world that breaks.

A *round* is one thing that somebody does (:mod:`.actions`, :mod:`.later`, :mod:`.stick`, :mod:`.hostile`), or the next
step of something that takes several people and days (:mod:`.stories`), while time passes and disasters strike
(:mod:`.disasters`), thieves use what they have stolen (:mod:`.theft`) and sticks are rewritten on purpose
(:mod:`.forgery`). The programs are of several ages (:mod:`.skew`). Every road between the machines goes through
something that breaks: the network (:mod:`.link`), the stick, power and disk (:mod:`.crash`), which fails between two
commits and between two files. Nothing reads the machine's time or randomness
(:mod:`.ports`): a seed is all that a run depends on, and ``--twice`` holds it to that.

After every round the cheap invariants are checked, in turns the whole of a machine (:mod:`.invariants`, whose table
says where each is); at the end the faults stop, everybody meets, and what must then be true is checked
(:mod:`.healing`, :mod:`.replay`). A failure prints the end of the story, the cause and one REPRO line;
That line joins tests/seeds, where it is played for ever, but with ``--no-note``.

To add **an action**: a function ``(world) -> what it did``, drawn by ``world.dice`` alone, in ``LATER`` under a habit.
It may raise UserError (a refusal is a result) and nothing else. What a person is told is saved goes into
``node.written`` and is held against every replica.

To add **a story**: a generator over a cast of computers, one ``yield`` a round, in ``stories.STORIES``; for what chance
brings about too seldom. A seeded bug that no seed notices, although an invariant speaks of it, asks for one.

To add **a fault**: a member at the end of ``Fault``, from the next world on; it draws from dice of its own
(``plan.dice_of``), so the other families of every seed stay as they are. Ask ``world.plan.strikes(fault)`` where it
happens, or give it a place in ``disasters._ACTS``.

To add **an invariant**: a line in the table of :mod:`.invariants`; a check in ``check_step`` when it is cheap, in
``check_side`` when it needs one machine, in :mod:`.healing` when it holds only once all have met. Judge from the
bytes where that is possible, not with the code that is judged (:mod:`.effects` does). Break the product once and see
it fail.

What changes the meaning of seeds is a new *world* (``world.WORLD``): old seeds go on in the world they were found in.
"""
