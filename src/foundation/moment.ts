/**
 * A moment by the clock that nobody sets (`performance.now()`), in milliseconds since 1970 as the clock of people stands now. Ages and
 * deadlines are taken by the steady clock alone: the other one may step by hours. @param moment 0: never
 */
export const timeOf = (moment: number, now: number): number =>
  moment === 0 ? 0 : Math.round(now - (performance.now() - moment));

/** A pass' report, with the time at which it began as the clock of people has it now. @param doneAt when it was complete, steady */
export const passAt = <Report extends { readonly startedAt: number; readonly ms: number }>(
  report: Report | undefined,
  doneAt: number,
  now: number,
): Report | null => (report === undefined ? null : { ...report, startedAt: timeOf(doneAt, now) - report.ms });
