/** A Millrace that is broken on purpose, in one place: what the harness has to find, or it proves nothing. */
export interface Mutant {
  readonly name: string;
  /** File by file, from the package's root (of dist/, what the compiler has made): what is there, and what takes its place. */
  readonly changes: readonly (readonly [file: string, from: string, to: string])[];
  /** Under which it shows. */
  readonly fault: string;
  /** As what it shows. */
  readonly shows: 'lost' | 'duplicated' | 'backwards' | 'invented';
}

const victims =
  'INSERT INTO millrace_changelog (type, alias) SELECT {{type}}, {{alias}} FROM {{table}} WHERE {{conflict}} AND {{alias}} IS NOT NULL;';
const victimsOfDocuments =
  'INSERT INTO millrace_changelog (type, alias) SELECT {{type}}, {{row}} FROM {{table}} WHERE {{conflict}};';

export const mutants: readonly Mutant[] = [
  {
    name: 'no fence in apply.lua',
    changes: [['src/aliases/sink/lua/apply.lua', "if found ~= ARGV[1] then return {'moved', found} end", '']],
    fault: 'script-arrives-late',
    shows: 'backwards',
  },
  {
    name: 'no BEFORE triggers',
    changes: [
      ['triggers/victims.sql', victims, 'SELECT 1;'],
      ['triggers/document_victims.sql', victimsOfDocuments, 'SELECT 1;'],
    ],
    fault: 'calm',
    shows: 'lost',
  },
  {
    name: 'the position before the data',
    changes: [
      [
        'dist/src/archive/apply/sink.js',
        `const ids = await postgres.transaction(async (transaction) => {
                    await checkpoint.fence(transaction, entryId);`,
        `await postgres.transaction((first) => checkpoint.fence(first, entryId));
                const ids = await postgres.transaction(async (transaction) => {`,
      ],
    ],
    fault: 'kill-in-backlog',
    shows: 'lost',
  },
  {
    name: 'the stream is trimmed before the commit',
    changes: [
      [
        'dist/src/archive/stages/tail.js',
        'this.#behindSince ??= page.since;',
        `this.#behindSince ??= page.since;
                if (options.checkpoint.position) await this.#trimming.exactly({ ...options.checkpoint.position, entryId: page.position });`,
      ],
    ],
    fault: 'kill-in-backlog',
    shows: 'lost',
  },
  {
    name: 'letters outside the transaction',
    changes: [
      [
        'dist/src/archive/apply/sink.js',
        'await (0, dead_letters_1.park)(transaction, batch.letters, ids.life);',
        '',
      ],
      [
        'dist/src/archive/apply/sink.js',
        `ids.publish();
                checkpoint.moved(entryId);`,
        `await postgres.transaction((later) => (0, dead_letters_1.park)(later, batch.letters, ids.life));
                ids.publish();
                checkpoint.moved(entryId);`,
      ],
    ],
    fault: 'kill-at-letters',
    shows: 'lost',
  },
  {
    name: 'the debt of a pass in memory only',
    changes: [
      [
        'dist/src/aliases/sink/sink.js',
        "this.#stamp((0, node_crypto_1.randomBytes)(8).toString('hex'), position, found)",
        "this.#stamp(this.#confirmed?.incarnation ?? (0, node_crypto_1.randomBytes)(8).toString('hex'), position, this.#confirmed ?? found)",
      ],
    ],
    fault: 'kill-with-debt',
    shows: 'lost',
  },
  {
    name: "retention without its script's check",
    changes: [
      [
        'src/archive/retention/lua/retention-remove-records.lua',
        'if same then\n    if index',
        'if true then\n    if index',
      ],
    ],
    fault: 'retention-too-late',
    shows: 'lost',
  },
];
