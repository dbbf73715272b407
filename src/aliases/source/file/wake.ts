import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { filter, interval, map, merge, Observable, of, switchMap, timer } from 'rxjs';

/** The poll is the guarantee: file events can be lost, and do not come at all from network file systems. */
const pollMs = 25;

/** An event may fire before the commit it announces can be read: look again shortly after. */
const recheckMs = [1, 3];

/**
 * Emits when the SQLite file (or its -wal or -journal) may have changed: file events of its folder plus a poll.
 * Never errors: a folder that cannot be watched is polled. @param mayHave asked by the poll
 */
export function databaseWake$(path: string, mayHave: () => boolean): Observable<unknown> {
  const name = basename(path);
  return merge(
    interval(pollMs).pipe(filter(mayHave)),
    folderEvents$(dirname(path)).pipe(
      filter((file) => file === null || file.startsWith(name)),
      switchMap(() => merge(of(0), ...recheckMs.map((delay) => timer(delay)))),
    ),
  ).pipe(map(() => undefined));
}

/** fs.watch as an Observable; a second after the folder was deleted or replaced, it is watched again. */
function folderEvents$(folder: string): Observable<string | null> {
  return new Observable((subscriber) => {
    let watcher: ReturnType<typeof watch> | undefined;
    let again: NodeJS.Timeout | undefined;
    const start = () => {
      try {
        watcher = watch(folder, { persistent: false }, (_event, file) => {
          subscriber.next(file);
        });
        watcher.on('error', restart);
      } catch {
        restart();
      }
    };
    const restart = () => {
      watcher?.close();
      again = setTimeout(start, 1_000).unref();
    };
    start();
    return () => {
      watcher?.close();
      clearTimeout(again);
    };
  });
}
