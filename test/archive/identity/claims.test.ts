import fc from 'fast-check';
import { type Claim, type Holders, settle, type Settlement } from '../../../src/archive/identity/claims';
import type { Identity } from '../../../src/archive/record/identity';
import type { ConflictStrategy } from '../../../src/mapping/strategies';

const naturals = ['a', 'b', 'c', 'd', 'e'];
const strategies = fc.constantFrom<ConflictStrategy>('skip', 'overwrite', 'merge');
const year = (created: number): string => `20${String(created).padStart(2, '0')}-01-01 00:00:00.000000`;

/** A table in which nothing contradicts itself, and records that want rows of it. */
interface Scene {
  readonly claims: readonly Claim[];
  readonly holders: Holders;
}

interface Row {
  readonly natural: string;
  /** Followed by a record of this batch, by another one, by none. */
  readonly owner: 'batch' | 'other' | 'none';
  readonly wants: string;
  readonly created: number;
}

const row: fc.Arbitrary<Omit<Row, 'natural'>> = fc.record({
  owner: fc.constantFrom('batch', 'other', 'none'),
  wants: fc.constantFrom(...naturals),
  created: fc.nat(3),
});
const stranger = fc.record({
  natural: fc.constantFrom(...naturals),
  created: fc.nat(3),
  /** Mapped before to a row that another record follows. */
  follows: fc.option(fc.nat(4), { nil: undefined }),
});

const scene: fc.Arbitrary<Scene> = fc
  .tuple(
    fc.subarray(naturals),
    fc.array(row, { minLength: 5, maxLength: 5 }),
    fc.array(stranger, { maxLength: 6 }),
  )
  .map(([taken, shapes, strangers]) => {
    const rows = taken.map((natural, at): Row => ({ natural, ...(shapes[at] ?? { owner: 'none', wants: natural, created: 0 }) })); // prettier-ignore
    const identity = (at: number, created: number): Identity => ({ id: String(at), created: year(created) });
    const owners = new Map<string, Identity>();
    const claims: Claim[] = [];
    for (const [at, { owner, wants, created }] of rows.entries()) {
      const pgId = `row ${at}`;
      if (owner !== 'none') owners.set(pgId, identity(at, created));
      if (owner === 'batch')
        claims.push({
          identity: identity(at, created),
          natural: wants,
          known: { pgId, owned: true, alive: true },
        });
    }
    for (const [at, { natural, created, follows }] of strangers.entries()) {
      const known = follows !== undefined && follows < rows.length ? { pgId: `row ${follows}`, owned: false, alive: true } : undefined; // prettier-ignore
      claims.push({ identity: identity(10 + at, created), natural, known });
    }
    return {
      claims,
      holders: {
        byKey: new Map(rows.map(({ natural }, at) => [natural, [`row ${at}`]])),
        keyOf: new Map(rows.map(({ natural }, at) => [`row ${at}`, natural])),
        owners,
      },
    };
  });

interface Outcome {
  readonly settlement: Settlement;
  /** What each row is called afterwards, and whom it follows. */
  readonly naturalOf: ReadonlyMap<string, string>;
  readonly ownerOf: ReadonlyMap<string, Identity>;
}

function play({ claims, holders }: Scene, strategy: ConflictStrategy): Outcome {
  const settlement = settle(claims, holders, strategy);
  const naturalOf = new Map(holders.keyOf);
  const ownerOf = new Map(holders.owners);
  for (const [index, decision] of settlement.decisions.entries()) {
    const claim = claims[index];
    if (claim === undefined || decision.how !== 'map' || !decision.mapping.owned) continue;
    naturalOf.set(decision.mapping.pgId, claim.natural ?? '');
    ownerOf.set(decision.mapping.pgId, claim.identity);
  }
  return { settlement, naturalOf, ownerOf };
}

const newest = (identities: readonly Identity[]): Identity | undefined =>
  [...identities].sort((a, b) => (a.created === b.created ? Number(a.id) - Number(b.id) : a.created < b.created ? -1 : 1)).at(-1); // prettier-ignore

/** The record that each name's row follows. */
const byName = ({ naturalOf, ownerOf }: Outcome): ReadonlyMap<string, string | undefined> =>
  new Map([...naturalOf].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([id, name]) => [name, ownerOf.get(id)?.id])); // prettier-ignore

/** Whether two of the batch want to rename their rows to one name: then the first of them has it, whatever the strategy. */
const isRace = ({ claims, holders }: Scene): boolean => {
  const renamed = claims.flatMap(({ known, natural }) =>
    known?.owned === true && natural !== holders.keyOf.get(known.pgId) ? [natural] : [],
  );
  return new Set(renamed).size < renamed.length;
};

