import type { Command } from 'commander';
import type { RunVerb } from './options';

/** Adds a verb to the program. */
type AddVerb = (program: Command, run: RunVerb) => void;

/** Verbs are loaded when they are called: to load everything takes longer than most verbs take to work. */
const verbs: Readonly<Record<string, () => Promise<AddVerb>>> = {
  run: async () => (await import('./run.js')).runCommand,
  reconcile: async () => (await import('./reconcile.js')).reconcileCommand,
  status: async () => (await import('./status.js')).statusCommand,
  trace: async () => (await import('./trace.js')).traceCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
  pause: async () => (await import('./pause.js')).pauseCommand,
  resume: async () => (await import('./pause.js')).resumeCommand,
  'dead-letters': async () => (await import('./dead-letters.js')).deadLettersCommand,
  retention: async () => (await import('./retention.js')).retentionCommand,
  warm: async () => (await import('./warm.js')).warmCommand,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  config: async () => (await import('./config/config.js')).configCommand,
  capture: async () => (await import('./capture.js')).captureCommand,
  psql: async () => (await import('./psql.js')).psqlCommand,
  'redis-cli': async () => (await import('./redis-cli.js')).redisCliCommand,
  'support-bundle': async () => (await import('./support-bundle.js')).supportBundleCommand,
  completion: async () => (await import('./completion.js')).completionCommand,
  demo: async () => (await import('./demo.js')).demoCommand,
};

/** @param first the first argument. @returns the verb that it names; all verbs if it names none, or one that lists them */
export async function verbsFor(first = ''): Promise<readonly AddVerb[]> {
  const named = first === 'completion' || !Object.hasOwn(verbs, first) ? undefined : verbs[first];
  return Promise.all(named === undefined ? Object.values(verbs).map((load) => load()) : [named()]);
}
