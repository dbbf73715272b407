import type { DaemonStatus } from '../control/daemon-status';
import { lowered } from '../pipeline/health';
import { timestamp } from '../foundation/timestamp';
import type { Finding } from '../pipeline/finding';

/** The troubles that the running daemon reports, as findings. Pure. */
export function daemonFindings(daemon: DaemonStatus | { readonly silent: string }): readonly Finding[] {
  if ('silent' in daemon) {
    return [
      {
        level: 'note',
        what: daemon.silent,
        remedy: '`millrace run` starts one; HTTP_HOST and HTTP_PORT say where it listens.',
      },
    ];
  }
  const { pid, ready, troubles, health, aliases, archive } = daemon;
  const level = health.overall.level === 'ok' ? 'ok' : 'note';
  const findings: Finding[] = ready
    ? [{ level, what: `the daemon (pid ${pid}) is ${lowered(health.overall)}` }]
    : [];
  for (const what of troubles)
    findings.push({
      level: 'problem',
      what: `the daemon (pid ${pid}): ${what}`,
      remedy: '`millrace status` tells more; so does its log.',
    });
  for (const [name, pipeline] of Object.entries({ aliases, archive })) {
    const paused = pipeline?.paused ?? null;
    if (paused === null) continue;
    findings.push({
      level: 'problem',
      what: `the pipeline ${name} is paused since ${timestamp(new Date(paused.at))} by ${paused.by}`,
      remedy: `\`millrace resume --only ${name}\` lets it go on.`,
    });
  }
  return findings;
}
