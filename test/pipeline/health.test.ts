import { healthOf, type HealthFacts, overallHealth } from '../../src/pipeline/health';

const failure = { code: 'E_PG_UNREACHABLE', message: 'no connection' };
const paused = { at: 0, by: 'somebody' };
const lastPass = { startedAt: 0, ms: 5 };
const standby = { level: 'idle', says: 'Standing by' } as const;
const first = 'archive: the first full pass is not complete';

type Case = Partial<Omit<HealthFacts, 'status'>> & { readonly status?: Partial<HealthFacts['status']> };

const facts = ({ status, ...more }: Case): HealthFacts => ({
  status: { failure: null, paused: null, lastPass, lagSeconds: 0, ...status },
  troubles: [],
  parked: 0,
  parkedWord: 'parked',
  ...more,
});

test.each<[string, Case, string, string]>([
  ['all is well', {}, 'ok', 'In step'],
  ['records are parked', { parked: 3 }, 'warn', 'In step, 3 parked'],
  ['records are parked and it is behind', { parked: 1_200, status: { lagSeconds: 9 } }, 'warn', 'Catching up, 1,200 parked'],
  ['it is behind', { status: { lagSeconds: 9 } }, 'busy', 'Catching up'],
  ['how far it is behind is not known', { status: { lagSeconds: null } }, 'ok', 'In step'],
  ['a store is away', { status: { failure }, troubles: ['archive: gone'], parked: 3 }, 'bad', 'Failing, trying again'],
  ['somebody paused it', { status: { paused }, parked: 3 }, 'paused', 'Paused'],
  ['somebody paused it long ago', { status: { paused }, troubles: ['archive: paused for 2 h'] }, 'bad', 'Paused'],
  ['its first pass goes on', { status: { lastPass: null }, troubles: [first] }, 'busy', 'First full pass'],
  ['its first pass never came', { status: { lastPass: null }, troubles: [first, 'archive: no progress'] }, 'bad', 'Not in order'],
  ['something else is wrong', { troubles: ['archive: Redis may evict'], parked: 3 }, 'bad', 'Not in order'],
  ['it stands by', { otherwise: standby, status: { lastPass: null } }, 'idle', 'Standing by'],
  ['it stands by and something is wrong', { otherwise: standby, troubles: ['archive: Redis may evict'] }, 'bad', 'Not in order'],
])('health: %s', (_when, given, level, says) => {
  expect(healthOf(facts(given))).toMatchObject({ level, says });
}); // prettier-ignore

test('the whole is as bad as its worst part', () => {
  const [ok, warn] = [healthOf(facts({})), healthOf(facts({ parked: 3 }))];
  const unserved = healthOf(facts({ parked: 2, parkedWord: 'rows not served' }));
  expect(overallHealth([], [ok, ok])).toEqual({ level: 'ok', says: 'In order', parked: 0 });
  expect(overallHealth([], [unserved, warn])).toEqual({
    level: 'warn',
    says: 'In order, 2 rows not served, 3 parked',
    parked: 5,
  });
  expect(overallHealth([], [healthOf(facts({ status: { paused } })), warn])).toMatchObject({
    level: 'paused',
  });
  // A store that is away is said by both, and is one trouble.
  expect(overallHealth(['aliases: gone', 'archive: gone', 'archive: late'], [ok, ok])).toMatchObject({
    level: 'bad',
    says: '2 troubles',
  });
});
