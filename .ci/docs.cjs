/* global __dirname, console */
// `npm run docs`: makes the pages of docs/ that are made from the code. test/docs/tables.test.ts holds that they are up to date.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const head = `# Settings

<!-- Made from src/config/options.ts by \`npm run docs\`: change it there. -->

A flag beats the environment, which beats \`.env\` in the working folder ([what may stand in it](06-deployment.md#secrets)). Which verb takes which flag, its
\`--help\` says. Whatever is wrong with the settings is told at once, before anything is opened.

`;

const foot = `
A setting that holds a secret (SECRETS) may be given as \`NAME_FILE\`: a path whose content, without a newline at its end, is the value.
Credentials of systemd and secrets of Docker come that way.
`;

const isCode = /=|[a-z]:\/\/|[A-Z]_[A-Z]/;

/** What a shell would take as it stands, settings by name, values, addresses: all but the brackets and stops of the sentence around it. */
const code = (text) =>
  text.replace(/(?<![^\s])(\(?)(\S+?)([,:;]?)(?!\S)/g, (word, open, inner, stop) => {
    if (!isCode.test(inner) || inner.includes('`')) return word;
    const closes = inner.endsWith(')') && !inner.includes('(') ? ')' : '';
    return `${open}\`${inner.slice(0, inner.length - closes.length)}\`${closes}${stop}`;
  });

/** A table as prettier would write it. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (row, fill = ' ') => `| ${row.map((cell, at) => cell.padEnd(widths[at], fill)).join(' | ')} |`;
  const [titles, ...others] = rows;
  return [
    line(titles),
    line(
      titles.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row)),
    '',
  ].join('\n');
}

/** @param options the table of options @returns docs/settings.md */
function settingsPage(options) {
  const settings = Object.values(options);
  const rows = settings.map(({ env, flag, fallback, help, more }) => [
    `\`${env}\``,
    flag ? `\`${flag.split(' ')[0]}\`` : '',
    fallback ? `\`${fallback}\`` : '',
    [code(help), more].filter(Boolean).join('; ').replaceAll('|', '\\|'),
  ]);
  const secrets = settings.flatMap(({ env, secret }) => (secret ? [`\`${env}\``] : [])).join(', ');
  return head + table([['name', 'flag', 'default', 'meaning'], ...rows]) + foot.replace('SECRETS', secrets);
}

module.exports = { settingsPage };

if (require.main === module) {
  const root = join(__dirname, '..');
  const { options } = require(join(root, 'dist', 'src', 'config', 'options.js'));
  writeFileSync(join(root, 'docs', 'settings.md'), settingsPage(options));
  console.log('docs/settings.md is made');
}
