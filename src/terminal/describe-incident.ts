import { type Incident, sameMs } from '../pipeline/incidents/incident';
import { timestamp } from '../foundation/timestamp';
import { span } from './spans';

/** What happened and, of an outage, how long it lasted and until when. (When it began is for the caller to tell.) Pure. */
export function describeIncident({ at, what, outage }: Incident, now: number): string {
  if (outage === null) return what;
  const { endedAt, times, lastAppliedAt } = outage;
  const lasted =
    endedAt === null
      ? `for ${span(now - at)}, and goes on`
      : `for ${span(endedAt - at)}, until ${time(endedAt)}`;
  const often = times > 1 ? `; it came ${times} times within ${span(sameMs)} of each other` : '';
  const before = lastAppliedAt === null ? '' : `; before it, last applied at ${time(lastAppliedAt)}`;
  return `${what}, ${lasted}${often}${before}`;
}

const time = (at: number): string => timestamp(new Date(at));
