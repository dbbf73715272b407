const { flow, inside } = require('./.rooms.cjs');

/** A folder below `parent`, but not what else begins so; of '.' the files alone. */
const pathOf = (parent, room) => (room === '.' ? `^${parent}/[^/]+$` : `^${parent}/${room}/`);

function rules(parent, lines) {
  return lines.flatMap((line, at) =>
    line.flatMap((room) => {
      const forbidden = [...line.filter((other) => other !== room), ...lines.slice(at + 1).flat()];
      if (forbidden.length === 0) return [];
      return {
        name: `flow: ${parent}/${room}`,
        comment: 'It runs against the flow (.rooms.cjs): what both rooms need belongs in the earlier one.',
        severity: 'error',
        from: { path: pathOf(parent, room) },
        to: { path: forbidden.map((other) => pathOf(parent, other)) },
      };
    }),
  );
}

module.exports = {
  forbidden: [
    {
      name: 'circle',
      comment: 'Files that import each other, be it for a type: what both need belongs in a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'entry',
      comment: 'cli.ts and index.ts are where Millrace is entered: nothing imports them.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'catalogue',
      comment:
        'Who needs the kinds of record is given a catalogue: settings and the command line alone begin with our own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(config/load|commands/options)\\.ts$' },
      to: { path: '^src/mapping/ai-registry\\.ts$' },
    },
    ...rules('src', flow),
    ...Object.entries(inside).flatMap(([room, lines]) => rules(`src/${room}`, lines)),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
