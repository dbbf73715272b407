import { renderTable } from '../table';
import type { Comparison, Outcome } from './run';

/** As Markdown, which a terminal shows well enough: what became of each change, and below it what exactly was missed. */
export function renderComparison({ title, interval, contenders, rows }: Comparison): string {
  const names = contenders.map(({ name }) => name);
  const cells = rows.map(({ what, outcomes }) => [what, ...names.map((name) => cell(outcomes[name]))]);
  const missed = names.map(
    (name) => rows.filter(({ outcomes }) => outcomes[name]?.arrived === 'never').length,
  );
  const lines = rows.flatMap(({ what, outcomes }) =>
    names.flatMap((name) => {
      const text = detail(outcomes[name]);
      return text === undefined ? [] : [`- ${what}; ${name}: ${text}`];
    }),
  );
  return [
    `## ${title}`,
    '',
    ...contenders.map(({ name, is }) => `- ${name}: ${is}`),
    '',
    ...renderTable([['change', ...names], ...cells, [`missed, of ${rows.length}`, ...missed.map(String)]]),
    '',
    `next pass: not by itself, but with the next poll or full pass, up to ${interval} s later.`,
    ...(lines.length > 0 ? ['', ...lines] : []),
    '',
  ].join('\n');
}

function cell(outcome: Outcome | undefined): string {
  switch (outcome?.arrived) {
    case 'by itself':
      return `${outcome.ms.toFixed(outcome.ms < 10 ? 1 : 0)} ms`;
    case 'with the next pass':
      return 'next pass';
    case 'never':
      return 'MISSED';
    case 'not tried':
      return 'not tried';
    case undefined:
      return '';
  }
}

const shown = 3;

function detail(outcome: Outcome | undefined): string | undefined {
  if (outcome?.arrived === 'not tried') return outcome.why;
  if (outcome?.arrived !== 'never') return undefined;
  const { missed } = outcome;
  const more = missed.length > shown ? `, and ${missed.length - shown} more` : '';
  return missed.slice(0, shown).join(', ') + more;
}
