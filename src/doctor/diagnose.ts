import { examine } from '../aliases/inspect/examine';
import { examineArchive } from '../archive/inspect/examine';
import { type Config, requirePostgres } from '../config/load';
import { findLeftBehind } from '../control/left-behind';
import { withStores } from '../config/left-out';
import type { LeftOut } from '../config/load';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import { askDaemon, type Reachable } from './ask';
import { daemonFindings } from './daemon-findings';
import { type Finding, ok, problem } from '../pipeline/finding';

/** Looks at everything that has to be right, of the pipelines asked for. Reads only; never throws for what it finds. */
export async function diagnose(config: Reachable): Promise<readonly Finding[]> {
  const findings = [ok(`Node ${process.versions.node} on ${process.platform}`)];
  findings.push(...daemonFindings(await askDaemon(config)));
  try {
    const { pipelines, leftOut } = withStores(config);
    for (const { message, hint } of leftOut) findings.push({ level: 'note', what: message, remedy: hint });
    findings.push(...(await leftBehindFindings(config.redis, leftOut)));
    if (pipelines.includes('aliases')) findings.push(...(await examine(config)));
    if (pipelines.includes('archive')) findings.push(...(await archiveFindings(config)));
  } catch (error) {
    findings.push(problem(error));
  }
  return findings;
}

/** Findings about pipelines that were run once and are left out now. Faults of Redis itself are found by the pipeline that is run. */
async function leftBehindFindings(
  target: RedisTarget,
  leftOut: readonly LeftOut[],
): Promise<readonly Finding[]> {
  if (leftOut.length === 0) return [];
  const redis = new RedisConnection(target, 'doctor');
  try {
    return (await findLeftBehind(redis, leftOut)).map(problem);
  } catch {
    return [];
  } finally {
    redis.close();
  }
}

async function archiveFindings(config: Config): Promise<readonly Finding[]> {
  try {
    return await examineArchive(config, requirePostgres(config));
  } catch (error) {
    return [problem(error)];
  }
}
