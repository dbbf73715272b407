import { examine } from '../aliases/examine';
import { examineArchive } from '../archive/examine';
import { type Config, requirePostgres } from '../config';
import { withStores } from '../left-out';
import { askDaemon, type Reachable } from './ask';
import { daemonFindings } from './daemon-findings';
import { type Finding, ok, problem } from './finding';

/** Looks at everything that has to be right, of the pipelines asked for. Reads only; never throws for what it finds. */
export async function diagnose(config: Reachable): Promise<readonly Finding[]> {
  const findings = [ok(`Node ${process.versions.node} on ${process.platform}`)];
  findings.push(...daemonFindings(await askDaemon(config)));
  try {
    const { pipelines, leftOut } = withStores(config);
    for (const { message, hint } of leftOut) findings.push({ level: 'note', what: message, remedy: hint });
    if (pipelines.includes('aliases')) findings.push(...(await examine(config)));
    if (pipelines.includes('archive')) findings.push(...(await archiveFindings(config)));
  } catch (error) {
    findings.push(problem(error));
  }
  return findings;
}

async function archiveFindings(config: Config): Promise<readonly Finding[]> {
  try {
    return await examineArchive(config, requirePostgres(config));
  } catch (error) {
    return [problem(error)];
  }
}
