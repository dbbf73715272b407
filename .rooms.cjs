/**
 * Which room of src may use which: those on the lines above its own, and nobody else's; rooms on one line know nothing of each
 * other. So data flows down, and no import runs back. docs/02-architecture.md draws the same picture, and a test compares them.
 */
const flow = [
  ['foundation'],
  ['log', 'mapping'],
  ['connections'],
  ['config', 'writer'],
  ['metrics'],
  ['pipeline'],
  ['aliases', 'archive'],
  ['control'],
  ['embedded', 'http', 'doctor', 'scaffold'],
  ['support-bundle', 'terminal', 'daemon'],
  ['library', 'demo'],
  ['commands'],
];

/** The same inside of a room that has rooms; `.` are its own files. */
const inside = {
  aliases: [['source'], ['sink'], ['pass'], ['stages'], ['.'], ['inspect']],
  archive: [
    ['record'],
    ['letters', 'stream'],
    ['batch', 'mirror', 'position'],
    ['tail', 'truth', 'schema'],
    ['identity'],
    ['write'],
    ['delete'],
    ['apply', 'pass', 'retention', 'warm'],
    ['stages'],
    ['.'],
    ['inspect'],
  ],
  embedded: [['process'], ['redis', 'postgres'], ['.']],
};

module.exports = { flow, inside };
