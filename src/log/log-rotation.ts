import { readdirSync, realpathSync, renameSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** `20260105T143000123-<pid>`: UTC, with milliseconds. */
const suffix = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})-\d+$/;

/**
 * Renames a full log file to `<name>.<time>-<pid>` and removes all but the newest `keep` of such files. They are never renamed again, so
 * that two processes that rotate at the same moment overwrite nothing, and nobody who reads them is confused.
 */
export function setAside(path: string, keep: number): void {
  const file = realpathSync(path); // a link itself is not renamed
  const folder = dirname(file);
  const prefix = `${basename(file)}.`;
  const older = namesSetAside(file);
  // Later than the last one, so that names sort by age even within a millisecond, or after the clock was put back.
  const time = Math.max(Date.now(), timeOf((older.at(-1) ?? '').slice(prefix.length)) + 1);
  const stamp = new Date(time).toISOString().replace(/[-:.Z]/g, '');
  const name = `${prefix}${stamp}-${process.pid}`;
  renameSync(file, join(folder, name));
  for (const old of [...older, name].slice(0, -keep)) unlinkSync(join(folder, old));
}

/** Names of the files set aside, the oldest first. @param file a real path */
function namesSetAside(file: string): string[] {
  const prefix = `${basename(file)}.`;
  return readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix) && suffix.test(name.slice(prefix.length)))
    .sort();
}

/** The files that were set aside so far. */
export function setAsideBefore(path: string): string[] {
  const file = realpathSync(path);
  return namesSetAside(file).map((name) => join(dirname(file), name));
}

/** The time that a suffix tells; 0 when it tells none. */
const timeOf = (text: string): number => Date.parse(text.replace(suffix, '$1-$2-$3T$4:$5:$6.$7Z')) || 0;
