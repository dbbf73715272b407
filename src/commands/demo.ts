import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { loadConfig } from '../config/load';
import { readEnvironment } from '../config/environment';
import { readDaemonRecord } from '../control/daemon-record';
import { besideDaemon, ownScene, type Scene } from '../demo/scene';
import { show } from '../demo/show';
import type { RunVerb } from './options';
import { print } from '../terminal/print';

const say = (text: string): void => {
  print(text.split('\n'));
};

const patienceMs = 1_000;

/** `millrace demo`: both pipelines, filled, verified and watched, in the `npm start` of this folder or with servers of its own. */
export function demoCommand(program: Command, run: RunVerb): void {
  program
    .command('demo')
    .description(
      'fill sample stores, sync them, verify every row, and watch changes travel down both pipelines',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  millrace demo     beside `npm start` in this folder, else with servers of its own',
    )
    .action(() =>
      run(async (signal) => {
        const before = performance.now();
        const scene = await open();
        let showing: Promise<unknown> = Promise.resolve();
        try {
          for (const line of scene.what) say(line);
          say('');
          signal.throwIfAborted();
          const stopped = once(signal, 'abort').then((): never => {
            throw new Error('stopped');
          });
          const tell = (line: string) => {
            if (!signal.aborted) say(line);
          };
          const shown = show(scene, tell, signal);
          showing = shown.catch(() => undefined); // an error is thrown by the race below
          const good = await Promise.race([shown, stopped]);
          const seconds = ((performance.now() - before) / 1_000).toFixed(1);
          say(
            good
              ? `All is equal, and changes arrive in milliseconds. ${seconds} s.`
              : 'Not everything is equal.',
          );
          return good ? 0 : 1;
        } catch (error) {
          if (!signal.aborted) throw error;
          say('\nStopped.');
          return 1;
        } finally {
          // When it is stopped the demo first takes back what it has just written, if that does not take too long.
          await Promise.race([showing, delay(patienceMs, undefined, { ref: false })]);
          await scene.close();
        }
      }),
    );
}

async function open(): Promise<Scene> {
  // The demo reads no other setting, so that it cannot touch anybody's stores: see scene.ts.
  const { dataDir } = loadConfig({ MILLRACE_DIR: readEnvironment()['MILLRACE_DIR'] });
  const beside = besideDaemon(readDaemonRecord(dataDir), dataDir, say);
  if (beside !== undefined) return beside;
  say('Starting a real Redis and a real PostgreSQL of its own …');
  return ownScene(say);
}
