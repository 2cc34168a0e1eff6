// What time is it at the hub?
//
// Ages are counted by the hub's clock, so that a wrong clock here never makes anything look fresh. Both clocks of this
// browser are asked and the later believed: one stops while it sleeps, the other can be set.

export interface Clocks {
  /** Milliseconds of a clock that nobody can set. */
  steady(): number;
  /** Milliseconds of the clock on the wall. */
  wall(): number;
}

export class HubClock {
  #clocks: Clocks;
  #base: { hub: number; steady: number; wall: number; error: number };

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#base = { hub: clocks.wall(), steady: clocks.steady(), wall: clocks.wall(), error: Infinity };
  }

  /** Learns the hub's time from an answer: what it said, and when it was asked and answered by the steady clock. */
  learn(hub: number, asked: number, answered: number): void {
    const error = (answered - asked) / 2;
    const since = answered - this.#base.steady;
    // A worse answer counts once the better one is old: clocks drift by a millisecond a second at the very most.
    if (Number.isNaN(hub) || error > this.#base.error + since / 1000) return;
    this.#base = { hub: hub + error, steady: answered, wall: this.#clocks.wall(), error };
  }

  /** Milliseconds since 1970 at the hub. */
  now(): number {
    const { hub, steady, wall } = this.#base;
    return hub + Math.max(this.#clocks.steady() - steady, this.#clocks.wall() - wall);
  }

  /** How far this browser's own clock is ahead, in ms; none before the hub was heard. */
  skew(): number | undefined {
    return this.#base.error === Infinity ? undefined : this.#clocks.wall() - this.now();
  }
}
