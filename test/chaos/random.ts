/** Choices that a seed makes: the same seed makes the same ones, in the order in which they are asked for. */
export interface Random {
  /** From 0 up to, and without, 1. */
  readonly next: () => number;
  /** A whole number from `least` to `most`, both of them possible. */
  readonly between: (least: number, most: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** Another one, whose choices depend on the seed and the name alone, and not on what was chosen before. */
  readonly named: (name: string) => Random;
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (from) => {
      const picked = from[Math.floor(next() * from.length)];
      if (picked === undefined) throw new Error('there is nothing to choose from');
      return picked;
    },
    named: (name) =>
      randomOf(Buffer.from(name).reduce((hash, byte) => Math.imul(hash ^ byte, 16777619), seed ^ 0x811c9dc5)),
  };
}