test('every record gets an answer; no two share a row of their own, and no two rows a name', () => {
  fc.assert(
    fc.property(scene, strategies, (one, strategy) => {
      const { settlement, naturalOf } = play(one, strategy);
      // A hole is none: Object.keys leaves it out.
      expect(Object.keys(settlement.decisions)).toHaveLength(one.claims.length);
      const owned = settlement.decisions.flatMap((decision) =>
        decision.how === 'map' && decision.mapping.owned ? [decision.mapping.pgId] : [],
      );
      expect(new Set(owned).size).toBe(owned.length);
      expect(owned.filter((id) => id.startsWith('new ')).sort()).toEqual(Array.from({ length: settlement.fresh }, (_, at) => `new ${at}`)); // prettier-ignore
      expect(new Set(naturalOf.values()).size).toBe(naturalOf.size);
      // Whoever follows a row has its name; and what is parked waits for a row that has the name it wants.
      for (const [index, decision] of settlement.decisions.entries())
        expect(naturalOf.get(decision.how === 'map' ? decision.mapping.pgId : decision.holder)).toBe(one.claims[index]?.natural); // prettier-ignore
    }),
    { numRuns: 500 },
  );
});

test('a name goes to the newest who wants it or has it: under overwrite, and in whatever order they come', () => {
  fc.assert(
    fc.property(
      scene.chain((one) => fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.claims], { minLength: one.claims.length }))), // prettier-ignore
      ([one, shuffled]) => {
        const outcome = play(one, 'overwrite');
        const wanted = new Map<string, Identity[]>();
        for (const [index, { natural = '', identity }] of one.claims.entries())
          if (outcome.settlement.decisions[index]?.how === 'map')
            wanted.set(natural, [...(wanted.get(natural) ?? []), identity]);
        for (const [id, name] of outcome.naturalOf) {
          const had = one.holders.keyOf.get(id) === name ? one.holders.owners.get(id) : undefined;
          const mine = [...(wanted.get(name) ?? []), ...(had === undefined ? [] : [had])];
          expect(outcome.ownerOf.get(id)).toEqual(newest(mine));
        }
        if (!isRace(one))
          expect(byName(play({ ...one, claims: shuffled }, 'overwrite'))).toEqual(byName(outcome));
      },
    ),
    { numRuns: 500 },
  );
});

test('a record keeps its own row, and nobody takes it from it but a newer one under overwrite', () => {
  fc.assert(
    fc.property(scene, strategies, (one, strategy) => {
      const { settlement, ownerOf } = play(one, strategy);
      for (const [id, owner] of one.holders.owners) {
        const after = ownerOf.get(id);
        if (after?.id !== owner.id) {
          expect(strategy).toBe('overwrite');
          expect(newest([owner, ...(after === undefined ? [] : [after])])).toEqual(after);
        }
        // Of a record that is not here, or is parked, somebody has to say that it follows no more.
        const isMapped = one.claims.some(
          ({ identity }, index) => identity.id === owner.id && settlement.decisions[index]?.how === 'map',
        );
        expect(settlement.disowned.includes(id)).toBe(!isMapped && after?.id !== owner.id);
      }
    }),
    { numRuns: 500 },
  );
});

test('names are exchanged, round a ring too; whoever gives one up does so first', () => {
  const ring = fc.shuffledSubarray(naturals, { minLength: 2 });
  fc.assert(
    fc.property(ring, strategies, (names, strategy) => {
      const ids = names.map((_, at) => `row ${at}`);
      const identities = names.map((_, at): Identity => ({ id: String(at), created: year(at) }));
      const claims = identities.map((identity, at): Claim => ({
        identity,
        natural: names[(at + 1) % names.length],
        known: { pgId: ids[at] ?? '', owned: true, alive: true },
      }));
      const holders = {
        byKey: new Map(names.map((name, at) => [name, [ids[at] ?? '']])),
        keyOf: new Map(names.map((name, at) => [ids[at] ?? '', name])),
        owners: new Map(identities.map((identity, at) => [ids[at] ?? '', identity])),
      };
      const { decisions, vacated, fresh } = settle(claims, holders, strategy);
      expect(decisions).toEqual(ids.map((pgId) => ({ how: 'map', mapping: { pgId, owned: true } })));
      expect([...vacated].sort()).toEqual([...ids].sort());
      expect(fresh).toBe(0);
    }),
  );
});
